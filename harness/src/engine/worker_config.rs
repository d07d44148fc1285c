//! What a worker process is told: one JSON file, written by the harness.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use orchbench_etl::EtlConfig;
use orchbench_temporal::Target;
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
    /// The asset engine's catalog, `None` for the others.
    #[serde(default)]
    pub catalog: Option<PathBuf>,
    /// Where the asset engine executes its steps.
    #[serde(default)]
    pub execution: StepExecution,
    /// The Temporal server to poll, `None` for the others.
    #[serde(default)]
    pub temporal: Option<TemporalWorker>,
}

/// Where the asset engine executes its steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepExecution {
    /// In the worker's process.
    #[default]
    InProcess,
    /// Each in a process of its own (`orchbench step`).
    Subprocess,
}

impl StepExecution {
    /// The name in configurations and factors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProcess => "in-process",
            Self::Subprocess => "subprocess",
        }
    }
}

/// The Temporal server that a worker polls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporalWorker {
    /// The server and the namespace.
    pub server: Target,
    /// Task queue.
    pub task_queue: String,
    /// True for the tuned worker settings (sticky timeout 1 s).
    pub tuned: bool,
    /// How long to wait for the server, instead of the worker's own bound.
    #[serde(default)]
    pub connect_timeout_ms: Option<u64>,
    /// How long activities may go on after SIGTERM, instead of the worker's own bound.
    #[serde(default)]
    pub drain_ms: Option<u64>,
    /// Where to serve Prometheus metrics, `None` for nowhere.
    #[serde(default)]
    pub metrics: Option<SocketAddr>,
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
}
