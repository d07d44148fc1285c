//! The client: starts workflows, waits for their results, looks at what the server knows of them.
//!
//! A workflow that failed is an answer, not an error of the client: results come as
//! `Result<Summary, Failure>` within the client's own `Result`. The client is `Send + Sync` and cheap
//! to clone; one of them may drive any number of runs at a time.

mod build;
mod clock;
mod description;
mod error;
mod hindrance;
mod history;
mod namespace;
mod payload;
mod timer;
mod untyped;
mod visibility;

use std::time::Duration;

use orchbench_etl::{Day, Escalated, Served, Summary};
use serde::{Deserialize, Serialize};
use temporalio_client::errors::{
    WorkflowGetResultError, WorkflowInteractionError, WorkflowStartError,
};
use temporalio_client::tonic::{Code, Status};
use temporalio_client::{
    NamespacedClient, WorkflowGetResultOptions, WorkflowHandle, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowStartOptions,
};
use temporalio_common::HasWorkflowDefinition;

pub use self::description::{Description, Execution};
pub use self::error::ClientError;
pub use self::hindrance::Hindrance;
pub use self::history::{HistoryEvent, PendingActivity};
pub(crate) use self::payload::payloads;
pub use self::timer::Timer;
pub use crate::connection::ConnectError;
use crate::connection::{Target, connect};
use crate::failure::Failure;
use crate::input::{
    ApprovalInput, Argument, EnoughInput, Memory, ModelsInput, ModelsOutcome, NoopInput,
    NoopOutcome, OrderInput, PipelineInput, RefreshInput,
};
use crate::workflows::report::ApprovalOutcome;
use crate::workflows::{
    ApprovalWorkflow, DataPipelineWorkflow, EnoughWorkflow, ModelsWorkflow, NoopWorkflow,
    OrderWorkflow, RefreshWorkflow, ReminderWorkflow, SagaWorkflow,
};

/// How long a workflow may take to tell what it remembers: one that has ended is replayed for it, and the
/// server gives up after ten seconds.
const MEMORY_PATIENCE: Duration = Duration::from_secs(9);

/// A client of one namespace and one task queue.
#[derive(Clone)]
pub struct Client {
    sdk: temporalio_client::Client,
    namespace: String,
    task_queue: String,
}

/// An execution that the server has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The workflow's id.
    pub workflow_id: String,
    /// The execution's own id: the same workflow id may run again after it has closed.
    pub run_id: String,
}

impl Client {
    /// [`Client::connect_to`] the server at `address` (`host:port`, or a URL), in the clear.
    ///
    /// # Errors
    /// As [`Client::connect_to`].
    pub async fn connect(
        address: &str,
        namespace: &str,
        patience: Duration,
    ) -> Result<Self, ClientError> {
        Self::connect_to(&Target::plain(address, namespace), patience).await
    }

    /// A client as soon as the target's server answers, on the task queue [`crate::TASK_QUEUE`].
    ///
    /// # Errors
    /// [`ClientError::Connect`]: at once for a wrong configuration and for a server that refuses, else
    /// after `patience`, with the address and what was tried.
    pub async fn connect_to(target: &Target, patience: Duration) -> Result<Self, ClientError> {
        let identity = format!("orchbench-client-{}", std::process::id());
        let sdk = connect(target, &identity, patience).await?;
        Ok(Self {
            namespace: sdk.namespace(),
            sdk,
            task_queue: crate::TASK_QUEUE.to_owned(),
        })
    }

    /// The same client on another task queue.
    #[must_use]
    pub fn with_task_queue(mut self, task_queue: impl Into<String>) -> Self {
        self.task_queue = task_queue.into();
        self
    }

    /// The SDK's client, for what this one does not wrap.
    #[must_use]
    pub fn sdk(&self) -> &temporalio_client::Client {
        &self.sdk
    }

    /// Starts a pipeline; returns when the server has made the start durable.
    ///
    /// # Errors
    /// [`ClientError::AlreadyRunning`] when the id is in use.
    pub async fn start_pipeline(
        &self,
        workflow_id: &str,
        input: PipelineInput,
    ) -> Result<Started, ClientError> {
        self.start(
            DataPipelineWorkflow::run,
            Argument::from(input),
            workflow_id,
        )
        .await
    }

    /// Starts a pipeline with a way back.
    ///
    /// # Errors
    /// As [`Client::start_pipeline`].
    pub async fn start_saga(
        &self,
        workflow_id: &str,
        input: PipelineInput,
    ) -> Result<Started, ClientError> {
        self.start(SagaWorkflow::run, Argument::from(input), workflow_id)
            .await
    }

    /// Starts an order.
    ///
    /// # Errors
    /// As [`Client::start_pipeline`].
    pub async fn start_order(
        &self,
        workflow_id: &str,
        input: OrderInput,
    ) -> Result<Started, ClientError> {
        self.start(OrderWorkflow::run, Argument::from(input), workflow_id)
            .await
    }

    /// Waits for the end of an order: what the services said.
    ///
    /// # Errors
    /// As [`Client::pipeline_result`].
    pub async fn order_result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<Vec<Served>, Failure>, ClientError> {
        let handle = self.handle::<OrderWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.outcome(workflow_id, result)
    }

    /// Starts a reminder.
    ///
    /// # Errors
    /// As [`Client::start_pipeline`].
    pub async fn start_reminder(
        &self,
        workflow_id: &str,
        input: PipelineInput,
    ) -> Result<Started, ClientError> {
        self.start(ReminderWorkflow::run, Argument::from(input), workflow_id)
            .await
    }

    /// Waits for the end of a reminder.
    ///
    /// # Errors
    /// As [`Client::pipeline_result`].
    pub async fn reminder_result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<Escalated, Failure>, ClientError> {
        let handle = self.handle::<ReminderWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.outcome(workflow_id, result)
    }

    /// Starts a pipeline that waits for a verdict before it is published.
    ///
    /// # Errors
    /// As [`Client::start_pipeline`].
    pub async fn start_approval(
        &self,
        workflow_id: &str,
        input: ApprovalInput,
    ) -> Result<Started, ClientError> {
        self.start(ApprovalWorkflow::run, Argument::from(input), workflow_id)
            .await
    }

    /// Waits for the end of an approval, whoever decided it.
    ///
    /// # Errors
    /// As [`Client::pipeline_result`].
    pub async fn approval_result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<ApprovalOutcome, Failure>, ClientError> {
        let handle = self.handle::<ApprovalWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.outcome(workflow_id, result)
    }

    /// Starts a pipeline that takes as many days as it needs.
    ///
    /// # Errors
    /// As [`Client::start_pipeline`].
    pub async fn start_enough(
        &self,
        workflow_id: &str,
        input: EnoughInput,
    ) -> Result<Started, ClientError> {
        self.start(EnoughWorkflow::run, Argument::from(input), workflow_id)
            .await
    }

    /// Waits for the end of one, and says which days it took.
    ///
    /// # Errors
    /// As [`Client::pipeline_result`].
    pub async fn enough_result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<Vec<Day>, Failure>, ClientError> {
        let handle = self.handle::<EnoughWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.outcome(workflow_id, result)
    }

    /// Waits for the end of a pipeline, with a way back or without: of the execution `run_id`, or of
    /// the latest one.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]; [`ClientError::Server`] when the server cannot be reached for a minute.
    pub async fn pipeline_result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<Summary, Failure>, ClientError> {
        let handle = self.handle::<DataPipelineWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.outcome(workflow_id, result)
    }

    /// Starts a workflow that makes what is missing or out of date.
    ///
    /// # Errors
    /// As [`Client::start_pipeline`].
    pub async fn start_refresh(
        &self,
        workflow_id: &str,
        input: RefreshInput,
    ) -> Result<Started, ClientError> {
        self.start(RefreshWorkflow::run, Argument::from(input), workflow_id)
            .await
    }

    /// Waits for the end of such a workflow.
    ///
    /// # Errors
    /// As [`Client::pipeline_result`].
    pub async fn refresh_result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<(), Failure>, ClientError> {
        let handle = self.handle::<RefreshWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.outcome(workflow_id, result)
    }

    /// What the latest of such workflows under an id remembers, whether it has ended or not, and however.
    ///
    /// # Errors
    /// As [`Client::query`]; [`ClientError::Refused`] where the answer is none of this release.
    pub async fn refresh_memory(&self, workflow_id: &str) -> Result<Memory, ClientError> {
        let answer = self.query(workflow_id, None, "memory", &[], MEMORY_PATIENCE);
        serde_json::from_value(answer.await?).map_err(|error| ClientError::Refused {
            subject: subject(workflow_id),
            reason: format!("its memory: {error}"),
        })
    }

    /// Starts a run of a dbt project's models.
    ///
    /// # Errors
    /// As [`Client::start_pipeline`].
    pub async fn start_models(
        &self,
        workflow_id: &str,
        input: ModelsInput,
    ) -> Result<Started, ClientError> {
        self.start(ModelsWorkflow::run, Argument::from(input), workflow_id)
            .await
    }

    /// Waits for the end of a run of a dbt project's models.
    ///
    /// # Errors
    /// As [`Client::pipeline_result`].
    pub async fn models_result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<ModelsOutcome, Failure>, ClientError> {
        let handle = self.handle::<ModelsWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.outcome(workflow_id, result)
    }

    /// Starts a workflow of empty steps.
    ///
    /// # Errors
    /// As [`Client::start_pipeline`].
    pub async fn start_noop(
        &self,
        workflow_id: &str,
        input: NoopInput,
    ) -> Result<Started, ClientError> {
        self.start(NoopWorkflow::run, Argument::from(input), workflow_id)
            .await
    }

    /// Waits for the end of a workflow of empty steps, over all its continuations.
    ///
    /// # Errors
    /// As [`Client::pipeline_result`].
    pub async fn noop_result(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Result<NoopOutcome, Failure>, ClientError> {
        let handle = self.handle::<NoopWorkflow>(workflow_id, run_id);
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.outcome(workflow_id, result)
    }

    async fn start<W>(
        &self,
        workflow: W,
        input: W::Input,
        workflow_id: &str,
    ) -> Result<Started, ClientError>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
    {
        let options = WorkflowStartOptions::new(self.task_queue.as_str(), workflow_id)
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
            .build();
        match self.sdk.start_workflow(workflow, input, options).await {
            Ok(handle) => Ok(Started {
                workflow_id: workflow_id.to_owned(),
                run_id: handle.run_id().unwrap_or_default().to_owned(),
            }),
            Err(WorkflowStartError::AlreadyStarted { run_id, .. }) => {
                Err(ClientError::AlreadyRunning {
                    workflow_id: workflow_id.to_owned(),
                    run_id,
                })
            }
            Err(WorkflowStartError::Rpc(status)) => {
                Err(self.refusal(subject(workflow_id), &status))
            }
            Err(error) => Err(server(workflow_id, &error)),
        }
    }

    fn handle<W: HasWorkflowDefinition>(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> WorkflowHandle<temporalio_client::Client, W> {
        let info = temporalio_client::WorkflowExecutionInfo::builder()
            .namespace(self.namespace.clone())
            .workflow_id(workflow_id)
            .maybe_run_id(run_id)
            .build();
        WorkflowHandle::new(self.sdk.clone(), info)
    }

    fn outcome<T>(
        &self,
        workflow_id: &str,
        result: Result<T, WorkflowGetResultError>,
    ) -> Result<Result<T, Failure>, ClientError> {
        use WorkflowGetResultError as E;
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(E::Failed(error)) => Ok(Err(Failure::from(&*error))),
            Err(E::Cancelled { .. }) => Ok(Err(Failure::plain("Cancelled", "workflow cancelled"))),
            Err(E::Terminated { .. }) => {
                Ok(Err(Failure::plain("Terminated", "workflow terminated")))
            }
            Err(E::TimedOut) => Ok(Err(Failure::plain("Timeout", "workflow timed out"))),
            Err(E::NotFound(status)) => Err(self.missing(workflow_id, &status)),
            Err(E::Rpc(status)) => Err(self.refusal(subject(workflow_id), &status)),
            Err(error) => Err(server(workflow_id, &error)),
        }
    }

    fn interaction(&self, workflow_id: &str, error: &WorkflowInteractionError) -> ClientError {
        match error {
            WorkflowInteractionError::NotFound(status) => self.missing(workflow_id, status),
            WorkflowInteractionError::Rpc(status) => self.refusal(subject(workflow_id), status),
            error => server(workflow_id, error),
        }
    }

    /// The server has one code for a workflow that it does not know and for one that has closed; only
    /// its words tell them apart.
    fn missing(&self, workflow_id: &str, status: &Status) -> ClientError {
        let (workflow_id, namespace) = (workflow_id.to_owned(), self.namespace.clone());
        if is_of_namespace(status) {
            return ClientError::NoNamespace { namespace };
        }
        if status.message().contains("already completed") {
            ClientError::Closed {
                workflow_id,
                namespace,
            }
        } else {
            ClientError::NotFound {
                workflow_id,
                namespace,
            }
        }
    }

    /// What the server said instead of an answer, by whose fault it is.
    fn refusal(&self, subject: String, status: &Status) -> ClientError {
        let reason = status.message().to_owned();
        match status.code() {
            _ if is_of_namespace(status) => ClientError::NoNamespace {
                namespace: self.namespace.clone(),
            },
            Code::FailedPrecondition | Code::InvalidArgument => {
                ClientError::Refused { subject, reason }
            }
            Code::DeadlineExceeded
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::Unavailable => ClientError::Gone { subject, reason },
            _ => ClientError::Server { subject, reason },
        }
    }
}

/// The server has one code for whatever it does not find.
fn is_of_namespace(status: &Status) -> bool {
    status.code() == Code::NotFound && status.message().starts_with("Namespace ")
}

fn subject(workflow_id: &str) -> String {
    format!("workflow {workflow_id}")
}

fn server(workflow_id: &str, error: &dyn std::fmt::Display) -> ClientError {
    ClientError::Server {
        subject: subject(workflow_id),
        reason: error.to_string(),
    }
}
