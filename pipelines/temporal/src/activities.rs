//! The activities: each step of the ETL under its own name, `noop`, and the lookup of a source.
//!
//! An activity adds nothing to a step but what Temporal knows of the attempt: its number, and the
//! fencing token that is made of it. What an attempt did is in the effect journal of the ETL.
//!
//! A panic in a step fails the attempt with the retryable error type `Panic` ([`crate::heartbeat`]);
//! one in the activity itself is made a retryable failure by the SDK. Neither ends the worker.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

mod build_model;
mod extract_days;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use orchbench_etl::dataset::Dataset;
use orchbench_etl::models::Built;
use orchbench_etl::process::{Answer, Order};
use orchbench_etl::{
    Announced, Checked, Day, ErrorType, Escalated, Etl, Extracted, Loaded, Published, Served,
    Source, StepCall, StepCommand, StepError, StepInputs, StepOutput, Synthetic, Transformed,
    Undone,
};
use serde::{Deserialize, Serialize};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError, ActivityInfo};

pub use self::build_model::ModelRequest;
pub use self::extract_days::{ExtractDays, ExtractedDays};
use crate::failure::{activity_error, compensation_error};
use crate::fencing;
use crate::heartbeat::{Progress, run_blocking};
use crate::interruption::stopped;
use crate::process::ask;

/// What a workflow hands to a step's activity: a [`StepCall`] without what only the attempt knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRequest {
    /// The run's id.
    pub run: String,
    /// The source's name.
    pub source: String,
    /// The day; `None` for the steps that run once a run.
    pub partition: Option<Day>,
    /// The step and its inputs.
    pub inputs: StepInputs,
}

impl StepRequest {
    /// The call of one attempt, by the activity that is named as the step is.
    fn attempt(self, info: &ActivityInfo) -> Result<StepCall, StepError> {
        let (expected, found) = (&info.activity_type, self.inputs.step());
        if found.as_str() != expected {
            return Err(StepError::new(
                ErrorType::BadInput,
                format!("activity input: expected inputs of {expected}, found inputs of {found}"),
            ));
        }
        Ok(self.call(info))
    }

    fn call(self, info: &ActivityInfo) -> StepCall {
        // The server sets the first; the others are there for activities without a server.
        let scheduled = info
            .current_attempt_scheduled_time
            .or(info.scheduled_time)
            .unwrap_or_else(SystemTime::now);
        StepCall {
            run: self.run,
            source: self.source,
            partition: self.partition,
            attempt: info.attempt,
            token: fencing::token(scheduled, info.attempt),
            inputs: self.inputs,
        }
    }
}

/// What a workflow hands to a step that pretends to work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticStep {
    /// Which of the steps, from 0.
    pub step: u32,
    /// What it pretends to do.
    pub work: Synthetic,
}

/// What a step that hands on is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handed {
    /// How many bytes it makes.
    pub bytes: u32,
    /// What the step before it made, as many; `None` of the first one.
    pub before: Option<String>,
}

/// The activities of the pipeline.
pub struct EtlActivities {
    etl: Arc<Etl>,
    /// The program of a step's process; `None` = steps are executed in this one.
    command: Option<StepCommand>,
}

impl EtlActivities {
    /// Activities that call the steps of `etl`.
    #[must_use]
    pub fn new(etl: Arc<Etl>) -> Self {
        Self { etl, command: None }
    }

    /// Executes each step in a process of its own, where there is a command for it.
    #[must_use]
    pub fn in_processes(self, command: Option<StepCommand>) -> Self {
        Self { command, ..self }
    }

    /// Calls the requested step and takes the output that it must have.
    async fn step<T: Send + 'static>(
        &self,
        ctx: &ActivityContext,
        request: StepRequest,
        output: fn(StepOutput) -> Result<T, StepError>,
    ) -> Result<T, ActivityError> {
        self.answer(ctx, request, output, activity_error).await
    }

    /// Calls the requested compensation.
    async fn undo(
        &self,
        ctx: &ActivityContext,
        request: StepRequest,
    ) -> Result<Undone, ActivityError> {
        self.answer(
            ctx,
            request,
            StepOutput::try_into_undone,
            compensation_error,
        )
        .await
    }

    async fn answer<T: Send + 'static>(
        &self,
        ctx: &ActivityContext,
        request: StepRequest,
        output: fn(StepOutput) -> Result<T, StepError>,
        failure: fn(&StepError) -> ActivityError,
    ) -> Result<T, ActivityError> {
        let call = request
            .attempt(ctx.info())
            .map_err(|error| failure(&error))?;
        let details = |rows| Progress { rows };
        match self.call(ctx, call, details, output).await? {
            Some(result) => result.map_err(|error| failure(&error)),
            None => Err(stopped(ctx, &details(0)).await),
        }
    }

    /// Executes a step; `None` when the attempt was told to stop and its process was killed.
    async fn call<T: Send + 'static, D: Serialize + Send + Sync + 'static>(
        &self,
        ctx: &ActivityContext,
        call: StepCall,
        details: impl Fn(u64) -> D,
        output: fn(StepOutput) -> Result<T, StepError>,
    ) -> Result<Option<Result<T, StepError>>, ActivityError> {
        let etl = Arc::clone(&self.etl);
        let Some(command) = &self.command else {
            let result = run_blocking(ctx, details, move |progress| {
                etl.call_with_progress(&call, progress).and_then(output)
            });
            return result.await.map(Some);
        };
        let order = Order {
            config: etl.config().clone(),
            call,
        };
        let answer = ask(ctx, command, &order, || details(0)).await?;
        Ok(answer.map(|answer| {
            answer
                .and_then(|answer: Answer| answer.into())
                .and_then(output)
        }))
    }
}

#[activities]
impl EtlActivities {
    /// The source of this name: read where the worker runs, as the catalogue may be a file of its.
    #[activity(name = "resolve_source")]
    pub async fn resolve_source(
        self: Arc<Self>,
        _ctx: ActivityContext,
        name: String,
    ) -> Result<Source, ActivityError> {
        match self.etl.sources().get(&name) {
            Ok(source) => Ok(source.clone()),
            Err(error) => Err(activity_error(&StepError::new(
                ErrorType::UnknownSource,
                error.to_string(),
            ))),
        }
    }

    // user code: refresh
    /// The versions of the inputs of a source as they are now, by name and, of the daily ones, day, such
    /// as `flights/2013-01-01`.
    #[activity(name = "input_versions")]
    pub async fn input_versions(
        self: Arc<Self>,
        ctx: ActivityContext,
        source: String,
    ) -> Result<BTreeMap<String, String>, ActivityError> {
        let etl = Arc::clone(&self.etl);
        let look = move |_: &dyn Fn(u64)| {
            let source = etl.sources().get(&source);
            let source = source
                .map_err(|error| StepError::new(ErrorType::UnknownSource, error.to_string()))?;
            let mut versions = BTreeMap::new();
            for dataset in Dataset::ALL {
                if !dataset.is_daily() {
                    versions.insert(dataset.name().to_owned(), etl.input_version(dataset)?);
                    continue;
                }
                for day in source.partitions() {
                    let name = format!("{}/{day}", dataset.name());
                    versions.insert(name, etl.day_version(dataset, day)?);
                }
            }
            Ok(versions)
        };
        let versions = run_blocking(&ctx, |rows| Progress { rows }, look).await?;
        versions.map_err(|error| activity_error(&error))
    }
    // end of user code

    /// The airlines dataset, once a run.
    #[activity(name = "extract_airlines")]
    pub async fn extract_airlines(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Extracted, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_extracted)
            .await
    }

    /// The airports dataset, once a run.
    #[activity(name = "extract_airports")]
    pub async fn extract_airports(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Extracted, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_extracted)
            .await
    }

    /// The planes dataset, once a run.
    #[activity(name = "extract_planes")]
    pub async fn extract_planes(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Extracted, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_extracted)
            .await
    }

    /// One day of flights.
    #[activity(name = "extract_flights")]
    pub async fn extract_flights(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Extracted, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_extracted)
            .await
    }

    /// One day of weather.
    #[activity(name = "extract_weather")]
    pub async fn extract_weather(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Extracted, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_extracted)
            .await
    }

    /// One day of flights, joined with the other datasets.
    #[activity(name = "transform")]
    pub async fn transform(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Transformed, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_transformed)
            .await
    }

    /// The check that blocks a day's load.
    #[activity(name = "check")]
    pub async fn check(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Checked, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_checked).await
    }

    /// One day into the warehouse.
    #[activity(name = "load")]
    pub async fn load(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Loaded, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_loaded).await
    }

    /// The marts as a new version.
    #[activity(name = "publish")]
    pub async fn publish(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Published, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_published)
            .await
    }

    /// The published version, posted to the catalogue service.
    #[activity(name = "announce")]
    pub async fn announce(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Announced, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_announced)
            .await
    }

    /// Undoes one day's load.
    #[activity(name = "undo_load")]
    pub async fn undo_load(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Undone, ActivityError> {
        self.undo(&ctx, request).await
    }

    /// Undoes the publication.
    #[activity(name = "undo_publish")]
    pub async fn undo_publish(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Undone, ActivityError> {
        self.undo(&ctx, request).await
    }

    /// Undoes the announcement.
    #[activity(name = "undo_announce")]
    pub async fn undo_announce(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Undone, ActivityError> {
        self.undo(&ctx, request).await
    }

    /// A call for someone to look.
    #[activity(name = "escalate")]
    pub async fn escalate(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Escalated, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_escalated)
            .await
    }

    /// Goods, at the inventory service.
    #[activity(name = "reserve")]
    pub async fn reserve(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Served, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_served).await
    }

    /// A price, at the payment service.
    #[activity(name = "charge")]
    pub async fn charge(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Served, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_served).await
    }

    /// A parcel, at the shipping service.
    #[activity(name = "book")]
    pub async fn book(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Served, ActivityError> {
        self.step(&ctx, request, StepOutput::try_into_served).await
    }

    /// Undoes an order's `book`.
    #[activity(name = "undo_book")]
    pub async fn undo_book(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Undone, ActivityError> {
        self.undo(&ctx, request).await
    }

    /// Undoes an order's `charge`.
    #[activity(name = "undo_charge")]
    pub async fn undo_charge(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Undone, ActivityError> {
        self.undo(&ctx, request).await
    }

    /// Undoes an order's `reserve`.
    #[activity(name = "undo_reserve")]
    pub async fn undo_reserve(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: StepRequest,
    ) -> Result<Undone, ActivityError> {
        self.undo(&ctx, request).await
    }

    /// Many days of flights in one activity: each heartbeat carries the days that are done, so that
    /// the next attempt, on whichever worker, begins with the first day that is not. Told to stop
    /// (cancelled, paused, reset), it does so before the next day.
    #[activity(name = "extract_days")]
    pub async fn extract_days(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: ExtractDays,
    ) -> Result<ExtractedDays, ActivityError> {
        self.extract_each(&ctx, request).await
    }

    /// A model of a dbt project, with its tests, in a process of dbt.
    #[activity(name = "build_model")]
    pub async fn build_model(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: ModelRequest,
    ) -> Result<Built, ActivityError> {
        build_model::built(&ctx, &request).await
    }

    /// Nothing: the step of `NoopWorkflow`, whose cost is the engine's overhead alone, and that of a
    /// process where each step has one.
    #[activity(name = "noop")]
    pub async fn noop(
        self: Arc<Self>,
        ctx: ActivityContext,
        step: u32,
    ) -> Result<u32, ActivityError> {
        if let Some(command) = &self.command {
            match ask(&ctx, &command.clone().noop(), &(), || ()).await? {
                Some(Ok(())) => {}
                Some(Err(error)) => return Err(activity_error(&error)),
                None => return Err(stopped(&ctx, &()).await),
            }
        }
        Ok(step)
    }

    /// Makes so many bytes that are its result, if it was given as many.
    #[activity(name = "hand_on")]
    pub async fn hand_on(
        self: Arc<Self>,
        _ctx: ActivityContext,
        handed: Handed,
    ) -> Result<String, ActivityError> {
        let bytes = handed.bytes as usize;
        let given = handed.before.map_or(bytes, |before| before.len());
        if given != bytes {
            let message = format!("handed on: expected {bytes} bytes, found {given}");
            return Err(activity_error(&StepError::new(
                ErrorType::BadInput,
                message,
            )));
        }
        Ok("x".repeat(bytes))
    }

    /// Takes its time, and fails as planned.
    #[activity(name = "synthetic")]
    pub async fn synthetic(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: SyntheticStep,
    ) -> Result<u32, ActivityError> {
        let SyntheticStep { step, work } = request;
        let attempt = ctx.info().attempt;
        let details = |rows| Progress { rows };
        run_blocking(&ctx, details, move |_| work.attempt(step, attempt))
            .await?
            .map_err(|error| activity_error(&error))?;
        Ok(step)
    }
}
