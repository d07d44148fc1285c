//! The configuration of an [`crate::Etl`]: where things are, which sink, and which faults.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::crash::CrashPlan;
use crate::failure::FailurePlan;
use crate::order::OrderServices;

/// Everything that an [`crate::Etl`] needs. It crosses processes as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EtlConfig {
    /// A folder with the five datasets as zips; `None` means the ones embedded in the binary.
    #[serde(default)]
    pub data_dir: Option<PathBuf>,
    /// The folder for `artifacts/` and `staged/`; it is made when it is not there. Several
    /// processes may share it.
    pub work_dir: PathBuf,
    /// The object store for artifacts, such as `s3://bucket/prefix`, in the place of `artifacts/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// `sqlite:PATH` or `postgres://…`.
    pub warehouse: String,
    /// How the load writes.
    #[serde(default)]
    pub sink: Sink,
    /// The folder for this process's effect journal; `None` means that none is written.
    #[serde(default)]
    pub journal_dir: Option<PathBuf>,
    /// The epoch of the worker, in the journal's file name and in each of its records.
    #[serde(default)]
    pub worker_epoch: u64,
    /// The catalogue service that `announce` posts to, such as `http://127.0.0.1:8099`.
    #[serde(default)]
    pub catalogue_url: Option<String>,
    /// The services that the steps of an order call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_services: Option<OrderServices>,
    /// A catalogue of sources; `None` means the embedded one.
    #[serde(default)]
    pub sources_file: Option<PathBuf>,
    /// Planned crashes.
    #[serde(default)]
    pub crash: Option<CrashPlan>,
    /// Planned failures.
    #[serde(default)]
    pub failure: Option<FailurePlan>,
    /// Added work inside every step's effect.
    #[serde(default)]
    pub step_delay_ms: u64,
    /// Which code of the pipelines this process has.
    #[serde(default)]
    pub release: Release,
}

impl EtlConfig {
    /// A configuration with the embedded data, an idempotent sink, and neither journal nor faults.
    #[must_use]
    pub fn new(work_dir: impl Into<PathBuf>, warehouse: impl Into<String>) -> Self {
        Self {
            data_dir: None,
            work_dir: work_dir.into(),
            store: None,
            warehouse: warehouse.into(),
            sink: Sink::default(),
            journal_dir: None,
            worker_epoch: 0,
            catalogue_url: None,
            order_services: None,
            sources_file: None,
            crash: None,
            failure: None,
            step_delay_ms: 0,
            release: Release::default(),
        }
    }
}

/// Which code of the pipelines a process has: a factor of the experiments on deployment. A process has one
/// to its end, as any program has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// The code as it is.
    #[default]
    Current,
    /// The next one, by the rules of the engine: somebody is told before a person is waited for, a step more
    /// in the middle of an approval.
    Next,
    /// The same change, made without a thought for what is under way.
    NextUnguarded,
}

impl Release {
    /// Whether somebody is told before a person is waited for.
    #[must_use]
    pub fn tells(self) -> bool {
        self != Self::Current
    }

    /// Its name, as in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::NextUnguarded => "next-unguarded",
        }
    }
}

/// How the load writes: a factor of the experiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// Whether a second load of the same rows changes anything.
    pub kind: SinkKind,
    /// Whether a write with an older token than the last one is refused.
    pub fencing: bool,
}

impl Default for Sink {
    /// Idempotent, with fencing.
    fn default() -> Self {
        Self {
            kind: SinkKind::Idempotent,
            fencing: true,
        }
    }
}

/// The two kinds of sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkKind {
    /// Writes what differs, by key.
    Idempotent,
    /// Appends all rows, each time.
    Naive,
}
