//! Waiting for a condition, but not for ever.

use std::time::Duration;

use temporalio_sdk::workflows::select;
use temporalio_sdk::{TimerOptions, WorkflowContext, WorkflowResult};

/// Waits until `condition` holds of the workflow's state, but no longer than `time`. The timer is an
/// event on the server; `summary` says there what it is for.
///
/// # Errors
/// When the workflow is cancelled meanwhile.
pub async fn wait_at_most<W>(
    ctx: &WorkflowContext<W>,
    time: Duration,
    summary: &str,
    condition: impl FnMut(&W) -> bool,
) -> WorkflowResult<()> {
    // A token of the timer's own, so that the condition takes it out of the server again.
    let timer = ctx.cancellation_token().child_token();
    let options = TimerOptions::builder(time)
        .cancellation_token(timer.clone())
        .summary(summary.to_owned())
        .build();
    select! {
        held = ctx.wait_condition(condition) => held?,
        _ = ctx.timer(options) => {}
    }
    timer.cancel();
    Ok(())
}
