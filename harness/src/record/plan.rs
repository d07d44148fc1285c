//! `plan.json`: which trials a run was to make, in which order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole plan of a run, fixed before the first trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// Name of the profile, such as `quick`.
    pub profile: String,
    /// Seed of every random choice of the run (orders, bootstrap).
    pub seed: u64,
    /// The trials in the order in which they are made.
    pub trials: Vec<TrialPlan>,
}

/// One trial: one engine, at one setting, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialPlan {
    /// Unique in the plan and usable as a file name.
    pub id: String,
    /// The scenario's name (its file under `scenarios/`).
    pub scenario: String,
    /// The experiment's name: `overhead`, `throughput`, `retries`, `restart-survival`.
    pub experiment: String,
    /// The engine's name: `direct`, `asset-engine`, `temporal`.
    pub engine: String,
    /// Name of the settings of engine and server: `default`, `tuned`, `tuned-poll`,
    /// `tuned-timer`, `tuned-sticky`; engines without such settings say `default`.
    pub settings: String,
    /// The block of the interleaved order that this trial belongs to, from 0; trials of
    /// one block are compared in pairs.
    pub block: u32,
    /// What is varied besides engine and settings, such as `point` = `load/after_effect`,
    /// `arm` = `supervised`, `shape` = `chain`, `failure_rate` = `0.10`.
    pub factors: BTreeMap<String, String>,
    /// Parameters of the scenario that this trial uses (JSON of the experiment's own type).
    pub parameters: serde_json::Value,
}
