//! The worker: a process (or thread) that polls the task queue and runs workflows and activities.
//!
//! The SDK's worker is not `Send`, as workflow code is not: [`run_worker`] must be awaited where it
//! was made, not spawned. [`run_blocking`] brings a runtime of its own and is all that a process needs.

mod settings;

use std::sync::Arc;
use std::time::Duration;

use orchbench_etl::Etl;
use serde::{Deserialize, Serialize};
use temporalio_client::Client as SdkClient;
use temporalio_client::tonic::IntoRequest;
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeTaskQueueRequest;
use temporalio_sdk::{Runtime, Worker};
use tokio::time::{Instant, sleep, timeout};

pub use self::settings::{Settings, Tuning};
use crate::activities::EtlActivities;
use crate::connection::{ConnectError, connect};
use crate::workflows::{
    ApprovalWorkflow, BackfillWorkflow, DailyWorkflow, DataPipelineWorkflow, ExtractWorkflow,
    NoopWorkflow, ParallelWorkflow, PartitionWorkflow, SagaWorkflow, SequentialWorkflow,
};

/// Between two looks at whether the server has seen the worker poll.
const READY_PAUSE: Duration = Duration::from_millis(20);

/// After the graceful shutdown period: time for the last completions to reach the server.
const DRAIN_MARGIN: Duration = Duration::from_secs(2);

/// Which server and queue a worker serves, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerOptions {
    /// The server's gRPC address: `host:port`, or a URL.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// The task queue.
    pub task_queue: String,
    /// The name under which the server knows the worker; it must be its alone.
    pub identity: String,
    /// The named set of settings to begin with.
    pub tuning: Tuning,
    /// A sticky timeout other than the tuning's.
    #[serde(default)]
    pub sticky_timeout_ms: Option<u64>,
    /// How long to wait for the server, and for it to see the worker.
    pub connect_timeout_ms: u64,
    /// How long activities may go on when the worker is told to stop.
    pub drain_ms: u64,
}

impl WorkerOptions {
    /// The namespace `default`, the queue [`crate::TASK_QUEUE`], an identity from the process's id,
    /// default settings, 10 s to connect and 10 s to drain.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            namespace: "default".to_owned(),
            task_queue: crate::TASK_QUEUE.to_owned(),
            identity: format!("orchbench-{}", std::process::id()),
            tuning: Tuning::Default,
            sticky_timeout_ms: None,
            connect_timeout_ms: 10_000,
            drain_ms: 10_000,
        }
    }

    /// Every setting, as it will be used.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::of(self.tuning);
        settings.drain_ms = self.drain_ms;
        if let Some(sticky_timeout_ms) = self.sticky_timeout_ms {
            settings.sticky_timeout_ms = sticky_timeout_ms;
        }
        settings
    }
}

/// Why a worker did not run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The worker could not be made.
    #[error("temporal worker on {task_queue}: {reason}")]
    Create {
        /// The task queue.
        task_queue: String,
        /// What the SDK says.
        reason: String,
    },
    /// The worker stopped by itself; a namespace that does not exist is among the reasons.
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
/// # Errors
/// See [`WorkerError`]; the server's absence, a missing namespace and an overlong drain among them.
pub async fn run_worker(
    options: WorkerOptions,
    etl: Arc<Etl>,
    on_ready: impl FnOnce(&Settings),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    let settings = options.settings();
    let patience = Duration::from_millis(options.connect_timeout_ms);
    let client = connect(
        &options.address,
        &options.namespace,
        &options.identity,
        patience,
    )
    .await?;
    let mut worker = create(&options, &settings, client.clone(), etl)?;
    let stop = worker.shutdown_handle();
    let run = worker.run();
    tokio::pin!(run, shutdown);
    let ended = |result: Result<(), temporalio_sdk::WorkerRunError>| {
        result.map_err(|error| WorkerError::Run {
            task_queue: options.task_queue.clone(),
            namespace: options.namespace.clone(),
            reason: error.to_string(),
        })
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
    on_ready: impl FnOnce(&Settings),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| WorkerError::Runtime(error.to_string()))?;
    let result = runtime.block_on(run_worker(options, etl, on_ready, shutdown));
    // Dropping the runtime would wait without bound for a step that outlasted the drain.
    runtime.shutdown_background();
    result
}

fn create(
    options: &WorkerOptions,
    settings: &Settings,
    client: SdkClient,
    etl: Arc<Etl>,
) -> Result<Worker, WorkerError> {
    let failed = |reason: String| WorkerError::Create {
        task_queue: options.task_queue.clone(),
        reason,
    };
    let runtime = Runtime::from_current_tokio(temporalio_sdk::runtime::RuntimeOptions::default())
        .map_err(|error| WorkerError::Runtime(error.to_string()))?;
    let mut worker = temporalio_sdk::WorkerOptions::new(options.task_queue.as_str())
        .register_workflow::<DataPipelineWorkflow>()
        .and_then(|worker| worker.register_workflow::<PartitionWorkflow>())
        .and_then(|worker| worker.register_workflow::<SequentialWorkflow>())
        .and_then(|worker| worker.register_workflow::<ParallelWorkflow>())
        .and_then(|worker| worker.register_workflow::<SagaWorkflow>())
        .and_then(|worker| worker.register_workflow::<BackfillWorkflow>())
        .and_then(|worker| worker.register_workflow::<ApprovalWorkflow>())
        .and_then(|worker| worker.register_workflow::<DailyWorkflow>())
        .and_then(|worker| worker.register_workflow::<ExtractWorkflow>())
        .and_then(|worker| worker.register_workflow::<NoopWorkflow>())
        .map_err(|error| failed(error.to_string()))?
        .register_activities(EtlActivities::new(etl))
        .build();
    settings.apply(&mut worker);
    Worker::new(&runtime, client, worker).map_err(|error| failed(error.to_string()))
}

/// Tells the worker to stop and waits for its end, not for ever.
async fn drain<T>(
    stop: impl Fn(),
    run: impl Future<Output = T>,
    settings: &Settings,
    options: &WorkerOptions,
) -> Result<T, WorkerError> {
    stop();
    let bound = Duration::from_millis(settings.drain_ms) + DRAIN_MARGIN;
    timeout(bound, run).await.map_err(|_| WorkerError::Drain {
        task_queue: options.task_queue.clone(),
        waited_ms: u64::try_from(bound.as_millis()).unwrap_or(u64::MAX),
    })
}

/// Waits until the server lists the worker among the pollers of both kinds of task.
async fn seen_polling(
    client: &SdkClient,
    options: &WorkerOptions,
    patience: Duration,
) -> Result<(), WorkerError> {
    let deadline = Instant::now() + patience;
    for kind in [TaskQueueType::Workflow, TaskQueueType::Activity] {
        while !polls(client, options, kind).await {
            if Instant::now() >= deadline {
                return Err(WorkerError::NotReady {
                    identity: options.identity.clone(),
                    task_queue: options.task_queue.clone(),
                    waited_ms: options.connect_timeout_ms,
                });
            }
            sleep(READY_PAUSE).await;
        }
    }
    Ok(())
}

/// Whether the server has seen the worker poll; a request that fails is a "not yet".
async fn polls(client: &SdkClient, options: &WorkerOptions, kind: TaskQueueType) -> bool {
    let request = DescribeTaskQueueRequest {
        namespace: options.namespace.clone(),
        task_queue: Some(TaskQueue {
            name: options.task_queue.clone(),
            ..TaskQueue::default()
        }),
        task_queue_type: kind.into(),
        ..DescribeTaskQueueRequest::default()
    };
    let mut service = client.connection().workflow_service();
    match service.describe_task_queue(request.into_request()).await {
        Ok(response) => response
            .into_inner()
            .pollers
            .iter()
            .any(|poller| poller.identity == options.identity),
        Err(error) => {
            tracing::debug!(%error, "describe task queue");
            false
        }
    }
}
