//! The daily partition: what a schedule starts, and a durable timer.
//!
//! A schedule is the server's: it starts this workflow at its times whether or not a worker is up, and
//! skips, buffers or cancels when the last run still goes on (the overlap policy). Any client makes one:
//! `temporal schedule create`, or an SDK as `tests/temporal/schedule.rs` does.
//!
//! **Which day**: the argument's, else the date decides. The data are of one past year, so the source's
//! days are gone through in turn: the number of days since 1970 modulo the number of the source's days.
//! The date is the workflow's own time, which a replay sees again; the system's clock is not.
//!
//! **The timer** waits for late rows. It is an event on the server, so it costs no thread and no
//! memory of a worker while it runs, and it fires after any number of restarts.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use std::time::{Duration, UNIX_EPOCH};

use orchbench_etl::{Day, DayResult, Source};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{TimerResult, WorkflowContext, WorkflowResult, WorkflowTermination};

use super::steps::{StepOrder as _, Steps};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, DailyInput};

/// The workflow of one day.
#[workflow]
#[derive(Default)]
pub struct DailyWorkflow;

#[workflow_methods]
impl DailyWorkflow {
    /// Waits for late rows, then takes the day into the warehouse.
    #[run(name = "DailyWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<DailyInput>,
    ) -> WorkflowResult<DayResult> {
        let input = argument.valid().map_err(bad_input)?;
        daily(ctx, &input).await.map_err(closing)
    }
}

async fn daily(
    ctx: &WorkflowContext<DailyWorkflow>,
    input: &DailyInput,
) -> WorkflowResult<DayResult> {
    let steps = Steps::new(ctx, &input.pipeline);
    let source = steps.source().await?;
    let day = match input.day {
        Some(day) if source.days.contains(day) => day,
        Some(day) => {
            return Err(bad_input(format!(
                "day: expected a day of {} ({}), found {day}",
                source.name, source.days
            )));
        }
        None => in_turn(ctx, &source)?,
    };
    steps.describe(&day.to_string())?;

    if input.settle_ms > 0 {
        // A timer ends early when its workflow is cancelled, and says so.
        if ctx.timer(Duration::from_millis(input.settle_ms)).await == TimerResult::Cancelled {
            return Err(WorkflowTermination::cancelled());
        }
    }
    let dimensions = steps.dimensions().await?;
    steps.day(day, &dimensions).await
}

fn in_turn(ctx: &WorkflowContext<DailyWorkflow>, source: &Source) -> WorkflowResult<Day> {
    const DAY: u64 = 24 * 60 * 60;
    let days = source.partitions();
    let now = ctx.workflow_time().unwrap_or(UNIX_EPOCH);
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY;
    let turn = since_1970.checked_rem(days.len() as u64);
    turn.and_then(|turn| days.get(usize::try_from(turn).ok()?).copied())
        .ok_or_else(|| bad_input(format!("source {}: expected days, found none", source.name)))
}
