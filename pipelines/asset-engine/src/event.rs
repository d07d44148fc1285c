//! What the catalog records: events, in the order in which they were committed.
//!
//! The event log is the truth; every other table of a catalog is derived from it.

mod automation;
mod fact;
mod partitions;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::graph::Identity;
use crate::key::AssetKey;
use crate::selection::Selection;
use crate::step::StepFailure;

pub use automation::{BackfillInfo, BackfillRecord, BackfillRun, Stage, Tick};
pub use fact::{CheckResult, Observation, Report, Severity};
pub use partitions::PartitionChange;

/// The id that stands for no run.
static NO_RUN: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));

/// One committed event.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EventRecord {
    /// Position in the log, from 1, without gaps.
    pub seq: u64,
    /// When it happened: `CLOCK_MONOTONIC`, nanoseconds; comparable within one boot.
    pub t_ns: u64,
    /// When it happened: milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Fencing epoch of the executor that committed it.
    pub epoch: u64,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A run was accepted.
    RunSubmitted(Arc<RunRecord>),
    /// A run goes on that a dead executor had left open, or that had failed or was cancelled: what
    /// failed or was left out is executed after all.
    RunResumed {
        /// The run.
        run: Arc<str>,
        /// What it goes on on; empty = what it was asked on.
        identity: Arc<Identity>,
    },
    /// A step began an attempt.
    AttemptStarted(Attempt),
    /// An attempt failed; or a step failed for good because its last attempt was interrupted and the
    /// policy allows no other.
    AttemptFailed {
        /// Which attempt.
        attempt: Attempt,
        /// Why.
        failure: StepFailure,
        /// Delay before the next attempt, in nanoseconds; `None` = the step has failed for good.
        retry_delay_ns: Option<u64>,
        /// Whether the asset is a check, so that this is a failed check.
        check: bool,
    },
    /// An attempt died with its executor, as the next executor found.
    AttemptInterrupted(Attempt),
    /// An attempt succeeded, and its result counts from here on.
    Materialized(Arc<Materialization>),
    /// Data that something else makes was looked at.
    Observed(Arc<Observation>),
    /// A piece was checked.
    Checked(Arc<CheckResult>),
    /// What was made of a piece counts no longer, so that it is missing again; the data itself is
    /// not touched.
    Wiped {
        /// Empty: it is reported from outside of any run.
        run: Arc<str>,
        /// The asset.
        asset: AssetKey,
        /// Its partition.
        partition: Option<Arc<str>>,
    },
    /// A partition came or went.
    PartitionChanged(PartitionChange),
    /// Somebody beside the executor asked for the end of a run.
    CancelRequested {
        /// The run.
        run: Arc<str>,
    },
    /// An automation was evaluated.
    Ticked(Arc<Tick>),
    /// A backfill was accepted.
    BackfillRequested(Arc<BackfillRecord>),
    /// No further run of a backfill is submitted: all have ended, one that others wait for did not
    /// succeed, or it was cancelled.
    BackfillEnded {
        /// Id of the backfill.
        id: Arc<str>,
        /// How.
        status: RunStatus,
    },
    /// A backfill that had failed or was cancelled goes on.
    BackfillResumed {
        /// Id of the backfill.
        id: Arc<str>,
    },
    /// A step will not run in this run.
    Skipped {
        /// The run.
        run: Arc<str>,
        /// The asset.
        asset: AssetKey,
        /// Its partition.
        partition: Option<Arc<str>>,
        /// Why not.
        reason: SkipReason,
    },
    /// Every step of a run has ended.
    RunEnded {
        /// The run.
        run: Arc<str>,
        /// How.
        status: RunStatus,
        /// Steps that did not run because they were fresh when their turn came ([`Mode::Stale`]).
        fresh: u64,
    },
}

/// One execution of one step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Attempt {
    /// The run.
    pub run: Arc<str>,
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<Arc<str>>,
    /// Number within the run, from 1.
    pub attempt: u32,
}

/// The recorded result of a step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Materialization {
    /// The run that made it; empty = it was reported from outside of any run.
    pub run: Arc<str>,
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<Arc<str>>,
    /// The attempt that succeeded; 0 when it was reported from outside of any run.
    pub attempt: u32,
    /// Epoch of the executor that committed it.
    pub epoch: u64,
    /// Version of the data.
    pub data_version: String,
    /// Version of the code that made it.
    pub code_version: Arc<str>,
    /// What the step recorded.
    pub metadata: Value,
    /// The versions that it read, in the order of its inputs.
    pub inputs: Vec<InputVersion>,
}

/// A version that a step read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InputVersion {
    /// The asset read.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<String>,
    /// The version of its data.
    pub data_version: String,
}

/// Why a step did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// Something it depends on failed or was itself skipped.
    Upstream {
        /// The asset.
        asset: AssetKey,
        /// Its partition.
        partition: Option<String>,
    },
    /// The run was cancelled.
    Canceled,
    /// Its step, or that of something it depends on, left an asset out that it may
    /// ([`crate::Asset::skippable`]).
    LeftOut {
        /// The asset.
        asset: AssetKey,
        /// Its partition.
        partition: Option<String>,
    },
}

/// Free labels of a run, by name.
pub type RunTags = Arc<BTreeMap<String, String>>;

/// What was asked for when a run was submitted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunRecord {
    /// Id of the run.
    pub run: Arc<str>,
    /// What to materialize.
    pub selection: Selection,
    /// All of it, or what is stale.
    pub mode: Mode,
    /// The run's configuration.
    pub config: Arc<Value>,
    /// Free labels.
    pub tags: RunTags,
    /// What it was asked on, see [`crate::AssetGraph::identity`]; empty in catalogs of an older
    /// version.
    pub identity: Arc<Identity>,
}

/// Which steps of a selection run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// All of them, fresh or not.
    #[default]
    All,
    /// Those that are missing or stale when their turn comes.
    Stale,
    /// Its external assets are looked at, and nothing is made.
    Observe,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunStatus {
    /// Submitted and not ended: running, or left open by an executor that died.
    Started,
    /// Every step was materialized, or was fresh.
    Success,
    /// At least one step failed.
    Failure,
    /// Cancelled before every step had ended.
    Canceled,
}

impl Mode {
    /// The name under which a catalog stores it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Stale => "stale",
            Self::Observe => "observe",
        }
    }
}

impl RunStatus {
    /// The name under which a catalog stores it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Canceled => "canceled",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Started, Self::Success, Self::Failure, Self::Canceled]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

impl Event {
    /// The asset and the partition that it is about.
    pub(crate) fn piece(&self) -> Option<(&AssetKey, &Option<Arc<str>>)> {
        match self {
            Self::AttemptStarted(attempt)
            | Self::AttemptInterrupted(attempt)
            | Self::AttemptFailed { attempt, .. } => Some((&attempt.asset, &attempt.partition)),
            Self::Materialized(made) => Some((&made.asset, &made.partition)),
            Self::Observed(seen) => Some((&seen.asset, &seen.partition)),
            Self::Checked(check) => Some((&check.asset, &check.partition)),
            Self::Skipped {
                asset, partition, ..
            }
            | Self::Wiped {
                asset, partition, ..
            } => Some((asset, partition)),
            Self::RunSubmitted(_)
            | Self::RunResumed { .. }
            | Self::RunEnded { .. }
            | Self::CancelRequested { .. }
            | Self::Ticked(_)
            | Self::PartitionChanged(_)
            | Self::BackfillRequested(_)
            | Self::BackfillResumed { .. }
            | Self::BackfillEnded { .. } => None,
        }
    }

    /// The run that it belongs to; empty = none.
    #[must_use]
    pub fn run(&self) -> &Arc<str> {
        match self {
            Self::RunSubmitted(record) => &record.run,
            Self::RunResumed { run, .. }
            | Self::CancelRequested { run }
            | Self::Skipped { run, .. }
            | Self::Wiped { run, .. }
            | Self::RunEnded { run, .. } => run,
            Self::AttemptStarted(attempt)
            | Self::AttemptInterrupted(attempt)
            | Self::AttemptFailed { attempt, .. } => &attempt.run,
            Self::Materialized(made) => &made.run,
            Self::Observed(seen) => &seen.run,
            Self::Checked(check) => &check.run,
            Self::Ticked(_)
            | Self::PartitionChanged(_)
            | Self::BackfillRequested(_)
            | Self::BackfillResumed { .. }
            | Self::BackfillEnded { .. } => &NO_RUN,
        }
    }
}

impl InputVersion {
    /// A version of a piece.
    #[must_use]
    pub fn new(asset: AssetKey, partition: Option<&str>, data_version: impl Into<String>) -> Self {
        Self {
            asset,
            partition: partition.map(str::to_owned),
            data_version: data_version.into(),
        }
    }
}

impl Materialization {
    /// Itself, as something that another step read.
    #[must_use]
    pub fn as_input(&self) -> InputVersion {
        InputVersion {
            asset: self.asset.clone(),
            partition: self.partition.as_deref().map(str::to_owned),
            data_version: self.data_version.clone(),
        }
    }
}
