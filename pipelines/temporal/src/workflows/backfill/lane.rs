//! One of the lanes of a backfill: a partition after the other.

use orchbench_etl::StepName;
use temporalio_sdk::{ParentClosePolicy, WorkflowResult, WorkflowTermination};

use super::super::pipeline::{child, partition};
use super::super::steps::Steps;
use super::state::Partition;
use super::{BackfillWorkflow, Context};
use crate::activities::EtlActivities;
use crate::failure::{bad_input, reason};
use crate::input::BackfillInput;

/// Takes one partition after the other, as long as there are any and the lane is among those that may.
pub(super) async fn lane(
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
