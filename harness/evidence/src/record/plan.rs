//! `plan.json`: which trials a run was to make, in which order.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EngineRecord, FormatVersion};

/// The whole plan of a run, fixed before the first trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// Name of the profile, such as `quick`.
    pub profile: String,
    /// Seed of every random choice of the run (orders, arrivals).
    pub seed: u64,
    /// The engines of its trials, as they describe themselves.
    pub engines: Vec<EngineRecord>,
    /// The trials in the order in which they are made.
    pub trials: Vec<TrialPlan>,
    /// What the profile asks for and an engine has not, or the server at hand does not let make.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// Trials of the profile that were left out when the run was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// What they have in common, such as `fault kill-server on a server`.
    pub what: String,
    /// How many they are.
    pub trials: usize,
    /// Why they are not made.
    pub reason: String,
}

impl Plan {
    /// The engine of a name.
    pub fn engine(&self, name: &str) -> Option<&EngineRecord> {
        self.engines.iter().find(|each| each.name == name)
    }

    /// What sentences call an engine; its name where it is none of these.
    pub fn label<'a>(&'a self, name: &'a str) -> &'a str {
        let engine = self.engine(name);
        engine.map_or(name, |engine| engine.label.as_str())
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            trials,
            reason,
        } = self;
        write!(f, "not made: {what} (trials: {trials}): {reason}")
    }
}

/// One trial: one engine, at one setting, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialPlan {
    /// Unique in the plan and a plain file name, see [`super::plain_name`].
    pub id: String,
    /// The scenario's name (its file under `scenarios/`), a plain file name.
    pub scenario: String,
    /// The experiment's name: `overhead`, `throughput`, `retries`, `restart-survival`.
    pub experiment: String,
    /// The engine's name, one of [`Plan::engines`].
    pub engine: String,
    /// Name of the settings of engine and server, such as `default` and `tuned`.
    pub settings: String,
    /// The block of the interleaved order that this trial belongs to, from 0; trials of
    /// one block are compared in pairs.
    pub block: u32,
    /// What is varied besides engine and settings, such as `point` = `load/after_effect`,
    /// `arm` = `supervised`, `shape` = `chain`, `execution` = `in-process`.
    pub factors: BTreeMap<String, String>,
    /// Parameters of the scenario that this trial uses (JSON of the experiment's own type).
    pub parameters: serde_json::Value,
    /// The sources that its runs read; empty for runs of no-op steps.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Registered names of the faults that it has.
    #[serde(default)]
    pub faults: Vec<String>,
    /// How many trials of its scenario may be made at a time. Only counts are taken from those
    /// that are not alone on the machine: their times are those of a loaded one.
    #[serde(default = "alone")]
    pub side_by_side: usize,
    /// Whether it is the second of two equal trials of its block: the A of an A/A comparison.
    #[serde(default)]
    pub twin: bool,
}

fn alone() -> usize {
    1
}
