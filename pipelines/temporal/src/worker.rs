//! The worker: a process (or thread) that polls the task queue and runs workflows and activities.
//!
//! The SDK's worker is not `Send`, as workflow code is not: [`run_worker`] must be awaited where it
//! was made, not spawned. [`run_blocking`] brings a runtime of its own and is all that a process needs.

mod metrics;
mod ready;
mod settings;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use orchbench_etl::{Etl, StepCommand};
use serde::{Deserialize, Serialize};
use temporalio_client::tonic::Code;
use temporalio_client::{Client as SdkClient, NamespacedClient};
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::{Runtime, Worker, WorkerRunError, WorkerValidationError};
use tokio::time::timeout;

use self::metrics::Metrics;
use self::ready::seen_polling;
pub use self::settings::{SettingsName, WorkerSettings};
use crate::activities::EtlActivities;
use crate::connection::{ConnectError, Target, connect};
use crate::deployment;
use crate::release;
use crate::workflows::{
    ApprovalWorkflow, BackfillWorkflow, DailyWorkflow, DataPipelineWorkflow, EnoughWorkflow,
    ExtractWorkflow, ModelsWorkflow, NoopWorkflow, OrderWorkflow, ParallelWorkflow,
    PartitionWorkflow, RefreshWorkflow, ReminderWorkflow, SagaWorkflow, SequentialWorkflow,
};
/// The workflows and activities of a worker, as the SDK registers them on a task queue.
pub use temporalio_sdk::WorkerOptions as Registered;

/// After the graceful shutdown period: time for the last completions to reach the server.
const DRAIN_MARGIN: Duration = Duration::from_secs(2);

/// Which server and queue a worker serves, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerOptions {
    /// The server and the namespace.
    pub server: Target,
    /// The task queue.
    pub task_queue: String,
    /// The name under which the server knows the worker; it must be its alone.
    pub identity: String,
    /// The named set of settings to begin with.
    pub settings: SettingsName,
    /// A sticky timeout other than the settings'.
    #[serde(default)]
    pub sticky_timeout_ms: Option<u64>,
    /// How many activities it works on at a time, other than the settings' number.
    #[serde(default)]
    pub activity_slots: Option<usize>,
    /// How long to wait for the server, and for it to see the worker.
    pub connect_timeout_ms: u64,
    /// How long activities may go on when the worker is told to stop.
    pub drain_ms: u64,
    /// Where to serve Prometheus metrics, such as `127.0.0.1:9464` (port 0 takes a free one); `None`
    /// for none.
    #[serde(default)]
    pub metrics: Option<SocketAddr>,
    /// The program of a step's process; `None` = steps are executed in the worker's own.
    #[serde(default)]
    pub step_command: Option<StepCommand>,
    /// The build that the worker is of, such as `2026-11-28`: workflows that begin under it stay with its workers,
    /// and none begin before [`crate::Client::make_current`]. `None` for a worker that takes any.
    #[serde(default)]
    pub build_id: Option<String>,
}

impl WorkerOptions {
    /// The server at `address` in the clear, the namespace `default`, the queue
    /// [`crate::TASK_QUEUE`], an identity from the process's id, default settings, 10 s to connect and
    /// 10 s to drain, no metrics, steps in the worker's process, of no build.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            server: Target::plain(address, "default"),
            task_queue: crate::TASK_QUEUE.to_owned(),
            identity: format!("orchbench-{}", std::process::id()),
            settings: SettingsName::Default,
            sticky_timeout_ms: None,
            activity_slots: None,
            connect_timeout_ms: 10_000,
            drain_ms: 10_000,
            metrics: None,
            step_command: None,
            build_id: None,
        }
    }

    /// Every setting, as it will be used.
    #[must_use]
    pub fn settings(&self) -> WorkerSettings {
        let mut settings = WorkerSettings::of(self.settings);
        settings.drain_ms = self.drain_ms;
        settings.metrics = self.metrics;
        if let Some(sticky_timeout_ms) = self.sticky_timeout_ms {
            settings.sticky_timeout_ms = sticky_timeout_ms;
        }
        if let Some(activity_slots) = self.activity_slots {
            settings.activity_slots = activity_slots;
        }
        settings
    }

    /// The error of a worker that the SDK does not make, with what it says.
    #[must_use]
    pub fn not_created(&self, reason: String) -> WorkerError {
        WorkerError::Create {
            task_queue: self.task_queue.clone(),
            reason,
        }
    }
}

/// Why a worker did not run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The metrics cannot be served.
    #[error("temporal worker: metrics at {address}: {reason}")]
    Metrics {
        /// Where they were to be served.
        address: SocketAddr,
        /// Why not: the address is in use, or not of this machine.
        reason: String,
    },
    /// The worker could not be made.
    #[error("temporal worker on {task_queue}: {reason}")]
    Create {
        /// The task queue.
        task_queue: String,
        /// What the SDK says.
        reason: String,
    },
    /// The server has no such namespace.
    #[error("namespace {namespace}: not found on the Temporal server")]
    NoNamespace {
        /// The namespace.
        namespace: String,
    },
    /// The worker stopped by itself.
    #[error("temporal worker on {task_queue} in namespace {namespace}: {reason}")]
    Run {
        /// The task queue.
        task_queue: String,
        /// The namespace.
        namespace: String,
        /// What the SDK says.
        reason: String,
    },
    /// The server has not seen the worker poll.
    #[error("temporal worker {identity}: not seen on {task_queue} within {waited_ms} ms")]
    NotReady {
        /// The worker's identity.
        identity: String,
        /// The task queue.
        task_queue: String,
        /// How long was waited.
        waited_ms: u64,
    },
    /// Activities went on for longer than the drain may take. The server will give their tasks to
    /// another worker when their timeouts have passed.
    #[error(
        "temporal worker on {task_queue}: activities still running {waited_ms} ms after the order to stop"
    )]
    Drain {
        /// The task queue.
        task_queue: String,
        /// How long was waited.
        waited_ms: u64,
    },
    /// No runtime.
    #[error("temporal worker: no runtime: {0}")]
    Runtime(String),
}

/// Runs a worker until `shutdown` completes, then lets what is running come to its end.
///
/// `on_ready` is called once, when the server has seen the worker poll for workflow tasks and for
/// activity tasks. When told to stop, the worker polls no more; activities may finish within the
/// drain period, and their results are reported.
///
/// What a drain cannot help: the SDK hangs up its open polls at once, and a task that the server hands
/// over in that moment begins nowhere. The server gives it again when its timeout has passed: an
/// activity's heartbeat timeout, 10 s for a workflow task. Servers from 1.31 on can end the polls
/// themselves (`frontend.enableCancelWorkerPollsOnShutdown`, off by default), which the SDK then waits
/// for.
///
/// # Errors
/// See [`WorkerError`]; the server's absence, a missing namespace and an overlong drain among them.
pub async fn run_worker(
    options: WorkerOptions,
    etl: Arc<Etl>,
    on_ready: impl FnOnce(&WorkerSettings),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    release::set(etl.config().release);
    let pipelines = pipelines(&options, etl)?;
    host(options, pipelines, on_ready, shutdown).await
}

/// [`run_worker`] of other workflows and activities: those that are registered in `worker`, which gets the settings and the
/// build of `options`.
///
/// # Errors
/// As [`run_worker`].
pub async fn host(
    options: WorkerOptions,
    worker: Registered,
    on_ready: impl FnOnce(&WorkerSettings),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    let mut settings = options.settings();
    let patience = Duration::from_millis(options.connect_timeout_ms);
    let client = connect(&options.server, &options.identity, patience).await?;
    let metrics = options.metrics.map(Metrics::serve).transpose()?;
    settings.metrics = metrics.as_ref().map(Metrics::address);
    let runtime = match &metrics {
        Some(metrics) => metrics.runtime()?,
        None => RuntimeOptions::default(),
    };
    let mut worker = create(&options, &settings, runtime, client.clone(), worker)?;
    let stop = worker.shutdown_handle();
    let run = worker.run();
    tokio::pin!(run, shutdown);
    let ended = |result: Result<(), WorkerRunError>| {
        result.map_err(|error| run_error(&error, &options, client.namespace()))
    };

    let ready = seen_polling(&client, &options, patience);
    tokio::select! {
        result = &mut run => return ended(result),
        ready = ready => ready?,
        () = &mut shutdown => return drain(stop, run, &settings, &options).await.and_then(ended),
    }
    on_ready(&settings);
    tokio::select! {
        result = &mut run => return ended(result),
        () = &mut shutdown => {}
    }
    drain(stop, run, &settings, &options).await.and_then(ended)
}

/// [`run_worker`] with a runtime of its own; returns when the worker has ended.
///
/// # Errors
/// As [`run_worker`].
pub fn run_blocking(
    options: WorkerOptions,
    etl: Arc<Etl>,
    on_ready: impl FnOnce(&WorkerSettings),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    // The connections of a warehouse on PostgreSQL must not be closed inside the runtime.
    let held = Arc::clone(&etl);
    let result = block_on(run_worker(options, etl, on_ready, shutdown));
    drop(held);
    result
}

/// [`host`] with a runtime of its own; returns when the worker has ended.
///
/// # Errors
/// As [`run_worker`].
pub fn host_blocking(
    options: WorkerOptions,
    worker: Registered,
    on_ready: impl FnOnce(&WorkerSettings),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    block_on(host(options, worker, on_ready, shutdown))
}

fn block_on(worker: impl Future<Output = Result<(), WorkerError>>) -> Result<(), WorkerError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| WorkerError::Runtime(error.to_string()))?;
    let result = runtime.block_on(worker);
    // Dropping the runtime would wait without bound for a step that outlasted the drain.
    runtime.shutdown_background();
    result
}

/// The workflows and the activities of the pipelines.
fn pipelines(options: &WorkerOptions, etl: Arc<Etl>) -> Result<Registered, WorkerError> {
    let workflows = Registered::new(options.task_queue.as_str())
        .register_workflow::<DataPipelineWorkflow>()
        .and_then(|worker| worker.register_workflow::<PartitionWorkflow>())
        .and_then(|worker| worker.register_workflow::<SequentialWorkflow>())
        .and_then(|worker| worker.register_workflow::<ParallelWorkflow>())
        .and_then(|worker| worker.register_workflow::<RefreshWorkflow>())
        .and_then(|worker| worker.register_workflow::<ReminderWorkflow>())
        .and_then(|worker| worker.register_workflow::<SagaWorkflow>())
        .and_then(|worker| worker.register_workflow::<OrderWorkflow>())
        .and_then(|worker| worker.register_workflow::<BackfillWorkflow>())
        .and_then(|worker| worker.register_workflow::<ApprovalWorkflow>())
        .and_then(|worker| worker.register_workflow::<DailyWorkflow>())
        .and_then(|worker| worker.register_workflow::<EnoughWorkflow>())
        .and_then(|worker| worker.register_workflow::<ExtractWorkflow>())
        .and_then(|worker| worker.register_workflow::<ModelsWorkflow>())
        .and_then(|worker| worker.register_workflow::<NoopWorkflow>());
    let activities = EtlActivities::new(etl).in_processes(options.step_command.clone());
    let registered = workflows.map(|worker| worker.register_activities(activities).build());
    registered.map_err(|error| options.not_created(error.to_string()))
}

fn create(
    options: &WorkerOptions,
    settings: &WorkerSettings,
    runtime: RuntimeOptions,
    client: SdkClient,
    mut worker: Registered,
) -> Result<Worker, WorkerError> {
    let runtime = Runtime::from_current_tokio(runtime)
        .map_err(|error| WorkerError::Runtime(error.to_string()))?;
    settings.apply(&mut worker);
    if let Some(build_id) = &options.build_id {
        worker.deployment_options = deployment::pinned(&options.task_queue, build_id);
    }
    let created = Worker::new(&runtime, client, worker);
    created.map_err(|error| options.not_created(error.to_string()))
}

fn run_error(error: &WorkerRunError, options: &WorkerOptions, namespace: String) -> WorkerError {
    match error {
        WorkerRunError::Validation(WorkerValidationError::NamespaceDescribeError {
            source,
            ..
        }) if source.code() == Code::NotFound => WorkerError::NoNamespace { namespace },
        error => WorkerError::Run {
            task_queue: options.task_queue.clone(),
            namespace,
            reason: error.to_string(),
        },
    }
}

/// Tells the worker to stop and waits for its end, not for ever.
async fn drain<T>(
    stop: impl Fn(),
    run: impl Future<Output = T>,
    settings: &WorkerSettings,
    options: &WorkerOptions,
) -> Result<T, WorkerError> {
    stop();
    let bound = Duration::from_millis(settings.drain_ms) + DRAIN_MARGIN;
    timeout(bound, run).await.map_err(|_| WorkerError::Drain {
        task_queue: options.task_queue.clone(),
        waited_ms: u64::try_from(bound.as_millis()).unwrap_or(u64::MAX),
    })
}
