//! What the workflows and the activities are given, and what they tell: JSON that any SDK can send.

use std::collections::BTreeMap;

use asset_engine::{Lane, RunStatus, StepCounts};
use orchbench_temporal::Validate;
use orchbench_temporal::input::MAX_CONCURRENCY;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most lanes in work at a time.
pub const AT_ONCE_MAX: usize = MAX_CONCURRENCY;

/// The argument of `MaterializeWorkflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterializeInput {
    /// Id of the run in the catalog.
    pub run: String,
    /// Which assets, in Dagster's selection syntax; `*` means all.
    #[serde(default = "all")]
    pub selection: String,
    /// Only these partitions of them; `None` means all.
    #[serde(default)]
    pub partitions: Option<Vec<String>>,
    /// Only what is stale when its turn comes.
    #[serde(default)]
    pub stale: bool,
    /// What every step sees.
    #[serde(default)]
    pub config: Value,
    /// Labels of the run.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whether a run of this id that failed or was cancelled goes on.
    #[serde(default)]
    pub reopen: bool,
    /// How many lanes are in work at a time at first; the update `set_at_once` changes it.
    #[serde(default = "at_once")]
    pub at_once: usize,
    /// After this time without a sign of life a step's host is taken for dead, in milliseconds.
    #[serde(default = "heartbeat_timeout_ms")]
    pub heartbeat_timeout_ms: u64,
    /// How many lanes one execution begins before it continues as a new one, about.
    #[serde(default = "lanes_per_execution")]
    pub lanes_per_execution: u32,
    /// What the executions before this one have done; starters leave it out.
    #[serde(default)]
    pub carried: Option<Carried>,
}

fn all() -> String {
    "*".to_owned()
}

fn at_once() -> usize {
    8
}

fn heartbeat_timeout_ms() -> u64 {
    2_000
}

fn lanes_per_execution() -> u32 {
    500
}

impl MaterializeInput {
    /// All assets, all their partitions, fresh or not.
    #[must_use]
    pub fn new(run: impl Into<String>) -> Self {
        Self {
            run: run.into(),
            selection: all(),
            partitions: None,
            stale: false,
            config: Value::Null,
            tags: BTreeMap::new(),
            reopen: false,
            at_once: at_once(),
            heartbeat_timeout_ms: heartbeat_timeout_ms(),
            lanes_per_execution: lanes_per_execution(),
            carried: None,
        }
    }
}

impl Validate for MaterializeInput {
    fn validate(&self) -> Result<(), String> {
        let id = self.run.chars().all(|c| !c.is_control()) && (1..=200).contains(&self.run.len());
        if !id {
            let length = self.run.len();
            return Err(format!(
                "run: expected 1 to 200 bytes of text, found {length}"
            ));
        }
        check_at_once(self.at_once)?;
        let timeout_ms = self.heartbeat_timeout_ms;
        if !(100..=3_600_000).contains(&timeout_ms) {
            return Err(format!(
                "heartbeat_timeout_ms: expected 100 to 3600000, found {timeout_ms}"
            ));
        }
        match self.lanes_per_execution {
            1..=1_000 => Ok(()),
            other => Err(format!(
                "lanes_per_execution: expected 1 to 1000, found {other}"
            )),
        }
    }
}

/// Whether so many lanes may be in work at a time.
pub(crate) fn check_at_once(value: usize) -> Result<(), String> {
    match value {
        1..=AT_ONCE_MAX => Ok(()),
        other => Err(format!(
            "at_once: expected 1 to {AT_ONCE_MAX}, found {other}"
        )),
    }
}

/// What a run carries from one execution of its workflow to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The stage in which it goes on.
    pub stage: u32,
    /// The lane of that stage from which on.
    pub after: u32,
    /// How many stages there are.
    pub stages: u32,
    /// How many steps there may be.
    pub steps: u64,
    /// What was done.
    pub counts: Counts,
    /// How many executions there were before.
    pub continuations: u32,
    /// How many lanes at a time, as last set.
    pub at_once: usize,
    /// Whether it begins nothing for now.
    #[serde(default)]
    pub paused: bool,
    /// The sources that could not be looked at, and why.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// Steps by how they ended, as far as a workflow knows; the catalog has all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Made.
    pub materialized: u64,
    /// Fresh when their turn came, so not executed.
    pub fresh: u64,
    /// Failed for good.
    pub failed: u64,
    /// Not executed, as something that they read was not made, in a lane that had begun.
    pub skipped: u64,
    /// Blocking checks that failed.
    pub blocked: u64,
    /// Left out by their step, or as what they read was.
    pub left_out: u64,
}

impl Counts {
    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.materialized += other.materialized;
        self.fresh += other.fresh;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.blocked += other.blocked;
        self.left_out += other.left_out;
    }

    /// Whether something may not have been made that a later step of the lane reads.
    #[must_use]
    pub fn hold_back(&self) -> bool {
        self.failed + self.skipped + self.blocked + self.left_out > 0
    }
}

impl From<StepCounts> for Counts {
    fn from(steps: StepCounts) -> Self {
        Self {
            materialized: steps.materialized,
            fresh: steps.fresh,
            failed: steps.failed,
            skipped: steps.skipped,
            blocked: steps.blocked,
            left_out: steps.left_out,
        }
    }
}

/// What the workflow of a run tells when it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterializeProgress {
    /// Steps that the plan may come to.
    pub steps: u64,
    /// What was done so far.
    pub counts: Counts,
    /// The stage that is in work, from 1, and how many there are.
    pub stage: [u32; 2],
    /// Lanes in work.
    pub in_work: u64,
    /// Lanes in work at a time at most.
    pub at_once: usize,
    /// Whether it begins nothing for now.
    pub paused: bool,
    /// Executions before this one.
    pub continuations: u32,
}

/// The result of `MaterializeWorkflow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterializeOutcome {
    /// Id of the run.
    pub run: String,
    /// How it ended.
    pub status: RunStatus,
    /// Whether it had ended so before it was asked for, so that nothing was executed.
    pub ended_before: bool,
    /// Steps by how they ended, of those that this execution and those before it went on with.
    pub counts: Counts,
    /// Executions of the workflow before the last one.
    pub continuations: u32,
    /// The sources that could not be looked at before it began, and why.
    pub problems: Vec<String>,
}

/// The argument of `PiecesWorkflow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PiecesInput {
    /// Id of the run.
    pub run: String,
    /// The steps.
    pub lane: Lane,
    /// As of the run.
    pub heartbeat_timeout_ms: u64,
    /// How many of the steps are done; starters leave it out.
    #[serde(default)]
    pub done: usize,
    /// What those came to.
    #[serde(default)]
    pub counts: Counts,
}

impl Validate for PiecesInput {
    fn validate(&self) -> Result<(), String> {
        let steps = self.lane.steps().count();
        if self.done <= steps {
            return Ok(());
        }
        Err(format!("done: expected 0 to {steps}, found {}", self.done))
    }
}
