//! The steps of one run, as a workflow calls them: the same for every pattern.
//!
//! A pattern is about the order of steps, what runs at a time, and what happens when one fails. What
//! a step is given and under which policy stands here, once.

mod order;
mod prepared;

use std::time::Duration;

use orchbench_etl::journal::check_id;
use orchbench_etl::{
    Day, DayResult, Escalated, Published, Source, StepInputs, StepName, Summary, Undone, summarize,
};
use temporalio_common::ActivityDefinition;
use temporalio_common::MemoValue;
use temporalio_common::data_converters::TemporalDeserializable;
use temporalio_sdk::{
    ActivityOptions, TimerResult, WorkflowContext, WorkflowResult, WorkflowTermination,
};

pub use self::order::StepOrder;
pub use self::prepared::Prepared;
use crate::activities::{EtlActivities, StepRequest};
use crate::failure::{bad_input, unwrapped};
use crate::input::{MAX_DAYS_PER_EXECUTION, MAX_PARTITIONS, PartitionInput, PipelineInput};
use crate::policy::Policy;

/// The steps of one run.
pub struct Steps<W> {
    ctx: WorkflowContext<W>,
    run: String,
    source: String,
    policy: Policy,
    /// How long what is published waits before it is announced.
    embargo: Duration,
}

impl<W> Steps<W> {
    /// The steps of the run that `input` describes. The run's id is the input's, else
    /// `{workflow id}:{id of the first run in the chain}`: the same over retries, the death of a
    /// worker, a reset and a continuation.
    #[must_use]
    pub fn new(ctx: &WorkflowContext<W>, input: &PipelineInput) -> Self {
        let own = || {
            format!(
                "{}:{}",
                ctx.workflow_id(),
                ctx.info().first_execution_run_id()
            )
        };
        Self {
            ctx: ctx.clone(),
            run: input.run.clone().unwrap_or_else(own),
            source: input.source.clone(),
            policy: Policy::from(input),
            embargo: Duration::from_millis(input.embargo_ms),
        }
    }

    /// The steps of one day of another workflow's run.
    #[must_use]
    pub fn of_partition(ctx: &WorkflowContext<W>, input: &PartitionInput) -> Self {
        Self {
            ctx: ctx.clone(),
            run: input.run.clone(),
            source: input.source.clone(),
            policy: Policy::from(input),
            // A day announces nothing.
            embargo: Duration::ZERO,
        }
    }

    /// The run's id.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The policy of the run.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Writes into the memo what the workflow is about: shown by the UI and by `workflow list`.
    ///
    /// # Errors
    /// When the values have no JSON form.
    pub fn describe(&self, partition: &str) -> WorkflowResult<()> {
        self.ctx.upsert_memo([
            ("source", Some(MemoValue::new(self.source.clone()))),
            ("partition", Some(MemoValue::new(partition.to_owned()))),
        ])?;
        Ok(())
    }

    /// Which days the source has. The catalogue is the worker's, perhaps a file: the workflow may not
    /// read it itself, and the answer must be in the history, as it decides what comes next.
    ///
    /// # Errors
    /// At the top of the failure, as they are the caller's mistake: `UnknownSource`; `BadInput` for one
    /// with more than [`MAX_PARTITIONS`] days, and for a run whose id is none.
    pub async fn source(&self) -> WorkflowResult<Source> {
        // Made of the workflow's id, it is as foreign as an argument; the last step would stumble over it.
        check_id("run", &self.run).map_err(|error| bad_input(error.to_string()))?;
        let source = self
            .ctx
            .execute_local_activity(
                EtlActivities::resolve_source,
                self.source.clone(),
                self.policy.lookup(),
            )
            .await
            .map_err(unwrapped)?;
        at_most(&source, MAX_PARTITIONS as usize)?;
        Ok(source)
    }

    /// The days of a source, for a workflow that does all of them in one execution.
    ///
    /// # Errors
    /// `BadInput` when they are more than a history has room for.
    pub fn days(&self, source: &Source) -> WorkflowResult<Vec<Day>> {
        at_most(source, MAX_DAYS_PER_EXECUTION)?;
        Ok(source.partitions())
    }

    /// One step, under the run's policy.
    ///
    /// # Errors
    /// The activity's failure, after as many attempts as the policy allows.
    pub async fn call<A>(
        &self,
        activity: A,
        day: Option<Day>,
        inputs: StepInputs,
    ) -> WorkflowResult<A::Output>
    where
        A: ActivityDefinition<Input = StepRequest>,
        A::Output: TemporalDeserializable,
    {
        let options = self.policy.step(inputs.step());
        self.call_with(activity, day, inputs, options).await
    }

    /// One step, under options of its own.
    ///
    /// # Errors
    /// As [`Steps::call`].
    pub async fn call_with<A>(
        &self,
        activity: A,
        day: Option<Day>,
        inputs: StepInputs,
        options: ActivityOptions,
    ) -> WorkflowResult<A::Output>
    where
        A: ActivityDefinition<Input = StepRequest>,
        A::Output: TemporalDeserializable,
    {
        let request = StepRequest {
            run: self.run.clone(),
            source: self.source.clone(),
            partition: day,
            inputs,
        };
        Ok(self
            .ctx
            .execute_activity(activity, request, options)
            .await?)
    }

    // user code: pipeline
    /// The end of a run: publish, wait while there is an embargo, then announce.
    ///
    /// # Errors
    /// As [`Steps::call`]; when the workflow is cancelled while it waits.
    pub async fn finish(&self, source: &Source, days: &[DayResult]) -> WorkflowResult<Summary> {
        let loaded = days.iter().map(|day| day.loaded.clone()).collect();
        let inputs = StepInputs::Publish { loaded };
        let published: Published = self.call(EtlActivities::publish, None, inputs).await?;
        self.embargo_over().await?;
        let inputs = StepInputs::Announce {
            published: published.clone(),
        };
        let announced = self.call(EtlActivities::announce, None, inputs).await?;
        Ok(summarize(&self.run, source, days, &published, &announced))
    }
    // end of user code

    // user code: approval, data-dependent-loop, deploy
    /// Tells somebody something, as a step.
    ///
    /// # Errors
    /// As [`Steps::call`].
    pub async fn tell(&self, reason: String) -> WorkflowResult<Escalated> {
        let inputs = StepInputs::Escalate { reason };
        self.call(EtlActivities::escalate, None, inputs).await
    }
    // end of user code

    /// Waits until the embargo is over. The timer is an event on the server: it costs a worker nothing
    /// while it runs, and fires after any number of restarts.
    pub(super) async fn embargo_over(&self) -> WorkflowResult<()> {
        if self.embargo.is_zero() {
            return Ok(());
        }
        match self.ctx.timer(self.embargo).await {
            // A timer ends early when its workflow is cancelled, and says so.
            TimerResult::Cancelled => Err(WorkflowTermination::cancelled()),
            TimerResult::Fired => Ok(()),
        }
    }

    /// Undoes one act of the run, whatever became of it.
    ///
    /// # Errors
    /// None, as far as its policy goes: it is tried until it holds. A name that is no compensation's
    /// is a mistake in the workflow, and fails it.
    pub async fn undo(&self, act: StepName, day: Option<Day>) -> WorkflowResult<Undone> {
        use EtlActivities as Acts;
        match act {
            StepName::Load => {
                self.compensate(Acts::undo_load, day, StepInputs::UndoLoad)
                    .await
            }
            StepName::Publish => {
                self.compensate(Acts::undo_publish, day, StepInputs::UndoPublish)
                    .await
            }
            StepName::Announce => {
                self.compensate(Acts::undo_announce, day, StepInputs::UndoAnnounce)
                    .await
            }
            StepName::Book => {
                self.compensate(Acts::undo_book, day, StepInputs::UndoBook)
                    .await
            }
            StepName::Charge => {
                self.compensate(Acts::undo_charge, day, StepInputs::UndoCharge)
                    .await
            }
            StepName::Reserve => {
                self.compensate(Acts::undo_reserve, day, StepInputs::UndoReserve)
                    .await
            }
            other => Err(bad_input(format!("{other} has no compensation"))),
        }
    }

    async fn compensate<A>(
        &self,
        activity: A,
        day: Option<Day>,
        inputs: StepInputs,
    ) -> WorkflowResult<Undone>
    where
        A: ActivityDefinition<Input = StepRequest, Output = Undone>,
    {
        let options = self.policy.compensation(inputs.step());
        self.call_with(activity, day, inputs, options).await
    }
}

/// Counts no further than it must: a catalogue file may say the year 9999.
fn at_most(source: &Source, most: usize) -> WorkflowResult<()> {
    if source.days.days().nth(most).is_none() {
        return Ok(());
    }
    Err(bad_input(format!(
        "source {}: expected at most {most} days, found {}",
        source.name, source.days
    )))
}
