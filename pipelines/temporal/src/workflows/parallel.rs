//! Parallel activities with bounded concurrency: so many days at a time, each a sequence of
//! activities of the same workflow.
//!
//! The bound is the workflow's own: without it, 365 days would put 730 extracts at once into the task
//! queue, and whoever shares the queue would wait behind them.
//!
//! **When a day fails** for good, the first error wins: no further day is begun, the days in flight
//! come to their end (their effects would happen anyway, and nobody would know), and the workflow
//! fails with that error. Nothing is published.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::Summary;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowContextView, WorkflowResult};

use super::lanes::in_lanes;
use super::steps::{StepOrder as _, Steps};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, PipelineInput};

/// The workflow of several days at a time.
#[workflow]
#[derive(Default)]
pub struct ParallelWorkflow {
    days: u64,
}

#[workflow_methods]
impl ParallelWorkflow {
    /// Runs the pipeline for a source, `concurrency` days at a time.
    #[run(name = "ParallelWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PipelineInput>,
    ) -> WorkflowResult<Summary> {
        let input = argument.valid().map_err(bad_input)?;
        side_by_side(ctx, &input).await.map_err(closing)
    }

    /// How many days are in the warehouse.
    #[query(name = "progress")]
    pub fn progress(&self, _ctx: &WorkflowContextView) -> u64 {
        self.days
    }
}

async fn side_by_side(
    ctx: &WorkflowContext<ParallelWorkflow>,
    input: &PipelineInput,
) -> WorkflowResult<Summary> {
    let steps = Steps::new(ctx, input);
    let source = steps.source().await?;
    steps.describe(&source.days.to_string())?;
    // A fixed number of activities side by side needs no more than join!, see there.
    let dimensions = steps.dimensions().await?;
    // A number that the input decides needs lanes. The results come in the days' order, whichever
    // ended first.
    let days = in_lanes(steps.days(&source)?, input.concurrency, async |day| {
        let done = steps.day(day, &dimensions).await?;
        ctx.state_mut(|state| state.days += 1);
        Ok(done)
    })
    .await?;
    steps.finish(&source, &days).await
}
