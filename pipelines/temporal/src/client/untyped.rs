//! Workflows by name, with JSON in and out: what any client without the Rust types can do.

use std::time::Duration;

use serde_json::Value;
use temporalio_client::errors::{WorkflowQueryError, WorkflowUpdateError};
use temporalio_client::{
    UntypedQuery, UntypedSignal, UntypedUpdate, WorkflowCancelOptions,
    WorkflowExecuteUpdateOptions, WorkflowGetResultOptions, WorkflowQueryOptions,
    WorkflowSignalOptions, WorkflowTerminateOptions,
};
use temporalio_common::UntypedWorkflow;
use tokio::time::timeout;

use super::{Client, ClientError, Started, payload, server, subject};
use crate::failure::Failure;

impl Client {
    /// Starts a workflow of this name; returns when the server has made the start durable.
    ///
    /// # Errors
    /// [`ClientError::AlreadyRunning`] when the id is in use.
    pub async fn start_named(
        &self,
        workflow: &str,
        workflow_id: &str,
        arguments: &[Value],
    ) -> Result<Started, ClientError> {
        let input = payload::arguments(arguments);
        self.start(UntypedWorkflow::new(workflow), input, workflow_id)
            .await
    }

    /// Waits for the end of any workflow, over all its continuations.
    ///
    /// # Errors
    /// As [`Client::pipeline_result`].
    pub async fn result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<Value, Failure>, ClientError> {
        let handle = self.handle::<UntypedWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        let outcome = self.outcome(workflow_id, result)?;
        Ok(outcome.map(|raw| payload::result(&raw.payloads)))
    }

    /// Sends a signal; returns when the server has written it into the history.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Closed`].
    pub async fn signal(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
        signal: &str,
        arguments: &[Value],
    ) -> Result<(), ClientError> {
        let handle = self.handle::<UntypedWorkflow>(workflow_id, run_id);
        let signal = UntypedSignal::<UntypedWorkflow>::new(signal);
        let input = payload::arguments(arguments);
        handle
            .signal(signal, input, WorkflowSignalOptions::default())
            .await
            .map_err(|error| self.interaction(workflow_id, &error))
    }

    /// Asks a workflow, running or closed. A worker must be there to answer.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]; [`ClientError::Refused`] when the workflow knows no such query;
    /// [`ClientError::Unanswered`] when nobody answers within `patience`, with the reason.
    pub async fn query(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
        query: &str,
        arguments: &[Value],
        patience: Duration,
    ) -> Result<Value, ClientError> {
        let handle = self.handle::<UntypedWorkflow>(workflow_id, run_id);
        let query = UntypedQuery::<UntypedWorkflow>::new(query);
        let input = payload::arguments(arguments);
        let answer = handle.query(query, input, WorkflowQueryOptions::default());
        match timeout(patience, answer).await {
            Ok(Ok(raw)) => Ok(payload::result(&raw.payloads)),
            Ok(Err(WorkflowQueryError::NotFound(status))) => {
                Err(self.missing(workflow_id, &status))
            }
            // The server itself has given up.
            Ok(Err(WorkflowQueryError::Rpc(status))) if status.message().contains("no poller") => {
                Err(self.unanswered(workflow_id, run_id, patience).await)
            }
            Ok(Err(WorkflowQueryError::Rpc(status))) => {
                Err(self.refusal(subject(workflow_id), &status))
            }
            Ok(Err(error)) => Err(server(workflow_id, &error)),
            Err(_) => Err(self.unanswered(workflow_id, run_id, patience).await),
        }
    }

    /// Sends an update and waits for its outcome; a refusal by the validator is the inner error.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Closed`]; [`ClientError::Unanswered`] when there is no
    /// outcome within `patience`, with the reason.
    pub async fn update(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
        update: &str,
        arguments: &[Value],
        patience: Duration,
    ) -> Result<Result<Value, Failure>, ClientError> {
        let handle = self.handle::<UntypedWorkflow>(workflow_id, run_id);
        let update = UntypedUpdate::<UntypedWorkflow>::new(update);
        let input = payload::arguments(arguments);
        let outcome = handle.execute_update(update, input, WorkflowExecuteUpdateOptions::default());
        match timeout(patience, outcome).await {
            Ok(Ok(raw)) => Ok(Ok(payload::result(&raw.payloads))),
            Ok(Err(WorkflowUpdateError::Failed(failure))) => Ok(Err(Failure::from(&*failure))),
            Ok(Err(WorkflowUpdateError::NotFound(status))) => {
                Err(self.missing(workflow_id, &status))
            }
            Ok(Err(WorkflowUpdateError::Rpc(status))) => {
                Err(self.refusal(subject(workflow_id), &status))
            }
            Ok(Err(error)) => Err(server(workflow_id, &error)),
            Err(_) => Err(self.unanswered(workflow_id, run_id, patience).await),
        }
    }

    /// Asks a workflow to cancel itself; it may still undo and finish what it has begun.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Closed`].
    pub async fn cancel(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
        reason: &str,
    ) -> Result<(), ClientError> {
        self.handle::<UntypedWorkflow>(workflow_id, run_id)
            .cancel(WorkflowCancelOptions::builder().reason(reason).build())
            .await
            .map_err(|error| self.interaction(workflow_id, &error))
    }

    /// Ends a workflow at once: its code is not asked, nothing is undone.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Closed`].
    pub async fn terminate(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
        reason: &str,
    ) -> Result<(), ClientError> {
        self.handle::<UntypedWorkflow>(workflow_id, run_id)
            .terminate(WorkflowTerminateOptions::builder().reason(reason).build())
            .await
            .map_err(|error| self.interaction(workflow_id, &error))
    }
}
