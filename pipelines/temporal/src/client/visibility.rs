//! Which executions there are, and their deletion.

use futures::StreamExt as _;
use temporalio_client::WorkflowListOptions;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::DeleteWorkflowExecutionRequest;

use super::description::execution;
use super::{Client, ClientError, Execution, subject};

impl Client {
    /// The executions on this client's task queue that a visibility filter finds, such as
    /// `ExecutionStatus = 'Running'`, newest first. The server notes what begins and ends with a
    /// delay.
    ///
    /// # Errors
    /// [`ClientError::Server`], also for a filter that the server cannot read.
    pub async fn executions(&self, filter: &str) -> Result<Vec<Execution>, ClientError> {
        let query = format!("TaskQueue = '{}' AND {filter}", self.task_queue);
        let mut found = self
            .sdk
            .list_workflows(query, WorkflowListOptions::default());
        let mut executions = Vec::new();
        while let Some(each) = found.next().await {
            let each = each.map_err(|error| ClientError::Server {
                subject: format!("executions with {filter}"),
                reason: error.to_string(),
            })?;
            executions.push(execution(each.raw()));
        }
        Ok(executions)
    }

    /// Asks the server to delete the latest execution of an id, which it does a moment later.
    ///
    /// # Errors
    /// [`ClientError::Server`].
    pub async fn delete(&self, workflow_id: &str) -> Result<(), ClientError> {
        let request = DeleteWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: workflow_id.to_owned(),
                run_id: String::new(),
            }),
        };
        let mut service = self.sdk.connection().workflow_service();
        service
            .delete_workflow_execution(request.into_request())
            .await
            .map(|_| ())
            .map_err(|status| self.refusal(subject(workflow_id), &status))
    }
}
