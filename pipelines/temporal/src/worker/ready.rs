//! Whether the server has seen a worker poll.
//!
//! A task queue has several partitions (four, unless the server is set otherwise), and a poll waits at
//! one of them. The plain question is answered by the root partition alone, so a worker with few
//! pollers is now and then not in its answer, though it is at work. The question in "enhanced" mode
//! asks all partitions; its answer is kept for some seconds by the server, so it is asked second.

use std::time::Duration;

use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client as SdkClient, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::{DescribeTaskQueueMode, TaskQueueType};
use temporalio_common::protos::temporal::api::taskqueue::v1::{PollerInfo, TaskQueue};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeTaskQueueRequest, DescribeTaskQueueResponse,
};
use tokio::time::{Instant, sleep};

use super::{WorkerError, WorkerOptions};

/// Between two looks.
const READY_PAUSE: Duration = Duration::from_millis(20);

/// How long the root partition alone is asked, and then how long between two questions to all.
const ALL_PARTITIONS_PAUSE: Duration = Duration::from_secs(1);

/// Waits until the server lists the worker among the pollers of both kinds of task.
pub(super) async fn seen_polling(
    client: &SdkClient,
    options: &WorkerOptions,
    patience: Duration,
) -> Result<(), WorkerError> {
    let begun = Instant::now();
    let mut ask_all_at = begun + ALL_PARTITIONS_PAUSE;
    for kind in [TaskQueueType::Workflow, TaskQueueType::Activity] {
        while !polls(client, options, kind, DescribeTaskQueueMode::Unspecified).await {
            if Instant::now() >= ask_all_at {
                if polls(client, options, kind, DescribeTaskQueueMode::Enhanced).await {
                    break;
                }
                ask_all_at = Instant::now() + ALL_PARTITIONS_PAUSE;
            }
            if begun.elapsed() >= patience {
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
async fn polls(
    client: &SdkClient,
    options: &WorkerOptions,
    kind: TaskQueueType,
    mode: DescribeTaskQueueMode,
) -> bool {
    let request = DescribeTaskQueueRequest {
        namespace: client.namespace(),
        task_queue: Some(TaskQueue {
            name: options.task_queue.clone(),
            ..TaskQueue::default()
        }),
        ..of_mode(kind, mode)
    };
    let mut service = client.connection().workflow_service();
    match service.describe_task_queue(request.into_request()).await {
        Ok(response) => {
            pollers(response.into_inner()).any(|poller| poller.identity == options.identity)
        }
        Err(error) => {
            tracing::debug!(%error, "describe task queue");
            false
        }
    }
}

#[expect(deprecated, reason = "nothing else asks all partitions")]
fn of_mode(kind: TaskQueueType, mode: DescribeTaskQueueMode) -> DescribeTaskQueueRequest {
    if mode == DescribeTaskQueueMode::Enhanced {
        DescribeTaskQueueRequest {
            api_mode: mode.into(),
            // In this mode the queue is asked by its workflow type, and says both.
            task_queue_type: TaskQueueType::Workflow.into(),
            task_queue_types: vec![kind.into()],
            report_pollers: true,
            ..DescribeTaskQueueRequest::default()
        }
    } else {
        DescribeTaskQueueRequest {
            task_queue_type: kind.into(),
            ..DescribeTaskQueueRequest::default()
        }
    }
}

/// The pollers that an answer of either mode lists.
fn pollers(response: DescribeTaskQueueResponse) -> impl Iterator<Item = PollerInfo> {
    let of_partitions = response.versions_info.into_values().flat_map(|version| {
        let types = version.types_info.into_values();
        types.flat_map(|of_type| of_type.pollers)
    });
    response.pollers.into_iter().chain(of_partitions)
}
