//! Dagster's account of a run: its event log, read by a program of the project.

use serde::Deserialize;

use super::Instance;
use crate::engine::{Account, StepEnds};
use orchbench_evidence::record::HistoryStep;

/// What that program prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    succeeded: bool,
    steps: Vec<HistoryStep>,
    dagster_runs: u64,
    dagster_events: u64,
    materializations: u64,
}

/// What an instance says of a run; `None` when it does not know it.
pub(super) fn account(instance: &Instance, run: &str) -> Result<Option<Account>, String> {
    let printed = instance.told("account", "--run", run)?;
    let told: Option<Told> =
        serde_json::from_str(&printed).map_err(|error| format!("its event log: {error}"))?;
    Ok(told.map(|told| Account {
        succeeded: told.succeeded,
        steps: told.steps,
        footprint: vec![
            ("dagster_runs", told.dagster_runs),
            ("dagster_events", told.dagster_events),
            ("materializations", told.materializations),
        ],
    }))
}

/// When the steps of a run ended, by an instance's event logs.
pub(super) fn step_ends(instance: &Instance, run: &str) -> Result<StepEnds, String> {
    let printed = instance.told("ends", "--run", run)?;
    serde_json::from_str(&printed).map_err(|error| format!("its event log: {error}"))
}
