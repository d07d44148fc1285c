//! Saga: load → publish → announce, each with its compensation; all of it happens, or in net effect
//! nothing.
//!
//! A transaction over a warehouse and a service does not exist. What exists is a way back for each
//! step. Three rules make it hold:
//!
//! 1. **A compensation is registered before its act.** An act that failed, timed out or was cancelled
//!    may have happened all the same, so its compensation always runs. It finds out by the act's
//!    idempotency key whether there is anything to undo, and it closes the door on an attempt that is
//!    still under way somewhere (see `orchbench_etl`'s undo log).
//! 2. **Compensations run in the reverse order**, each executed perhaps more than once, each in net
//!    effect once. What was there before comes back: the previous rows, the previous version.
//! 3. **Nothing stops them**: not the workflow's cancellation, for they have a token of their own; not
//!    an error, for they are tried until they hold. A worker's death does not count at all.
//!
//! The workflow then ends as it would have without them: failed with the act's error, or cancelled.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::{
    Day, DayResult, Published, Source, StepInputs, StepName, Summary, Undone, summarize,
};
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowContextView, WorkflowResult};

use super::lanes::in_lanes;
use super::steps::{Prepared, StepOrder as _, Steps};
use crate::activities::EtlActivities;
use crate::failure::{bad_input, closing};
use crate::input::{Argument, PipelineInput};

// user code: undoing
/// The workflow with a way back.
#[workflow]
#[derive(Default)]
pub struct SagaWorkflow {
    progress: SagaProgress,
}

/// What the query `progress` answers, after the workflow's end too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SagaProgress {
    /// The acts that have been begun, in their order: what the way back is about.
    pub begun: Vec<(StepName, Option<Day>)>,
    /// What the compensations said, in the order in which they held.
    pub undone: Vec<Undone>,
}

#[workflow_methods]
impl SagaWorkflow {
    /// Loads, publishes and announces a source, or leaves everything as it was.
    #[run(name = "SagaWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PipelineInput>,
    ) -> WorkflowResult<Summary> {
        let input = argument.valid().map_err(bad_input)?;
        let saga = Saga {
            steps: Steps::new(ctx, &input),
            ctx,
        };
        let acted = saga.forward(input.concurrency).await;
        if acted.is_err() {
            saga.back().await?;
        }
        acted.map_err(closing)
    }

    /// How far it is, there and back.
    #[query(name = "progress")]
    pub fn progress(&self, _ctx: &WorkflowContextView) -> SagaProgress {
        self.progress.clone()
    }
}

struct Saga<'a> {
    ctx: &'a WorkflowContext<SagaWorkflow>,
    steps: Steps<SagaWorkflow>,
}

impl Saga<'_> {
    async fn forward(&self, concurrency: usize) -> WorkflowResult<Summary> {
        let source = self.steps.source().await?;
        self.steps.describe(&source.days.to_string())?;
        // Up to the check nothing outside is touched: nothing to undo yet.
        let dimensions = self.steps.dimensions().await?;
        let prepared = in_lanes(self.steps.days(&source)?, concurrency, async |day| {
            Ok((day, self.steps.prepare(day, &dimensions).await?))
        })
        .await?;
        self.act(&source, prepared).await
    }

    async fn act(
        &self,
        source: &Source,
        prepared: Vec<(Day, Prepared)>,
    ) -> WorkflowResult<Summary> {
        let act = |step| self.steps.policy().act(step);
        let mut days: Vec<DayResult> = Vec::new();
        for (day, prepared) in prepared {
            self.begin(StepName::Load, Some(day));
            let inputs = prepared.load();
            let loaded = self
                .steps
                .call_with(EtlActivities::load, Some(day), inputs, act(StepName::Load))
                .await?;
            days.push(prepared.loaded(day, loaded));
        }

        self.begin(StepName::Publish, None);
        let loaded = days.iter().map(|day| day.loaded.clone()).collect();
        let inputs = StepInputs::Publish { loaded };
        let published: Published = self
            .steps
            .call_with(EtlActivities::publish, None, inputs, act(StepName::Publish))
            .await?;

        self.begin(StepName::Announce, None);
        let inputs = StepInputs::Announce {
            published: published.clone(),
        };
        let announced = self
            .steps
            .call_with(
                EtlActivities::announce,
                None,
                inputs,
                act(StepName::Announce),
            )
            .await?;
        Ok(summarize(
            self.steps.run(),
            source,
            &days,
            &published,
            &announced,
        ))
    }

    /// Registers the compensation: from here on the act may have happened.
    fn begin(&self, act: StepName, day: Option<Day>) {
        self.ctx
            .state_mut(|state| state.progress.begun.push((act, day)));
    }

    /// The way back.
    async fn back(&self) -> WorkflowResult<()> {
        let begun = self.ctx.state(|state| state.progress.begun.clone());
        for (act, day) in begun.into_iter().rev() {
            let undone = self.steps.undo(act, day).await?;
            self.ctx
                .state_mut(|state| state.progress.undone.push(undone));
        }
        Ok(())
    }
}
// end of user code
