//! Dagster's account of a run: its event log, read by a program of the project.

use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

use super::project::Project;
use crate::engine::Account;
use orchbench_evidence::record::HistoryStep;
use orchbench_lab::process::{Child, Stream};

/// What that program prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    succeeded: bool,
    steps: Vec<HistoryStep>,
    dagster_events: u64,
    materializations: u64,
}

/// What the instance in `home` says of a run; `None` when it does not know it.
pub(super) fn account(
    project: &Project,
    home: &Path,
    run: &str,
) -> Result<Option<Account>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("its event log: {error}");
    let words = [
        "--home".as_ref(),
        home.as_os_str(),
        "--run".as_ref(),
        run.as_ref(),
    ];
    let log = home.join("account.log");
    let spec = project
        .module("account", words)
        .stdout(Stream::Piped)
        .stderr(Stream::Log(log.clone()));
    let mut child = Child::spawn(&spec, "account").map_err(|error| failed(&error))?;
    let mut printed = String::new();
    if let Some(mut stdout) = child.take_stdout() {
        stdout
            .read_to_string(&mut printed)
            .map_err(|error| failed(&error))?;
    }
    let status = child.wait().map_err(|error| failed(&error))?;
    if !status.success() {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let last = said.lines().last().unwrap_or_default();
        return Err(failed(&format!("{status}: {last}")));
    }
    let told: Option<Told> = serde_json::from_str(&printed).map_err(|error| failed(&error))?;
    Ok(told.map(|told| Account {
        succeeded: told.succeeded,
        steps: told.steps,
        footprint: vec![
            ("dagster_events", told.dagster_events),
            ("materializations", told.materializations),
        ],
    }))
}
