//! What the server knows of a workflow: its history, and the activities that are under way.
//!
//! An activity that is retried does not write an event a failed attempt: the history has the last
//! attempt only, when it is over. Until then the attempts are seen among the pending activities.

mod event;
mod pending;

use temporalio_client::WorkflowFetchHistoryOptions;
use temporalio_common::UntypedWorkflow;
use temporalio_common::protos::temporal::api::failure::v1::{Failure, failure::FailureInfo};

pub use self::event::HistoryEvent;
pub use self::pending::PendingActivity;
pub(super) use self::pending::pending_activity;
use super::{Client, ClientError};

impl Client {
    /// The history of an execution, or of the latest one.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn history(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Vec<HistoryEvent>, ClientError> {
        let handle = self.handle::<UntypedWorkflow>(workflow_id, run_id);
        let events = handle
            .fetch_history(WorkflowFetchHistoryOptions::default())
            .into_events()
            .await
            .map_err(|error| self.interaction(workflow_id, &error))?;
        Ok(event::read(&events))
    }

    /// The history of an execution, or of the latest one, as the SDK's replayer reads it.
    ///
    /// # Errors
    /// [`ClientError::Server`].
    pub async fn history_json(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Vec<u8>, ClientError> {
        self.handle::<UntypedWorkflow>(workflow_id, run_id)
            .fetch_history(WorkflowFetchHistoryOptions::default())
            .to_json()
            .await
            .map_err(|error| super::server(workflow_id, &error))
    }

    /// The activities of the latest execution that have not ended; children have their own.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn pending_activities(
        &self,
        workflow_id: &str,
    ) -> Result<Vec<PendingActivity>, ClientError> {
        let description = self.describe(workflow_id, None).await?;
        Ok(description.pending_activities)
    }

    /// The ids of the children of the latest execution that have not ended.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn pending_children(&self, workflow_id: &str) -> Result<Vec<String>, ClientError> {
        Ok(self.describe(workflow_id, None).await?.pending_children)
    }
}

/// The innermost message of a failure, behind its error type when it has one.
fn message(failure: &Failure) -> String {
    let mut innermost = failure;
    while let Some(cause) = &innermost.cause {
        innermost = cause;
    }
    match &innermost.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) if !info.r#type.is_empty() => {
            format!("{}: {}", info.r#type, innermost.message)
        }
        _ => innermost.message.clone(),
    }
}
