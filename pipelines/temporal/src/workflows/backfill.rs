//! Backfill: child workflows over many partitions, with bounded concurrency that can be changed while
//! it runs, and a history that begins anew before it grows too long.
//!
//! - **Bounded**: as many days at a time as the state says. The update `set_concurrency` changes that
//!   from the next day on; its validator refuses a senseless value before anything is in the history,
//!   the caller gets the reason, and the backfill goes on.
//! - **Isolated**: a partition that fails for good is listed in the result; the others go on. What has
//!   not ended well the query `remaining` lists, for another execution that does only that.
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

mod lane;
mod state;

use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::join_all;
use temporalio_sdk::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use self::lane::Work;
use self::state::{BackfillState, partitions};
use super::report::{BackfillOutcome, BackfillProgress};
use super::steps::{StepOrder as _, Steps};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, BackfillInput, MAX_CONCURRENCY};

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

    /// What has not ended well, after a failure, a cancellation or a termination too: the argument's
    /// `only` of another execution that shall do that and nothing else.
    #[query(name = "remaining")]
    pub fn remaining(&self, _ctx: &WorkflowContextView) -> Vec<String> {
        self.state.remaining()
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
    let source = steps.source().await?;
    let todo = partitions(&input, &source).map_err(bad_input)?;
    let ended = ctx.state(|workflow| workflow.state.done.ended);
    if ended > todo.len() as u64 {
        let most = todo.len();
        return Err(bad_input(format!(
            "carried.ended: expected 0 to {most}, found {ended}"
        )));
    }
    steps.describe(&format!("{} partitions", todo.len()))?;
    let dimensions = match ctx.state(|workflow| workflow.state.done.dimensions.clone()) {
        Some(carried) => carried,
        None => steps.dimensions().await?,
    };
    ctx.state_mut(|workflow| workflow.state.done.dimensions = Some(dimensions.clone()));
    ctx.state_mut(|workflow| workflow.state.begin(&todo, input.partitions_per_run));
    // As many lanes as there may ever be; those above the concurrency wait.
    let work = Work {
        ctx,
        steps,
        input: &input,
        source,
        dimensions,
    };
    let lanes = join_all((0..MAX_CONCURRENCY).map(|number| work.lane(number)));
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
