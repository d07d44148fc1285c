//! A loop whose end depends on a result, and a branch: loads day after day until so many rows are in the
//! warehouse; when the days run out before, it calls for somebody.
//!
//! How many steps there will be nobody knows when it starts. It is plain code: what a step gave is in
//! the history, so a worker that takes over decides as the one before it did.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::Day;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use super::steps::{StepOrder as _, Steps};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, EnoughInput};

// user code: data-dependent-loop
/// The workflow that loads until it has enough.
#[workflow]
#[derive(Default)]
pub struct EnoughWorkflow;

#[workflow_methods]
impl EnoughWorkflow {
    /// Loads until there are enough rows. The days that it took; all of the source's may be too few.
    #[run(name = "EnoughWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<EnoughInput>,
    ) -> WorkflowResult<Vec<Day>> {
        let input = argument.valid().map_err(bad_input)?;
        until_enough(ctx, &input).await.map_err(closing)
    }
}

async fn until_enough(
    ctx: &WorkflowContext<EnoughWorkflow>,
    input: &EnoughInput,
) -> WorkflowResult<Vec<Day>> {
    let steps = Steps::new(ctx, &input.pipeline);
    let source = steps.source().await?;
    let dimensions = steps.dimensions().await?;
    let (mut days, mut rows) = (Vec::new(), 0);
    for day in steps.days(&source)? {
        let done = steps.day(day, &dimensions).await?;
        rows += done.loaded.rows;
        days.push(day);
        if rows >= input.rows {
            return Ok(days);
        }
    }
    let reason = format!("expected {} rows, found {rows}", input.rows);
    steps.tell(reason).await?;
    Ok(days)
}
// end of user code
