//! Why a workflow does not go on. The server waits for a worker as long as it takes and says nothing, so
//! it is asked: whether a worker polls, and whether the tasks that it takes fail.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::enums::v1::{DescribeTaskQueueMode, TaskQueueType};
use temporalio_common::protos::temporal::api::taskqueue::v1::PollerInfo;

use super::{Client, ClientError, Description};
use crate::task_queue;

/// An open poll is renewed within a minute; who has not for longer is gone.
const RENEWED_WITHIN: Duration = Duration::from_secs(70);

/// What keeps a workflow from going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Hindrance {
    /// A worker takes the workflow's tasks and fails at each: it does not know the workflow's name, or
    /// runs code that does not fit the history.
    TaskFails {
        /// The attempt at the task that is next.
        attempt: u32,
        /// What the last one that is in the history failed with.
        reason: String,
    },
    /// No worker has polled of late.
    NoWorker {
        /// The task queue.
        task_queue: String,
        /// The namespace.
        namespace: String,
    },
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TaskFails { attempt, reason } => {
                write!(f, "its workflow task fails (attempt {attempt}): {reason}")
            }
            Self::NoWorker {
                task_queue,
                namespace,
            } => write!(
                f,
                "no worker polls task queue {task_queue} of namespace {namespace}"
            ),
        }
    }
}

impl Client {
    /// What keeps a workflow from going on, as far as the server knows; `None` for a closed one.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn hindrance(
        &self,
        description: &Description,
    ) -> Result<Option<Hindrance>, ClientError> {
        let execution = &description.execution;
        if execution.status != "Running" {
            return Ok(None);
        }
        if let Some(attempt) = description.task_attempt.filter(|attempt| *attempt > 1) {
            let id = &execution.workflow_id;
            let history = self.history(id, Some(&execution.run_id)).await?;
            let failed = |event: &&super::HistoryEvent| event.event_type == "WorkflowTaskFailed";
            if let Some(event) = history.iter().rev().find(failed) {
                let reason = event.failure.clone().unwrap_or_default();
                return Ok(Some(Hindrance::TaskFails { attempt, reason }));
            }
        }
        let polled = self.polled(&execution.task_queue).await?;
        Ok((!polled).then(|| Hindrance::NoWorker {
            task_queue: execution.task_queue.clone(),
            namespace: self.namespace.clone(),
        }))
    }

    /// Whether some worker polls a task queue for workflow tasks.
    async fn polled(&self, task_queue: &str) -> Result<bool, ClientError> {
        for mode in [
            DescribeTaskQueueMode::Unspecified,
            DescribeTaskQueueMode::Enhanced,
        ] {
            let pollers =
                task_queue::pollers(&self.sdk, task_queue, TaskQueueType::Workflow, mode).await;
            let pollers = pollers
                .map_err(|status| self.refusal(format!("task queue {task_queue}"), &status))?;
            if pollers.iter().any(of_late) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The error of a workflow that has not answered within `waited`.
    pub(super) async fn unanswered(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
        waited: Duration,
    ) -> ClientError {
        let asked = async {
            let description = self.describe(workflow_id, run_id).await?;
            let task_queue = description.execution.task_queue.clone();
            Ok((self.hindrance(&description).await?, task_queue))
        };
        let why = match asked.await {
            Ok((Some(hindrance), _)) => hindrance.to_string(),
            // A worker is listed for a while after its death; a closed workflow needs one to answer too.
            Ok((None, task_queue)) => format!(
                "no worker polls task queue {task_queue} of namespace {} any more, or none has time",
                self.namespace
            ),
            Err(error @ ClientError::NotFound { .. }) => return error,
            Err(error) => error.to_string(),
        };
        ClientError::Unanswered {
            workflow_id: workflow_id.to_owned(),
            waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
            why,
        }
    }
}

fn of_late(poller: &PollerInfo) -> bool {
    let last = poller
        .last_access_time
        .as_ref()
        .and_then(proto_ts_to_system_time);
    // A clock that is behind the server's makes it later than now.
    last.is_some_and(|last| {
        let since = SystemTime::now().duration_since(last);
        since.unwrap_or_default() <= RENEWED_WITHIN
    })
}
