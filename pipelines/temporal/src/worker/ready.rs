//! Whether the server has seen a worker poll.

use std::time::Duration;

use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client as SdkClient, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeTaskQueueRequest;
use tokio::time::{Instant, sleep};

use super::{WorkerError, WorkerOptions};

/// Between two looks.
const READY_PAUSE: Duration = Duration::from_millis(20);

/// Waits until the server lists the worker among the pollers of both kinds of task.
pub(super) async fn seen_polling(
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
        namespace: client.namespace(),
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
