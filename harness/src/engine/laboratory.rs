//! What the trials of a run share, and why one of them may not be made to its end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use orchbench_evidence::record::{FolderError, ResultsFolder};
use orchbench_lab::server::Provisioned;

/// What all trials of a run share.
pub struct Laboratory {
    /// Where results go.
    pub folder: ResultsFolder,
    /// Scratch space, removed at the end.
    pub scratch: PathBuf,
    /// The catalogue service to announce to.
    pub catalogue_url: String,
    /// Unpacked input, shared by all trials.
    pub staged: PathBuf,
    /// The Temporal server to use, where one is to be had.
    pub server: Option<Provisioned>,
    /// Engines that cannot be had here: name → why.
    pub unreachable: BTreeMap<String, String>,
    /// Set when the user interrupts.
    pub interrupted: Arc<std::sync::atomic::AtomicBool>,
    /// Seed of the run.
    pub seed: u64,
}

/// Why a trial could not be made to its end. An engine's wrong outcome is none of these:
/// it is recorded and judged.
#[derive(Debug, Error)]
pub enum TrialError {
    /// The user interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The engine could not be brought up.
    #[error("engine {engine}: {reason}")]
    Unreachable {
        /// The engine.
        engine: String,
        /// What it lacked.
        reason: String,
    },
    /// A run that the trial rests on did not succeed.
    #[error("{0}")]
    Run(String),
    /// The plan cannot be followed.
    #[error("{0}")]
    Plan(String),
    /// The results folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file or process of the trial.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}
