//! One day, from the datasets to the warehouse: the child workflow of [`super::pipeline`] and
//! [`super::backfill`].
//!
//! Two activities in parallel, then a sequence in which each activity takes what the one before it
//! gave. A check that fails ends the workflow before anything is loaded.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::DayResult;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use super::steps::{StepOrder as _, Steps};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, PartitionInput};

// user code: pipeline
/// The child workflow of one day.
#[workflow]
#[derive(Default)]
pub struct PartitionWorkflow;

#[workflow_methods]
impl PartitionWorkflow {
    /// Extracts, transforms, checks and loads the day.
    #[run(name = "PartitionWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PartitionInput>,
    ) -> WorkflowResult<DayResult> {
        let input = argument.valid().map_err(bad_input)?;
        let steps = Steps::of_partition(ctx, &input);
        steps
            .day(input.day, &input.dimensions)
            .await
            .map_err(closing)
    }
}
// end of user code
