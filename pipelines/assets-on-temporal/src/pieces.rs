//! `PiecesWorkflow`: the steps of one lane, one activity each, one after the other.
//!
//! A step that fails holds back what reads it and nothing else: those after it in the lane are told to look. The lane itself
//! then has not failed; how its steps ended is its result.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_temporal::Argument;
use orchbench_temporal::failure::{bad_input, closing};
use temporalio_common::error::IncomingError;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityExecutionError, ContinueAsNewOptions, WorkflowContext, WorkflowResult,
    WorkflowTermination,
};

use crate::activities::{AssetActivities, RUN_ERROR, StepRequest, step};
use crate::input::{Counts, PiecesInput};
use crate::materialize::short;

/// The workflow of a lane.
#[workflow]
#[derive(Default)]
pub struct PiecesWorkflow;

#[workflow_methods]
impl PiecesWorkflow {
    /// Has each step executed.
    #[run(name = "PiecesWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PiecesInput>,
    ) -> WorkflowResult<Counts> {
        let input = argument.valid().map_err(bad_input)?;
        pieces(ctx, input).await.map_err(closing)
    }
}

async fn pieces(
    ctx: &mut WorkflowContext<PiecesWorkflow>,
    input: PiecesInput,
) -> WorkflowResult<Counts> {
    let mut counts = input.counts;
    for (at, (asset, partition)) in input.lane.steps().enumerate().skip(input.done) {
        if ctx.continue_as_new_suggested() {
            let rest = PiecesInput {
                done: at,
                counts,
                ..input.clone()
            };
            match ctx.continue_as_new(rest.into(), ContinueAsNewOptions::default())? {}
        }
        let request = StepRequest {
            run: input.run.clone(),
            asset: asset.clone(),
            partition: partition.map(str::to_owned),
            after_failure: counts.hold_back(),
        };
        let summary = format!("{asset} {}", partition.unwrap_or_default());
        let options = step(input.heartbeat_timeout_ms, short(summary.trim_end()));
        let executed = ctx.execute_activity(AssetActivities::materialize_step, request, options);
        match executed.await {
            Ok(ended) => counts.add(ended),
            Err(error) if is_of_the_step(&error) => counts.failed += 1,
            Err(error) => return Err(error.into()),
        }
        if ctx.cancellation_token().is_cancelled() {
            return Err(WorkflowTermination::cancelled());
        }
    }
    Ok(counts)
}

/// Whether the step itself has failed for good, and the catalog has that.
fn is_of_the_step(error: &ActivityExecutionError) -> bool {
    matches!(error.reason(), Some(IncomingError::Application(cause))
        if cause.is_non_retryable() && cause.type_name() != Some(RUN_ERROR))
}
