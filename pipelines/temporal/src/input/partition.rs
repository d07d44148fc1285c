//! The argument of one day's child workflow. Its parent writes it; anyone may start one by name.

use orchbench_etl::{ArtifactRef, Day, RetrySpec};
use serde::{Deserialize, Serialize};

use super::{Validate, bounds};

/// The artifacts that every day's transform needs, extracted once a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dimensions {
    /// All airlines.
    pub airlines: ArtifactRef,
    /// All airports.
    pub airports: ArtifactRef,
    /// All planes.
    pub planes: ArtifactRef,
}

/// The argument of `PartitionWorkflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionInput {
    /// The run's id.
    pub run: String,
    /// The source's name.
    pub source: String,
    /// The day.
    pub day: Day,
    /// What the run has extracted once for all its days.
    pub dimensions: Dimensions,
    /// How the steps are retried.
    pub retry: RetrySpec,
    /// As in [`PipelineInput`].
    pub heartbeat_timeout_ms: u64,
    /// As in [`PipelineInput`].
    pub start_to_close_ms: u64,
}

impl Validate for PartitionInput {
    fn validate(&self) -> Result<(), String> {
        bounds::run(&self.run)?;
        bounds::name("source", &self.source)?;
        bounds::wait("heartbeat_timeout_ms", self.heartbeat_timeout_ms)?;
        bounds::wait("start_to_close_ms", self.start_to_close_ms)?;
        bounds::retry(&self.retry)
    }
}
