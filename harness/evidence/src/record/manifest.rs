//! `manifest.json`: what the raw files held when the run had ended, so that whatever is added,
//! removed or changed afterwards is seen.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, FormatVersion};

/// SHA-256, hex, of every raw file, of its content where it is packed: other bytes that unpack to
/// the same are the same evidence. The digest of this file itself stands in the report: whoever
/// has that can tell whether a folder is the one that it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// Of the folder's own files and of the row sets, by name below the folder.
    pub files: BTreeMap<String, String>,
    /// Of each trial's files, by the trial's id and their name below it; the same whether the trial
    /// is open or packed.
    pub trials: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for Manifest {
    /// No file yet.
    fn default() -> Self {
        Self {
            format_version: FORMAT_VERSION,
            files: BTreeMap::new(),
            trials: BTreeMap::new(),
        }
    }
}

/// A file that is not what was sealed, or not what a results folder may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Its name; of a trial's file, below the folder of the trials.
    pub file: String,
    /// What is wrong with it.
    pub kind: DamageKind,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DamageKind {
    /// It was changed.
    #[error("expected SHA-256 {sealed} as sealed, found {found}")]
    Changed {
        /// The digest that was sealed.
        sealed: String,
        /// The one that it has.
        found: String,
    },
    /// It is gone.
    #[error("sealed, and missing")]
    Missing,
    /// It was added.
    #[error("not among the sealed files")]
    Surplus,
    /// It is of a trial or a scenario that is not planned.
    #[error("not of a trial of the plan")]
    NotPlanned,
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// There is no manifest.
    #[error("expected the seal of a run that was made to its end, found none")]
    NotSealed,
}
