//! The kinds of step errors, which retry policies name.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// A service has too much to do and says when to come again. Retryable.
    Throttled,
    /// A service of an order failed, or gave no answer in time. Retryable.
    Service,
    /// A service of an order refuses, and will not think better of it.
    Refused,
    /// A planned failure. Retryable.
    Injected,
    /// A planned failure that no attempt cures.
    InjectedFatal,
    /// The effect journal cannot be written. Retryable.
    Journal,
    /// The process of the step could not be run, or gave no answer. Retryable.
    ProcessFailed,
    /// The process of the step was ended by a signal. Retryable.
    ProcessKilled,
}

impl ErrorType {
    /// Every type.
    pub const ALL: [Self; 16] = [
        Self::BadInput,
        Self::UnknownSource,
        Self::CheckFailed,
        Self::Fenced,
        Self::Dataset,
        Self::Artifact,
        Self::Warehouse,
        Self::Catalogue,
        Self::Throttled,
        Self::Service,
        Self::Refused,
        Self::Injected,
        Self::InjectedFatal,
        Self::Journal,
        Self::ProcessFailed,
        Self::ProcessKilled,
    ];

    /// The names of the types that no retry cures, for the engines' retry policies.
    pub const NON_RETRYABLE: &[&str] = &[
        "BadInput",
        "UnknownSource",
        "CheckFailed",
        "Fenced",
        "Dataset",
        "Refused",
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
            Self::Service => "Service",
            Self::Refused => "Refused",
            Self::Injected => "Injected",
            Self::InjectedFatal => "InjectedFatal",
            Self::Journal => "Journal",
            Self::ProcessFailed => "ProcessFailed",
            Self::ProcessKilled => "ProcessKilled",
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
        assert!(ErrorType::ProcessKilled.retryable());
        assert!(!ErrorType::Fenced.retryable());
    }
}
