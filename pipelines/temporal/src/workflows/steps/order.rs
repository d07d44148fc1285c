//! The order of the steps up to the warehouse, however they are called.

use orchbench_etl::{Day, DayResult, StepInputs};
use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::TemporalDeserializable;
use temporalio_sdk::WorkflowResult;
use temporalio_sdk::workflows::join;

use super::{Prepared, Steps};
use crate::activities::{EtlActivities, StepRequest};
use crate::input::Dimensions;

// user code: pipeline
/// The steps of one run in their order, for whoever calls one: by executing it, or by what is known of it.
#[expect(
    async_fn_in_trait,
    reason = "a workflow stays on the thread that it is on"
)]
pub trait StepOrder {
    /// One step.
    ///
    /// # Errors
    /// As [`Steps::call`].
    async fn step<A>(
        &self,
        activity: A,
        day: Option<Day>,
        inputs: StepInputs,
    ) -> WorkflowResult<A::Output>
    where
        A: ActivityDefinition<Input = StepRequest>,
        A::Output: TemporalDeserializable + Serialize + DeserializeOwned;

    /// What every day needs, extracted once a run, the three side by side.
    ///
    /// # Errors
    /// As [`Steps::call`].
    async fn dimensions(&self) -> WorkflowResult<Dimensions> {
        let (airlines, airports, planes) = join!(
            self.step(
                EtlActivities::extract_airlines,
                None,
                StepInputs::ExtractAirlines
            ),
            self.step(
                EtlActivities::extract_airports,
                None,
                StepInputs::ExtractAirports
            ),
            self.step(
                EtlActivities::extract_planes,
                None,
                StepInputs::ExtractPlanes
            ),
        );
        Ok(Dimensions {
            airlines: airlines?.artifact,
            airports: airports?.artifact,
            planes: planes?.artifact,
        })
    }

    /// One day up to the check: two extracts side by side, then one step after the other. Nothing
    /// outside is touched yet: what is written are artifacts under their digests.
    ///
    /// # Errors
    /// As [`Steps::call`]; `CheckFailed` when the day may not be loaded.
    async fn prepare(&self, day: Day, dimensions: &Dimensions) -> WorkflowResult<Prepared> {
        // Both are scheduled before either is waited for.
        let (flights, weather) = join!(
            self.step(
                EtlActivities::extract_flights,
                Some(day),
                StepInputs::ExtractFlights
            ),
            self.step(
                EtlActivities::extract_weather,
                Some(day),
                StepInputs::ExtractWeather
            ),
        );
        let (flights, weather) = (flights?, weather?);
        let inputs = StepInputs::Transform {
            flights: flights.artifact.clone(),
            weather: weather.artifact.clone(),
            planes: dimensions.planes.clone(),
            airports: dimensions.airports.clone(),
            airlines: dimensions.airlines.clone(),
        };
        let transformed = self
            .step(EtlActivities::transform, Some(day), inputs)
            .await?;
        let inputs = StepInputs::Check {
            flights: flights.clone(),
            transformed: transformed.clone(),
        };
        let checked = self.step(EtlActivities::check, Some(day), inputs).await?;
        Ok(Prepared {
            flights,
            weather,
            transformed,
            checked,
        })
    }

    /// One day from the datasets to the warehouse.
    ///
    /// # Errors
    /// As [`Steps::prepare`].
    async fn day(&self, day: Day, dimensions: &Dimensions) -> WorkflowResult<DayResult> {
        let prepared = self.prepare(day, dimensions).await?;
        let inputs = prepared.load();
        let loaded = self.step(EtlActivities::load, Some(day), inputs).await?;
        Ok(prepared.loaded(day, loaded))
    }
}

impl<W> StepOrder for Steps<W> {
    async fn step<A>(
        &self,
        activity: A,
        day: Option<Day>,
        inputs: StepInputs,
    ) -> WorkflowResult<A::Output>
    where
        A: ActivityDefinition<Input = StepRequest>,
        A::Output: TemporalDeserializable + Serialize + DeserializeOwned,
    {
        self.call(activity, day, inputs).await
    }
}
// end of user code
