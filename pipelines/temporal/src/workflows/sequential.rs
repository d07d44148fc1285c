//! Sequential activities: one thing after the other, each taking what those before it gave.
//!
//! The simplest workflow there is: it reads like a function that calls functions. What it adds to one
//! is that it survives: each result is in the history before the next step begins, so a worker that
//! takes over after a crash goes on with the first step that has no result.
//!
//! **When a step fails** for good, the workflow fails with its error and nothing after it happens.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::{StepInputs, Summary};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowContextView, WorkflowResult};

use super::steps::{StepOrder as _, Steps};
use crate::activities::EtlActivities;
use crate::failure::{bad_input, closing};
use crate::input::{Argument, Dimensions, PipelineInput};

/// The workflow of one step after the other.
#[workflow]
#[derive(Default)]
pub struct SequentialWorkflow {
    days: u64,
}

#[workflow_methods]
impl SequentialWorkflow {
    /// Runs the pipeline for a source, day after day.
    #[run(name = "SequentialWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PipelineInput>,
    ) -> WorkflowResult<Summary> {
        // Bad arguments end the workflow here, by name, before anything has happened.
        let input = argument.valid().map_err(bad_input)?;
        one_after_the_other(ctx, &input).await.map_err(closing)
    }

    /// How many days are in the warehouse.
    #[query(name = "progress")]
    pub fn progress(&self, _ctx: &WorkflowContextView) -> u64 {
        self.days
    }
}

async fn one_after_the_other(
    ctx: &WorkflowContext<SequentialWorkflow>,
    input: &PipelineInput,
) -> WorkflowResult<Summary> {
    let steps = Steps::new(ctx, input);
    let source = steps.source().await?;
    steps.describe(&source.days.to_string())?;

    // Each .await is a place at which the worker may die and another one take over.
    let airlines = steps
        .call(
            EtlActivities::extract_airlines,
            None,
            StepInputs::ExtractAirlines,
        )
        .await?;
    let airports = steps
        .call(
            EtlActivities::extract_airports,
            None,
            StepInputs::ExtractAirports,
        )
        .await?;
    let planes = steps
        .call(
            EtlActivities::extract_planes,
            None,
            StepInputs::ExtractPlanes,
        )
        .await?;
    // What goes from step to step are references (path, digest, rows), never the data: it would not
    // fit into the history.
    let dimensions = Dimensions {
        airlines: airlines.artifact,
        airports: airports.artifact,
        planes: planes.artifact,
    };
    let mut days = Vec::new();
    for day in steps.days(&source)? {
        days.push(steps.day(day, &dimensions).await?);
        ctx.state_mut(|state| state.days += 1);
    }
    steps.finish(&source, &days).await
}
