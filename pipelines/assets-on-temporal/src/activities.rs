//! The activities: what touches the catalog and the world.
//!
//! How often a step is tried, and after what delay, its asset says: an attempt that fails tells Temporal when the next one is
//! due, or that there is none. Everything else that goes wrong with a step (the database is away, another host is at it) is
//! tried again until it is over.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use std::sync::Arc;
use std::time::Duration;

use asset_engine::{
    AssetKey, CatalogError, EngineError, LanePage, Mode, RunRequest, RunStatus, Selection, StepEnd,
    StepError, StepWorker, Stop, Submitted,
};
use orchbench_temporal::heartbeat::beating;
use serde::{Deserialize, Serialize};
use temporalio_common::RetryPolicy;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{ActivityCancellationType, ActivityOptions, ApplicationFailure};

use crate::input::{Counts, MaterializeInput};

/// The error type of whatever is wrong with a run rather than with a step; no step should name its own so.
pub(crate) const RUN_ERROR: &str = "AssetRunError";

/// A step may take as long as its asset allows; that its host died its heartbeats tell.
const STEP_START_TO_CLOSE: Duration = Duration::from_secs(24 * 3600);
const PLAN_START_TO_CLOSE: Duration = Duration::from_secs(3600);
const PLAN_HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(5);

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// How many steps it may come to.
    pub steps: u64,
    /// In how many stages.
    pub stages: u32,
    /// How it has ended, if it has.
    pub ended: Option<RunStatus>,
    /// The sources that could not be looked at, and why.
    pub problems: Vec<String>,
}

/// Which lanes are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanesRequest {
    /// Id of the run.
    pub run: String,
    /// The stage.
    pub stage: u32,
    /// From which lane of it on.
    pub after: u32,
    /// How many at most.
    pub at_most: u32,
}

/// Which step is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRequest {
    /// Id of the run.
    pub run: String,
    /// What is made; of what one attempt makes together, the first.
    pub asset: AssetKey,
    /// Of which partition.
    pub partition: Option<String>,
    /// Whether something that it reads may not have been made.
    pub after_failure: bool,
}

/// How a run is to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndRequest {
    /// Id of the run.
    pub run: String,
    /// Steps that were fresh.
    pub fresh: u64,
    /// How it ended, where that is not what its steps say.
    pub status: Option<RunStatus>,
}

/// The activities, on the catalog of a worker.
pub struct AssetActivities {
    worker: Arc<StepWorker>,
}

impl AssetActivities {
    /// Activities on the catalog and the graph of `worker`.
    #[must_use]
    pub fn new(worker: Arc<StepWorker>) -> Self {
        Self { worker }
    }

    /// Calls the worker on a thread for blocking work, with heartbeats.
    async fn call<T: Send + 'static>(
        &self,
        ctx: &ActivityContext,
        call: impl FnOnce(&StepWorker) -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, ActivityError> {
        let worker = Arc::clone(&self.worker);
        let thread = tokio::task::spawn_blocking(move || call(&worker));
        match beating(ctx, || (), thread).await? {
            Ok(result) => result.map_err(|error| {
                // Of an attempt that was overtaken nobody else hears.
                tracing::warn!(%error, activity = ctx.info().activity_type, "not done");
                run_error(&error)
            }),
            Err(error) => Err(failure(
                &format!("panicked: {error}"),
                RUN_ERROR,
                false,
                None,
            )),
        }
    }
}

#[activities]
impl AssetActivities {
    /// Takes a run in, and says what it may come to.
    #[activity(name = "plan_assets")]
    pub async fn plan_assets(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: MaterializeInput,
    ) -> Result<Planned, ActivityError> {
        let planned = move |worker: &StepWorker| {
            let request = request(worker, &input)?;
            // What has changed outside since the last look is stale from now on.
            let problems = worker.look()?.problems;
            let submission = worker.submit(request)?;
            Ok(Planned {
                problems,
                steps: submission.steps,
                stages: submission.stages,
                ended: match submission.submitted {
                    Submitted::Ended(status) => Some(status),
                    _ => None,
                },
            })
        };
        self.call(&ctx, planned).await
    }

    /// Some lanes of a stage in which there may be something to do.
    #[activity(name = "list_lanes")]
    pub async fn list_lanes(
        self: Arc<Self>,
        ctx: ActivityContext,
        asked: LanesRequest,
    ) -> Result<LanePage, ActivityError> {
        let lanes = move |worker: &StepWorker| {
            Ok(worker.lanes(&asked.run, asked.stage, asked.after, asked.at_most)?)
        };
        self.call(&ctx, lanes).await
    }

    /// Executes a step, unless there is nothing to do.
    #[activity(name = "materialize_step")]
    pub async fn materialize_step(
        self: Arc<Self>,
        ctx: ActivityContext,
        asked: StepRequest,
    ) -> Result<Counts, ActivityError> {
        let step = move |worker: &StepWorker| {
            let step = (&asked.asset, asked.partition.as_deref());
            // A step that is at work when its run is cancelled is finished and kept.
            worker.execute(&asked.run, step, asked.after_failure, &Stop::default())
        };
        match self.call(&ctx, step).await? {
            StepEnd::Retry {
                failure: why,
                after,
            } => {
                // Temporal takes no delay for "not set".
                let after = after.max(Duration::from_millis(1));
                Err(failure(&why.message, &why.error_type, false, Some(after)))
            }
            StepEnd::Ended {
                failure: Some(why), ..
            } => Err(failure(&why.message, &why.error_type, true, None)),
            StepEnd::Ended { counts, .. } => Ok(counts.into()),
            other => Err(failure(
                &format!("{other:?}: unknown"),
                RUN_ERROR,
                true,
                None,
            )),
        }
    }

    /// Ends a run; tells how it ended.
    #[activity(name = "end_assets_run")]
    pub async fn end_assets_run(
        self: Arc<Self>,
        ctx: ActivityContext,
        asked: EndRequest,
    ) -> Result<RunStatus, ActivityError> {
        let end =
            move |worker: &StepWorker| Ok(worker.end(&asked.run, asked.fresh, asked.status)?);
        self.call(&ctx, end).await
    }
}

/// The request of a run, as the engine takes it; its graph is the worker's.
fn request(worker: &StepWorker, input: &MaterializeInput) -> Result<RunRequest, EngineError> {
    let mut selection = Selection::parse(&input.selection)?;
    if let Some(partitions) = &input.partitions {
        selection = selection.with_partitions(partitions.iter().cloned());
    }
    let mode = if input.stale { Mode::Stale } else { Mode::All };
    let mut request = RunRequest::new(input.run.clone(), worker.graph())
        .selection(selection)
        .mode(mode)
        .config(input.config.clone());
    for (name, value) in &input.tags {
        request = request.tag(name, value);
    }
    Ok(if input.reopen {
        request.reopen()
    } else {
        request
    })
}

/// What is wrong with a run. Where the catalog cannot be reached, or another attempt was first, another try may help.
fn run_error(error: &StepError) -> ActivityError {
    let passes = match error {
        StepError::Engine(EngineError::Catalog(error)) => passes(error),
        StepError::Engine(EngineError::Stopped(_)) => true,
        _ => false,
    };
    failure(&error.to_string(), RUN_ERROR, !passes, None)
}

/// Whether what is wrong with a catalog may be over soon.
fn passes(error: &CatalogError) -> bool {
    matches!(
        error,
        CatalogError::Sqlite { .. }
            | CatalogError::Postgres { .. }
            | CatalogError::Io { .. }
            | CatalogError::Locked { .. }
            | CatalogError::Overtaken { .. }
    )
}

fn failure(
    message: &str,
    error_type: &str,
    non_retryable: bool,
    next: Option<Duration>,
) -> ActivityError {
    ActivityError::application(
        ApplicationFailure::builder(message.to_owned())
            .type_name(error_type.to_owned())
            .non_retryable(non_retryable)
            .maybe_next_retry_delay(next)
            .build(),
    )
}

/// Tried again until it is over, whatever it is: the activity says itself when nothing helps.
fn without_end() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_millis(200))
        .backoff_coefficient(2.0)
        .maximum_interval(Duration::from_secs(5))
        .build()
}

/// The options of what plans.
pub(crate) fn planning() -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(PLAN_START_TO_CLOSE)
        .heartbeat_timeout(PLAN_HEARTBEAT_TIMEOUT)
        .retry_policy(without_end())
        // What it has recorded by then is known when it has ended.
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .build()
}

/// The options of a step. When it is cancelled, it is waited for: what it makes counts.
pub(crate) fn step(heartbeat_timeout_ms: u64, summary: String) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(STEP_START_TO_CLOSE)
        .heartbeat_timeout(Duration::from_millis(heartbeat_timeout_ms))
        .retry_policy(without_end())
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .summary(summary)
        .build()
}
