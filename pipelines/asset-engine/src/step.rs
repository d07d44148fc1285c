//! What an asset runs: the step, what it is given and what it gives back.

use std::sync::Arc;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::event::Materialization;
use crate::key::AssetKey;
use crate::partition::Partitions;
use crate::stop::Stop;

/// The code that materializes one partition of an asset.
///
/// Called from a worker thread of the executor; it may block. The same partition may be executed
/// more than once (retry, resume after a crash), so effects outside the engine should be
/// idempotent, or fenced by [`StepContext::token`].
pub trait Step: Send + Sync {
    /// Does the work and returns the version and metadata of what was made.
    ///
    /// # Errors
    /// A [`StepFailure`], which the asset's retry policy judges.
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure>;
}

impl<F> Step for F
where
    F: Fn(&StepContext<'_>) -> Result<Materialized, StepFailure> + Send + Sync,
{
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        self(cx)
    }
}

/// What a step is given.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StepContext<'a> {
    /// Id of the run.
    pub run: &'a str,
    /// The asset to materialize; of several, the first.
    pub asset: &'a AssetKey,
    /// All of them, in the order in which they were declared.
    pub assets: &'a [AssetKey],
    /// Its partition; `None` when it has none; of several, the first.
    pub partition: Option<&'a str>,
    /// All of them, in their order; empty when it has none.
    pub partition_keys: &'a [Arc<str>],
    /// How the asset is cut.
    pub partitions: &'a Partitions,
    /// Number of this attempt in this run, from 1; a crashed attempt has counted.
    pub attempt: u32,
    /// Fencing epoch of the executor: grows each time an executor opens the catalog, so a store
    /// that refuses older epochs is safe from an orphan of a dead executor.
    pub epoch: u64,
    /// Fencing token of the attempt, for a store outside the engine: that of a later executor is higher, and so is that of an
    /// attempt behind more of the log, whoever makes it.
    pub token: u64,
    /// What the assets depend on, dependencies in their declared order, partitions in theirs: the
    /// materializations of this run, else the newest there was when the run was submitted; of a
    /// [`crate::StepWorker`], the newest there is when the attempt begins.
    pub inputs: &'a [Arc<Materialization>],
    /// The run's configuration.
    pub config: &'a Value,
    /// Whether anybody still waits for this attempt.
    pub stop: &'a Stop,
}

impl<'a> StepContext<'a> {
    /// What it reads of one asset, in the order of that one's partitions.
    pub fn inputs_of(&self, asset: &AssetKey) -> impl Iterator<Item = &'a Materialization> {
        let inputs = self.inputs.iter().map(AsRef::as_ref);
        inputs.filter(move |input: &&Materialization| input.asset == *asset)
    }

    /// The run's configuration as the type that the asset has said ([`crate::Asset::configured_by`]).
    ///
    /// # Errors
    /// It is of another type, which no further attempt will cure.
    pub fn config_as<T: Deserialize<'a>>(&self) -> Result<T, StepFailure> {
        T::deserialize(self.config)
            .map_err(|error| StepFailure::fatal(StepFailure::BAD_CONFIG, error.to_string()))
    }

    /// The time that its partition stands for, in UTC: where it begins, and where the next one does
    /// (Dagster's `partition_time_window`); of several, from the first to the last. `None` when it stands
    /// for no time.
    #[must_use]
    pub fn window(&self) -> Option<(DateTime, DateTime)> {
        let (from, _) = self.partitions.window(self.partition?)?;
        let (_, to) = self.partitions.window(self.partition_keys.last()?)?;
        Some((from, to))
    }
}

/// What a step made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Materialized {
    /// Version of the data: equal versions mean equal data, which keeps what is downstream fresh.
    pub data_version: String,
    /// Anything worth recording; references to data rather than data.
    #[serde(default)]
    pub metadata: Value,
}

impl Materialized {
    /// What was made, in a version, without metadata.
    #[must_use]
    pub fn new(data_version: impl Into<String>) -> Self {
        Self {
            data_version: data_version.into(),
            metadata: Value::Null,
        }
    }

    /// Says what is worth recording.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = metadata;
        self
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{error_type}: {message}")]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StepFailure {
    /// Name of the kind of error, by which a retry policy may refuse a retry.
    pub error_type: String,
    /// What happened.
    pub message: String,
    /// Whether another attempt could succeed.
    pub retryable: bool,
    /// When to come again at the earliest, milliseconds from now, where the other side has said so
    /// (HTTP 429 with `Retry-After`): the next retry waits that long, or its policy's delay if that is
    /// longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl StepFailure {
    /// Error type of an attempt that panicked (retryable).
    pub const PANIC: &'static str = "Panic";
    /// Error type of a step process ended by a signal (retryable).
    pub const PROCESS_KILLED: &'static str = "ProcessKilled";
    /// Error type of a step process that could not be run or gave no answer (retryable).
    pub const PROCESS_FAILED: &'static str = "ProcessFailed";
    /// Error type of an attempt that took longer than its asset allows (retryable).
    pub const TIMEOUT: &'static str = "Timeout";
    /// Error type of an attempt that was given up because its run was aborted.
    pub const ABORTED: &'static str = "Aborted";
    /// Error type of a step whose attempts were used up by crashes of the executor.
    pub const INTERRUPTED: &'static str = "Interrupted";
    /// Error type of a step that did not return one result for each asset that it makes.
    pub const WRONG_OUTPUTS: &'static str = "WrongOutputs";
    /// Error type of a step that cannot read its run's configuration.
    pub const BAD_CONFIG: &'static str = "BadConfig";
    /// Error type of a step one of whose inputs was never materialized and is not in the run.
    pub const MISSING_INPUT: &'static str = "MissingInput";

    /// Error type of a step one of whose inputs failed a blocking check, in this run or before.
    pub const BLOCKED_INPUT: &'static str = "BlockedInput";

    /// A failure that another attempt may cure.
    pub fn retryable(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            retryable: true,
            retry_after_ms: None,
        }
    }

    /// Says when to come again at the earliest.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: Option<u64>) -> Self {
        self.retry_after_ms = ms;
        self
    }

    /// A failure that no attempt will cure.
    pub fn fatal(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            retryable: false,
            retry_after_ms: None,
        }
    }
}
