//! `PartitionWorkflow`: one day, from the datasets to the warehouse.
//!
//! Two activities in parallel, then a sequence in which each activity takes what the one before it
//! gave. A check that fails ends the workflow before anything is loaded.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::{DayResult, StepInputs, StepName};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::join;
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use crate::activities::{EtlActivities, StepRequest};
use crate::failure::closing;
use crate::input::PartitionInput;
use crate::policy::Policy;

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
        input: PartitionInput,
    ) -> WorkflowResult<DayResult> {
        day(ctx, &input).await.map_err(closing)
    }
}

async fn day(
    ctx: &WorkflowContext<PartitionWorkflow>,
    input: &PartitionInput,
) -> WorkflowResult<DayResult> {
    let policy = Policy::from(input);
    let request = |inputs| StepRequest {
        run: input.run.clone(),
        source: input.source.clone(),
        partition: Some(input.day),
        inputs,
    };

    // Both are scheduled before either is waited for.
    let (flights, weather) = join!(
        ctx.execute_activity(
            EtlActivities::extract_flights,
            request(StepInputs::ExtractFlights),
            policy.step(StepName::ExtractFlights),
        ),
        ctx.execute_activity(
            EtlActivities::extract_weather,
            request(StepInputs::ExtractWeather),
            policy.step(StepName::ExtractWeather),
        ),
    );
    let (flights, weather) = (flights?, weather?);

    let transformed = ctx
        .execute_activity(
            EtlActivities::transform,
            request(StepInputs::Transform {
                flights: flights.artifact.clone(),
                weather: weather.artifact.clone(),
                planes: input.dimensions.planes.clone(),
                airports: input.dimensions.airports.clone(),
                airlines: input.dimensions.airlines.clone(),
            }),
            policy.step(StepName::Transform),
        )
        .await?;
    let checked = ctx
        .execute_activity(
            EtlActivities::check,
            request(StepInputs::Check {
                flights: flights.clone(),
                transformed: transformed.clone(),
            }),
            policy.step(StepName::Check),
        )
        .await?;
    let loaded = ctx
        .execute_activity(
            EtlActivities::load,
            request(StepInputs::Load {
                transformed: transformed.clone(),
                checked,
            }),
            policy.step(StepName::Load),
        )
        .await?;
    Ok(DayResult {
        day: input.day,
        flights,
        weather,
        transformed,
        loaded,
    })
}
