//! `DataPipelineWorkflow`: a whole run of a source, the entry point.
//!
//! Parallel activities for what is extracted once a run, one child workflow a day with bounded
//! concurrency, then publish and announce in sequence.
//!
//! **The run's id**, under which the ETL knows effects as its own, is the argument's `run`, else
//! `{workflow id}:{id of the first run in the chain}`. Attempts at an activity, a worker's death, a
//! reset and a continuation are all within one run; a workflow that is started again under the same
//! id, after it has closed, is a new run: it does its work anew and reports that nothing changed.
//!
//! **Child workflow ids** are `{workflow id}/{id of the first run}/{day}`. With the day alone, a child
//! that a terminated parent left behind would be in the way of the next run's. After a reset of the
//! parent the ids are the same again, and the children that the run before the reset has begun still
//! go on (the server leaves them alone): a day that is begun anew ends the one before it. Its steps are
//! the same run's, so what it has done stays done.
//!
//! **When a day fails** for good, no further day is begun, the days in flight come to their end, and
//! the run fails with the first failure; nothing is published. If the parent is closed from outside
//! (terminated, timed out), the server terminates its children: a day without a run is of no use.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::{Day, DayResult, Summary};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ChildWorkflowOptions, ParentClosePolicy, WorkflowContext, WorkflowIdReusePolicy, WorkflowResult,
};

use super::lanes::in_lanes;
use super::partition::PartitionWorkflow;
use super::steps::{StepOrder as _, Steps};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, Dimensions, PartitionInput, PipelineInput};

// user code: pipeline
/// The workflow of a run.
#[workflow]
#[derive(Default)]
pub struct DataPipelineWorkflow;

#[workflow_methods]
impl DataPipelineWorkflow {
    /// Runs the pipeline for the source that the argument names.
    #[run(name = "DataPipelineWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PipelineInput>,
    ) -> WorkflowResult<Summary> {
        let input = argument.valid().map_err(bad_input)?;
        pipeline(ctx, &input).await.map_err(closing)
    }
}

async fn pipeline(
    ctx: &WorkflowContext<DataPipelineWorkflow>,
    input: &PipelineInput,
) -> WorkflowResult<Summary> {
    let steps = Steps::new(ctx, input);
    let source = steps.source().await?;
    let dimensions = steps.dimensions().await?;
    let days = in_lanes(steps.days(&source)?, input.concurrency, async |day| {
        child(
            ctx,
            partition(&steps, input, day, &dimensions),
            ParentClosePolicy::Terminate,
        )
        .await
    })
    .await?;
    steps.finish(&source, &days).await
}

/// What the child workflow of a day takes.
pub(super) fn partition<W>(
    steps: &Steps<W>,
    input: &PipelineInput,
    day: Day,
    dimensions: &Dimensions,
) -> PartitionInput {
    PartitionInput {
        run: steps.run().to_owned(),
        source: input.source.clone(),
        day,
        dimensions: dimensions.clone(),
        retry: input.retry.clone(),
        heartbeat_timeout_ms: input.heartbeat_timeout_ms,
        start_to_close_ms: input.start_to_close_ms,
    }
}

/// One day, as a child workflow: a history of its own, and a line of its own in the UI.
pub(super) async fn child<W>(
    ctx: &WorkflowContext<W>,
    input: PartitionInput,
    when_parent_closes: ParentClosePolicy,
) -> WorkflowResult<DayResult> {
    let (parent, first_run) = (ctx.workflow_id(), ctx.info());
    let first_run = first_run.first_execution_run_id();
    let options = ChildWorkflowOptions::builder()
        .workflow_id(format!("{parent}/{first_run}/{}", input.day))
        .static_summary(format!("{} {}", input.source, input.day))
        .parent_close_policy(when_parent_closes)
        .id_reuse_policy(WorkflowIdReusePolicy::TerminateIfRunning)
        .build();
    let child = ctx
        .start_child_workflow(PartitionWorkflow::run, Argument::from(input), options)
        .await?;
    Ok(child.result().await?)
}
// end of user code
