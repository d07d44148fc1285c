//! Who polls a task queue, as far as the server has seen.
//!
//! A task queue has several partitions (four, unless the server is set otherwise), and a poll waits at
//! one of them. The plain question is answered by the root partition alone, so a worker with few
//! pollers is now and then not in its answer, though it is at work. The question in "enhanced" mode
//! asks all partitions; its answer is kept for some seconds by the server, so it is asked second.

use temporalio_client::tonic::{IntoRequest as _, Status};
use temporalio_client::{Client as SdkClient, NamespacedClient as _};
use temporalio_common::protos::temporal::api::enums::v1::{DescribeTaskQueueMode, TaskQueueType};
use temporalio_common::protos::temporal::api::taskqueue::v1::{PollerInfo, TaskQueue};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeTaskQueueRequest, DescribeTaskQueueResponse,
};

/// The pollers for tasks of this kind. The server forgets one some minutes after its last poll.
pub(crate) async fn pollers(
    client: &SdkClient,
    task_queue: &str,
    kind: TaskQueueType,
    mode: DescribeTaskQueueMode,
) -> Result<Vec<PollerInfo>, Status> {
    let request = DescribeTaskQueueRequest {
        namespace: client.namespace(),
        task_queue: Some(TaskQueue {
            name: task_queue.to_owned(),
            ..TaskQueue::default()
        }),
        ..of_mode(kind, mode)
    };
    let mut service = client.connection().workflow_service();
    let response = service.describe_task_queue(request.into_request()).await?;
    Ok(listed(response.into_inner()))
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
fn listed(response: DescribeTaskQueueResponse) -> Vec<PollerInfo> {
    let of_partitions = response.versions_info.into_values().flat_map(|version| {
        let types = version.types_info.into_values();
        types.flat_map(|of_type| of_type.pollers)
    });
    response.pollers.into_iter().chain(of_partitions).collect()
}
