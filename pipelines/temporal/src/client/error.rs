//! What the client answers when it has no answer.

use crate::connection::ConnectError;

/// Why the client has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A workflow with this id is running. An id is free again when its workflow has closed.
    #[error("workflow {workflow_id}: already running{}", run_id.as_deref().map(|id| format!(" as {id}")).unwrap_or_default())]
    AlreadyRunning {
        /// The workflow's id.
        workflow_id: String,
        /// The execution that is running, when the server says so.
        run_id: Option<String>,
    },
    /// The server knows no such workflow.
    #[error("workflow {workflow_id}: not found in namespace {namespace}")]
    NotFound {
        /// The workflow's id.
        workflow_id: String,
        /// The namespace.
        namespace: String,
    },
    /// The workflow has ended: it takes no signal, no update and no cancellation any more.
    #[error("workflow {workflow_id}: already closed in namespace {namespace}")]
    Closed {
        /// The workflow's id.
        workflow_id: String,
        /// The namespace.
        namespace: String,
    },
    /// The server knows no such schedule.
    #[error("schedule {schedule_id}: not found in namespace {namespace}")]
    NoSchedule {
        /// The schedule's id.
        schedule_id: String,
        /// The namespace.
        namespace: String,
    },
    /// A schedule with this id exists.
    #[error("schedule {schedule_id}: already exists in namespace {namespace}")]
    ScheduleExists {
        /// The schedule's id.
        schedule_id: String,
        /// The namespace.
        namespace: String,
    },
    /// The server refused or did not answer, or its answer could not be read.
    #[error("{subject}: {reason}")]
    Server {
        /// What was asked about, such as `workflow pipeline-run-1`.
        subject: String,
        /// What came back.
        reason: String,
    },
}
