//! What is known of data besides how a run made it: observations, checks, and reports of either or
//! of a materialization from outside of any run.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, InputVersion, Materialization};
use crate::key::AssetKey;

/// A look at data that something else makes: its version, as it was seen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Observation {
    /// The run that looked; empty = it was reported from outside of any run.
    pub run: Arc<str>,
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<Arc<str>>,
    /// Version of the data that was seen.
    pub data_version: String,
    /// Anything worth recording.
    pub metadata: Value,
}

/// The result of one check of one piece.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CheckResult {
    /// The run that checked; empty = it was reported from outside of any run.
    pub run: Arc<str>,
    /// The asset that was checked.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<Arc<str>>,
    /// Name of the check, unique for its asset.
    pub name: Arc<str>,
    /// Whether the data is as it should be.
    pub passed: bool,
    /// What follows when it is not.
    pub severity: Severity,
    /// Version of the data that was checked; `None` = what was there when this was recorded,
    /// and not what is made anew, in whatever version.
    pub data_version: Option<String>,
    /// Anything worth recording.
    pub metadata: Value,
}

/// What follows from a failed check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// It is recorded, and nothing else.
    Warn,
    /// What is downstream does not run.
    #[default]
    Block,
}

/// What is recorded from outside of any run, see [`crate::Executor::record_all`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Report {
    /// Something was made.
    Materialized(Materialization),
    /// Something was looked at.
    Observed(Observation),
    /// Something was checked.
    Checked(CheckResult),
    /// What was made of a piece counts no longer. Refused where nothing was.
    Wiped {
        /// The asset.
        asset: AssetKey,
        /// Its partition; `None` only of an asset that has none.
        partition: Option<Arc<str>>,
    },
}

impl Report {
    /// Itself as an event of no run, committed by the executor of `epoch`.
    pub(crate) fn into_event(self, epoch: u64) -> Event {
        let run = Arc::from("");
        match self {
            Self::Materialized(made) => Event::Materialized(Arc::new(Materialization {
                run,
                epoch,
                attempt: 0,
                ..made
            })),
            Self::Observed(seen) => Event::Observed(Arc::new(Observation { run, ..seen })),
            Self::Checked(check) => Event::Checked(Arc::new(CheckResult { run, ..check })),
            Self::Wiped { asset, partition } => Event::Wiped {
                run,
                asset,
                partition,
            },
        }
    }
}

impl Materialization {
    /// Something that was made outside of any run, to be reported.
    #[must_use]
    pub fn reported(
        asset: AssetKey,
        partition: Option<&str>,
        data_version: impl Into<String>,
        code_version: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            run: Arc::from(""),
            asset,
            partition: partition.map(Arc::from),
            attempt: 0,
            epoch: 0,
            data_version: data_version.into(),
            code_version: code_version.into(),
            metadata: Value::Null,
            inputs: Vec::new(),
        }
    }

    /// Says what is worth recording.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = metadata;
        self
    }

    /// Says what it was made of, in the order of the asset's dependencies.
    #[must_use]
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = InputVersion>) -> Self {
        self.inputs = inputs.into_iter().collect();
        self
    }
}

impl Observation {
    /// A version that was seen, outside of any run and without metadata.
    #[must_use]
    pub fn new(asset: AssetKey, partition: Option<&str>, data_version: impl Into<String>) -> Self {
        Self {
            run: Arc::from(""),
            asset,
            partition: partition.map(Arc::from),
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

impl CheckResult {
    /// A blocking check's result, outside of any run and without metadata.
    #[must_use]
    pub fn new(
        asset: AssetKey,
        partition: Option<&str>,
        name: impl Into<Arc<str>>,
        passed: bool,
    ) -> Self {
        Self {
            run: Arc::from(""),
            asset,
            partition: partition.map(Arc::from),
            name: name.into(),
            passed,
            severity: Severity::Block,
            data_version: None,
            metadata: Value::Null,
        }
    }

    /// Sets what follows when it failed.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says which version of the data was checked.
    #[must_use]
    pub fn of_version(mut self, data_version: impl Into<String>) -> Self {
        self.data_version = Some(data_version.into());
        self
    }

    /// Says what is worth recording.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = metadata;
        self
    }

    /// Whether it holds back what is downstream.
    #[must_use]
    pub fn blocks(&self) -> bool {
        !self.passed && self.severity == Severity::Block
    }
}

impl From<Materialization> for Report {
    fn from(made: Materialization) -> Self {
        Self::Materialized(made)
    }
}

impl From<Observation> for Report {
    fn from(seen: Observation) -> Self {
        Self::Observed(seen)
    }
}

impl From<CheckResult> for Report {
    fn from(check: CheckResult) -> Self {
        Self::Checked(check)
    }
}
