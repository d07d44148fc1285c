//! Dagster's account of a run: its event log, read by a program of the project.

use std::path::Path;

use serde::Deserialize;

use super::project::Project;
use crate::engine::Account;
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

/// What the instance in `home` says of a run; `None` when it does not know it.
pub(super) fn account(
    project: &Project,
    home: &Path,
    run: &str,
) -> Result<Option<Account>, String> {
    let words = [
        "--home".as_ref(),
        home.as_os_str(),
        "--run".as_ref(),
        run.as_ref(),
    ];
    let printed = project.told("account", &words, &home.join("account.log"))?;
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
