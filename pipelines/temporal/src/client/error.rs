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
    /// The server has no such namespace.
    #[error("namespace {namespace}: not found on the Temporal server")]
    NoNamespace {
        /// The namespace.
        namespace: String,
    },
    /// The workflow is there, but no worker has answered for it.
    #[error("workflow {workflow_id}: no answer within {waited_ms} ms: {why}")]
    Unanswered {
        /// The workflow's id.
        workflow_id: String,
        /// How long was waited.
        waited_ms: u64,
        /// What the server knows of the reason.
        why: String,
    },
    /// What was asked makes no sense to the server or the workflow: an id that is too long, a query of a
    /// name that it does not know.
    #[error("{subject}: {reason}")]
    Refused {
        /// What was asked about, such as `workflow pipeline-run-1`.
        subject: String,
        /// What came back.
        reason: String,
    },
    /// The server has gone, or lets this client do nothing any more.
    #[error("{subject}: no answer from the Temporal server: {reason}")]
    Gone {
        /// What was asked about, such as `workflow pipeline-run-1`.
        subject: String,
        /// What came back last.
        reason: String,
    },
    /// The server failed at it, or its answer could not be read.
    #[error("{subject}: {reason}")]
    Server {
        /// What was asked about, such as `workflow pipeline-run-1`.
        subject: String,
        /// What came back.
        reason: String,
    },
}
