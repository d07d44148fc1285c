//! Errors: of a step, with a type that every engine's retry policy can name, and of opening.

use std::fmt;
use std::path::PathBuf;

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

/// The kinds of step errors. The names are the error types that retry policies name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorType {
    /// The call itself is wrong, such as a missing partition.
    BadInput,
    /// No such source in the catalogue file.
    UnknownSource,
    /// The quality check found the data wrong.
    CheckFailed,
    /// The warehouse has seen a newer fencing token, or the effect was undone before it came.
    Fenced,
    /// A dataset cannot be used.
    Dataset,
    /// The artifact store failed. Retryable.
    Artifact,
    /// The warehouse failed. Retryable.
    Warehouse,
    /// The catalogue service failed. Retryable.
    Catalogue,
    /// The catalogue service has too much to do and says when to come again. Retryable.
    Throttled,
    /// A planned failure. Retryable.
    Injected,
    /// A planned failure that no attempt cures.
    InjectedFatal,
    /// The effect journal cannot be written. Retryable.
    Journal,
}

impl ErrorType {
    /// Every type.
    pub const ALL: [Self; 12] = [
        Self::BadInput,
        Self::UnknownSource,
        Self::CheckFailed,
        Self::Fenced,
        Self::Dataset,
        Self::Artifact,
        Self::Warehouse,
        Self::Catalogue,
        Self::Throttled,
        Self::Injected,
        Self::InjectedFatal,
        Self::Journal,
    ];

    /// The names of the types that no retry cures, for the engines' retry policies.
    pub const NON_RETRYABLE: &[&str] = &[
        "BadInput",
        "UnknownSource",
        "CheckFailed",
        "Fenced",
        "Dataset",
        "InjectedFatal",
    ];

    /// The name, such as `CheckFailed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadInput => "BadInput",
            Self::UnknownSource => "UnknownSource",
            Self::CheckFailed => "CheckFailed",
            Self::Fenced => "Fenced",
            Self::Dataset => "Dataset",
            Self::Artifact => "Artifact",
            Self::Warehouse => "Warehouse",
            Self::Catalogue => "Catalogue",
            Self::Throttled => "Throttled",
            Self::Injected => "Injected",
            Self::InjectedFatal => "InjectedFatal",
            Self::Journal => "Journal",
        }
    }

    /// Whether another attempt can help.
    #[must_use]
    pub fn retryable(self) -> bool {
        !Self::NON_RETRYABLE.contains(&self.as_str())
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
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
    /// The warehouse cannot be opened.
    #[error(transparent)]
    Warehouse(#[from] crate::warehouse::WarehouseError),
    /// The effect journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_non_retryable_types_names_only_types() {
        for name in ErrorType::NON_RETRYABLE {
            assert!(
                ErrorType::ALL.iter().any(|known| known.as_str() == *name),
                "{name}"
            );
        }
        assert!(ErrorType::Warehouse.retryable());
        assert!(!ErrorType::Fenced.retryable());
    }
}
