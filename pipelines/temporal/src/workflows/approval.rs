//! Approval: a human decides whether what is loaded gets published. Signals, queries, timers, and a
//! change of the code while workflows wait.
//!
//! - **Signals** `approve` and `reject` carry who and why. The first one counts; one that comes twice,
//!   comes after the other, or cannot be read changes nothing but a counter: a signal has no answer, so
//!   it must never be able to fail the workflow. One that comes before the loads are done is kept.
//! - **Nobody answers**: after `escalate_after_ms` someone is told, after `expire_after_ms` the
//!   workflow ends with nothing published. Waiting costs nothing but its row in the server's database;
//!   worker, server and database may restart meanwhile.
//! - **Queries** `progress` and `lineage` read the state, also of a closed workflow.
//! - **Versioning**: the first version of this workflow had no escalation. Workflows that began to wait
//!   under it have a history without the marker of the patch: for them `patched` is false, and they go
//!   on along the old path, which stays here until the last of them has closed (then
//!   `deprecate_patch`). `tests/temporal/versioning.rs` does that with a worker of each version.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use std::time::Duration;

use orchbench_etl::{DayResult, Release, Source};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};

use super::lanes::in_lanes;
use super::steps::{StepOrder as _, Steps};
use super::wait::wait_at_most;
use crate::failure::{bad_input, closing};
use crate::input::{ApprovalInput, Argument, Verdict};
use crate::release;
use crate::workflows::report::{ApprovalOutcome, ApprovalProgress, DayLineage, Decision, Stage};

// user code: approval
/// The id of the patch that brought the escalation.
pub const ESCALATION: &str = "escalate-before-expiry";

/// The workflow that waits for a human.
#[workflow]
#[derive(Default)]
pub struct ApprovalWorkflow {
    progress: ApprovalProgress,
    lineage: Vec<DayLineage>,
}

#[workflow_methods]
impl ApprovalWorkflow {
    /// Loads a source, waits for the verdict, and publishes or not.
    #[run(name = "ApprovalWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<ApprovalInput>,
    ) -> WorkflowResult<ApprovalOutcome> {
        let input = argument.valid().map_err(bad_input)?;
        approval(ctx, &input).await.map_err(closing)
    }

    /// Publish it.
    #[signal(name = "approve")]
    pub fn approve(&mut self, _ctx: &mut SyncWorkflowContext<Self>, verdict: Argument<Verdict>) {
        self.progress.decide(Decision::Approved, verdict.0);
    }

    /// Don't.
    #[signal(name = "reject")]
    pub fn reject(&mut self, _ctx: &mut SyncWorkflowContext<Self>, verdict: Argument<Verdict>) {
        self.progress.decide(Decision::Rejected, verdict.0);
    }

    /// What it does, and what was decided.
    #[query(name = "progress")]
    pub fn progress(&self, _ctx: &WorkflowContextView) -> ApprovalProgress {
        self.progress.clone()
    }

    /// Which data each day's rows are made of.
    #[query(name = "lineage")]
    pub fn lineage(&self, _ctx: &WorkflowContextView) -> Vec<DayLineage> {
        self.lineage.clone()
    }
}

async fn approval(
    ctx: &WorkflowContext<ApprovalWorkflow>,
    input: &ApprovalInput,
) -> WorkflowResult<ApprovalOutcome> {
    let steps = Steps::new(ctx, &input.pipeline);
    let source = steps.source().await?;
    steps.describe(&source.days.to_string())?;
    let days = load(ctx, &steps, input, &source).await?;
    // user code: deploy
    if tells(ctx) {
        let reason = "what is loaded is to be approved".to_owned();
        steps.tell(reason).await?;
    }
    // user code: approval

    ctx.state_mut(|state| state.progress.stage = Stage::Waiting);
    verdict(ctx, &steps, input).await?;
    let (decision, verdict) = ctx.state(|state| state.progress.decision());
    let summary = match decision {
        Decision::Approved => {
            ctx.state_mut(|state| state.progress.stage = Stage::Publishing);
            Some(steps.finish(&source, &days).await?)
        }
        Decision::Rejected | Decision::Expired => None,
    };
    ctx.state_mut(|state| state.progress.stage = Stage::Done);
    Ok(ApprovalOutcome {
        decision,
        verdict,
        summary,
    })
}

// user code: deploy
/// The id of the patch that the next release brings.
const TELLS: &str = "tell-before-waiting";

/// The next release tells somebody before it waits. A workflow that began under the one before has a history
/// without that, which the guard keeps to; without the guard its replay comes to another command than the
/// history has, and the server is told of a nondeterminism.
fn tells(ctx: &WorkflowContext<ApprovalWorkflow>) -> bool {
    match release::get() {
        Release::Current => false,
        Release::Next => ctx.patched(TELLS),
        Release::NextUnguarded => true,
    }
}

// user code: approval
async fn load(
    ctx: &WorkflowContext<ApprovalWorkflow>,
    steps: &Steps<ApprovalWorkflow>,
    input: &ApprovalInput,
    source: &Source,
) -> WorkflowResult<Vec<DayResult>> {
    let dimensions = steps.dimensions().await?;
    in_lanes(
        steps.days(source)?,
        input.pipeline.concurrency,
        async |day| {
            let done = steps.day(day, &dimensions).await?;
            ctx.state_mut(|state| state.lineage.push(DayLineage::from(&done)));
            Ok(done)
        },
    )
    .await
}

/// Waits until there is a verdict, or no time left for one.
async fn verdict(
    ctx: &WorkflowContext<ApprovalWorkflow>,
    steps: &Steps<ApprovalWorkflow>,
    input: &ApprovalInput,
) -> WorkflowResult<()> {
    let escalate_after = Duration::from_millis(input.escalate_after_ms);
    let expire_after = Duration::from_millis(input.expire_after_ms);
    if !ctx.patched(ESCALATION) {
        return within(ctx, expire_after).await;
    }
    within(ctx, escalate_after).await?;
    if ctx.state(|state| state.progress.decided()) {
        return Ok(());
    }
    steps
        .tell("no verdict yet on what is loaded".to_owned())
        .await?;
    ctx.state_mut(|state| state.progress.escalated = true);
    within(ctx, expire_after.saturating_sub(escalate_after)).await
}

/// Waits until there is a verdict, but no longer than `time`.
async fn within(ctx: &WorkflowContext<ApprovalWorkflow>, time: Duration) -> WorkflowResult<()> {
    wait_at_most(ctx, time, "verdict", |state| state.progress.decided()).await
}
// end of user code
