//! Backfill: child workflows over many partitions, with bounded concurrency that can be changed while
//! it runs, and a history that begins anew before it grows too long.
//!
//! - **Bounded**: as many days at a time as the state says. The update `set_concurrency` changes that
//!   from the next day on; its validator refuses a senseless value before anything is in the history,
//!   the caller gets the reason, and the backfill goes on.
//! - **Isolated**: a partition that fails for good is listed in the result; the others go on.
//! - **Parent close policy** `Abandon`: when the backfill is terminated, the days in flight come to
//!   their end; each is whole by itself. (When it is cancelled, so are they.)
//! - **Continue-as-new** after `partitions_per_run` partitions, or when the server suggests it: each
//!   child adds some six events to this history, and the server ends a workflow at 51,200. What was
//!   done is carried over in the argument. Before that, everything in flight is waited for, handlers
//!   of updates included: nothing gets lost between two executions.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::StepName;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::join_all;
use temporalio_sdk::{
    ContinueAsNewOptions, ParentClosePolicy, SyncWorkflowContext, WorkflowContext,
    WorkflowContextView, WorkflowResult, WorkflowTermination,
};

use super::backfill_state::{BackfillState, MAX_CONCURRENCY, Partition, partitions};
use super::pipeline::{child, partition};
use super::report::{BackfillOutcome, BackfillProgress};
use super::steps::Steps;
use crate::activities::EtlActivities;
use crate::failure::{bad_input, closing, reason};
use crate::input::{Argument, BackfillInput};

/// The workflow of many partitions.
#[workflow]
pub struct BackfillWorkflow {
    argument: Argument<BackfillInput>,
    state: BackfillState,
}

#[workflow_methods]
impl BackfillWorkflow {
    /// The state is there before the first message is handled, which may come before `run` begins.
    #[init]
    pub fn new(_ctx: &WorkflowContextView, argument: Argument<BackfillInput>) -> Self {
        let state = argument
            .0
            .as_ref()
            .map(BackfillState::of)
            .unwrap_or_default();
        Self { argument, state }
    }

    /// Loads every partition, or continues as new.
    #[run(name = "BackfillWorkflow")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<BackfillOutcome> {
        let argument = ctx.state(|workflow| workflow.argument.clone());
        let input = argument.valid().map_err(bad_input)?;
        backfill(ctx, input).await.map_err(closing)
    }

    /// How far it is.
    #[query(name = "progress")]
    pub fn progress(&self, _ctx: &WorkflowContextView) -> BackfillProgress {
        self.state.progress()
    }

    /// Refuses what `set_concurrency` may not be given.
    #[update_validator(set_concurrency)]
    fn validate_concurrency(
        &self,
        _ctx: &WorkflowContextView,
        value: &Argument<usize>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        match value.0.clone()? {
            1..=MAX_CONCURRENCY => Ok(()),
            other => {
                Err(format!("concurrency: expected 1 to {MAX_CONCURRENCY}, found {other}").into())
            }
        }
    }

    /// Sets how many partitions run at a time; answers with the number before.
    #[update(name = "set_concurrency")]
    pub fn set_concurrency(
        &mut self,
        _ctx: &mut SyncWorkflowContext<Self>,
        value: Argument<usize>,
    ) -> usize {
        let before = self.state.done.concurrency;
        self.state.done.concurrency = value.0.unwrap_or(before);
        before
    }
}

type Context = WorkflowContext<BackfillWorkflow>;

async fn backfill(ctx: &Context, input: BackfillInput) -> WorkflowResult<BackfillOutcome> {
    let steps = Steps::new(ctx, &input.pipeline);
    let todo = partitions(&input, &steps.source().await?).map_err(bad_input)?;
    steps.describe(&format!("{} partitions", todo.len()))?;
    if ctx.state(|workflow| workflow.state.done.dimensions.is_none()) {
        let dimensions = steps.dimensions().await?;
        ctx.state_mut(|workflow| workflow.state.done.dimensions = Some(dimensions));
    }
    ctx.state_mut(|workflow| workflow.state.begin(&todo, input.partitions_per_run));
    // As many lanes as there may ever be; those above the concurrency wait.
    let lanes = join_all((0..MAX_CONCURRENCY).map(|number| lane(ctx, &steps, &input, number)));
    lanes.await.into_iter().collect::<Result<(), _>>()?;

    if ctx.state(|workflow| workflow.state.is_done()) {
        return Ok(BackfillOutcome::of(
            ctx.state(|workflow| workflow.state.done.clone()),
        ));
    }
    let handlers = ctx.clone();
    ctx.wait_condition(move |_| handlers.all_handlers_finished())
        .await?;
    let carried = ctx.state(|workflow| workflow.state.carried());
    let rest = BackfillInput {
        carried: Some(carried),
        ..input
    };
    match ctx.continue_as_new(rest.into(), ContinueAsNewOptions::default())? {}
}

/// Takes one partition after the other, as long as there are any and the lane is among those that may.
async fn lane(
    ctx: &Context,
    steps: &Steps<BackfillWorkflow>,
    input: &BackfillInput,
    number: usize,
) -> Result<(), WorkflowTermination> {
    loop {
        ctx.wait_condition(|workflow| workflow.state.may_go_on(number))
            .await?;
        if ctx.continue_as_new_suggested() {
            ctx.state_mut(|workflow| workflow.state.begin_no_more());
        }
        let Some(next) = ctx.state_mut(|workflow| workflow.state.take()) else {
            return Ok(());
        };
        let ended = one(ctx, steps, input, &next).await;
        if ctx.cancellation_token().is_cancelled() {
            return Err(WorkflowTermination::cancelled());
        }
        let ended = ended.map_err(|error| reason(&error));
        ctx.state_mut(|workflow| workflow.state.ended(&next, ended));
    }
}

/// One partition; gives the rows that are there, and those that were changed.
async fn one(
    ctx: &Context,
    steps: &Steps<BackfillWorkflow>,
    input: &BackfillInput,
    next: &Partition,
) -> WorkflowResult<(u64, u64)> {
    let day = match next {
        Partition::Day(day) => *day,
        Partition::Empty(number) => {
            let options = steps.policy().lookup();
            ctx.execute_local_activity(EtlActivities::noop, *number, options)
                .await?;
            return Ok((0, 0));
        }
    };
    let dimensions = ctx.state(|workflow| workflow.state.done.dimensions.clone());
    let dimensions =
        dimensions.ok_or_else(|| bad_input(format!("{} first", StepName::ExtractPlanes)))?;
    let child_input = partition(steps, &input.pipeline, day, &dimensions);
    let done = child(ctx, child_input, ParentClosePolicy::Abandon).await?;
    Ok((done.loaded.rows, done.loaded.changed))
}
