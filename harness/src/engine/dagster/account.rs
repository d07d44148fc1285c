//! Dagster's account of a run: its event log, as its instance tells it.

use serde::Deserialize;

use super::Instance;
use crate::engine::Account;
use orchbench_evidence::record::HistoryStep;

/// What is told.
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
    let told: Option<Told> = instance.told("account", &run)?;
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
