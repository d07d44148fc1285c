//! Whether the server has seen a worker poll.

use std::time::Duration;

use temporalio_client::Client as SdkClient;
use temporalio_common::protos::temporal::api::enums::v1::{DescribeTaskQueueMode, TaskQueueType};
use tokio::time::{Instant, sleep};

use super::{WorkerError, WorkerOptions};
use crate::task_queue::pollers;

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
    match pollers(client, &options.task_queue, kind, mode).await {
        Ok(pollers) => pollers
            .iter()
            .any(|poller| poller.identity == options.identity),
        Err(error) => {
            tracing::debug!(%error, "describe task queue");
            false
        }
    }
}
