//! What a worker process is told: one JSON file, written by the harness.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use orchbench_etl::EtlConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a worker process is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerConfig {
    /// The steps' surroundings; its `worker_epoch` names the worker in the journal.
    pub etl: EtlConfig,
    /// Steps in work at a time in this process.
    pub concurrency: usize,
    /// Where the engine executes its steps.
    #[serde(default)]
    pub execution: StepExecution,
    /// The engine's own part.
    #[serde(default)]
    pub engine: serde_json::Value,
}

/// Where an engine executes its steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepExecution {
    /// In the worker's process.
    #[default]
    InProcess,
    /// Each in a process of its own (`orchbench step`).
    Subprocess,
    /// Each in a process of its own that the engine forks or spawns.
    Multiprocess,
    /// As `Multiprocess`, under the engine's own services, which outlive the run.
    Deployed,
}

impl StepExecution {
    /// About what `orchbench step` costs as a process, seconds, for `orchbench run --plan`.
    pub(super) const PROCESS_S: f64 = 0.02;

    /// The name in configurations and factors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProcess => "in-process",
            Self::Subprocess => "subprocess",
            Self::Multiprocess => "multiprocess",
            Self::Deployed => "deployed",
        }
    }
}

/// Why a worker's configuration could not be read.
#[derive(Debug, Error)]
pub enum WorkerConfigError {
    /// The file could not be read.
    #[error("worker configuration {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a worker's configuration.
    #[error("worker configuration {path}: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected and found, with line and column.
        source: serde_json::Error,
    },
}

impl WorkerConfig {
    /// Reads the file that the harness wrote.
    pub fn read(path: &Path) -> Result<Self, WorkerConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| WorkerConfigError::Io {
            path: path.to_owned(),
            source,
        })?;
        serde_json::from_str(&text).map_err(|source| WorkerConfigError::Malformed {
            path: path.to_owned(),
            source,
        })
    }

    /// The engine's own part, in its own type.
    ///
    /// # Errors
    /// When it is not of that type.
    pub fn own_part<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        T::deserialize(&self.engine).context("worker configuration: engine")
    }
}
