//! Errors: of a step, with a type that every engine's retry policy can name, and of opening.

use std::path::PathBuf;

use orchbench_journal::ErrorType;
use serde::{Deserialize, Serialize};

use crate::source::SourceError;

/// Why a step failed. It crosses processes and engines as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct StepError {
    /// The kind, which decides whether another attempt makes sense.
    pub error_type: ErrorType,
    /// What happened, with the file or id, what was expected and what was found.
    pub message: String,
    /// When to come again, in milliseconds from now, where the other side has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl StepError {
    /// An error of this type.
    #[must_use]
    pub fn new(error_type: ErrorType, message: impl Into<String>) -> Self {
        Self {
            error_type,
            message: message.into(),
            retry_after_ms: None,
        }
    }

    /// Whether another attempt can help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.error_type.retryable()
    }
}

/// Why [`crate::Etl::open`] failed.
#[derive(Debug, thiserror::Error)]
pub enum EtlError {
    /// The configuration has a value that cannot be used.
    #[error("configuration: {0}")]
    Config(String),
    /// The source catalogue cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A folder cannot be made.
    #[error("folder {}: cannot be made: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The object store for artifacts cannot be used.
    #[error("artifact store: {0}")]
    Store(String),
    /// The warehouse cannot be opened.
    #[error(transparent)]
    Warehouse(#[from] crate::warehouse::WarehouseError),
    /// The effect journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] orchbench_journal::JournalError),
}
