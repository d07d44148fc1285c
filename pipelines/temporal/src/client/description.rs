//! How a workflow stands.

use serde::{Deserialize, Serialize};
use temporalio_client::{WorkflowDescribeOptions, WorkflowExecutionStatus};
use temporalio_common::UntypedWorkflow;
use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse;

use super::history::{PendingActivity, pending_activity};
use super::payload;
use super::{Client, ClientError, clock};

/// An execution, as the server has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The workflow's id.
    pub workflow_id: String,
    /// The execution's own id.
    pub run_id: String,
    /// The first execution of the chain that this one continues, or its own; `None` from an
    /// older server.
    pub first_run_id: Option<String>,
    /// The workflow's name.
    pub workflow: String,
    /// `Running`, `Completed`, `Failed`, `Canceled`, `Terminated`, `ContinuedAsNew`, `TimedOut`, …
    pub status: String,
    /// The task queue.
    pub task_queue: String,
    /// When it began, in nanoseconds since 1970.
    pub started_ns: Option<u64>,
    /// When it closed, in nanoseconds since 1970; `None` while it runs.
    pub closed_ns: Option<u64>,
    /// How many events its history has.
    pub events: i64,
    /// How large it is, bytes.
    pub history_bytes: i64,
    /// Memo and search attributes, by name.
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// How an execution stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The execution.
    pub execution: Execution,
    /// Its activities that have not ended.
    pub pending_activities: Vec<PendingActivity>,
    /// The ids of its children that have not ended.
    pub pending_children: Vec<String>,
    /// The attempt at its workflow task, when one is due or under way: more than 1 when the one before
    /// has failed or was lost.
    pub task_attempt: Option<u32>,
}

impl Client {
    /// How an execution stands: this one, or the latest of the id.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn describe(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Description, ClientError> {
        let raw = self.described(workflow_id, run_id).await?;
        let info = raw.workflow_execution_info.unwrap_or_default();
        Ok(Description {
            execution: execution(&info),
            pending_activities: raw
                .pending_activities
                .into_iter()
                .map(pending_activity)
                .collect(),
            pending_children: raw
                .pending_children
                .into_iter()
                .map(|child| child.workflow_id)
                .collect(),
            task_attempt: raw
                .pending_workflow_task
                .and_then(|task| u32::try_from(task.attempt).ok()),
        })
    }

    async fn described(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<DescribeWorkflowExecutionResponse, ClientError> {
        self.handle::<UntypedWorkflow>(workflow_id, run_id)
            .describe(WorkflowDescribeOptions::default())
            .await
            .map(temporalio_client::WorkflowExecutionDescription::into_raw)
            .map_err(|error| self.interaction(workflow_id, &error))
    }
}

pub(super) fn execution(info: &WorkflowExecutionInfo) -> Execution {
    let id = info.execution.clone().unwrap_or_default();
    let status = WorkflowExecutionStatus::from(info.status());
    let memo = info.memo.iter().flat_map(|memo| &memo.fields);
    let search = info
        .search_attributes
        .iter()
        .flat_map(|attributes| &attributes.indexed_fields);
    let attribute = |(name, held): (&String, &Payload)| {
        (name.clone(), payload::result(std::slice::from_ref(held)))
    };
    Execution {
        workflow_id: id.workflow_id,
        run_id: id.run_id,
        first_run_id: Some(info.first_run_id.clone()).filter(|id| !id.is_empty()),
        workflow: info
            .r#type
            .as_ref()
            .map(|kind| kind.name.clone())
            .unwrap_or_default(),
        status: format!("{status:?}"),
        task_queue: info.task_queue.clone(),
        started_ns: info
            .start_time
            .as_ref()
            .and_then(proto_ts_to_system_time)
            .and_then(clock::ns),
        closed_ns: info
            .close_time
            .as_ref()
            .and_then(proto_ts_to_system_time)
            .and_then(clock::ns),
        events: info.history_length,
        history_bytes: info.history_size_bytes,
        attributes: memo.chain(search).map(attribute).collect(),
    }
}
