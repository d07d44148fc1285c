//! Dagster deployed on PostgreSQL in a container, as `--server docker` has it: a run survives the kill
//! of its process there as well.

use anyhow::{Result, ensure};

use crate::events::events;
use crate::images::images;
use crate::run_on_docker;

const PROFILE: &str = include_str!("../fixtures/deployed.toml");

#[test]
fn a_run_of_dagster_on_postgresql_survives_the_kill_of_its_process() -> Result<()> {
    if images().is_none() {
        return Ok(());
    }
    let folder = run_on_docker(PROFILE)?;
    let results = folder.path().join("results");
    let environment = std::fs::read_to_string(results.join("environment.json"))?;
    ensure!(environment.contains("instance of Dagster (PostgreSQL)"));
    let events = events(&results)?;
    ensure!(events.contains(r#""event":"worker_exited""#), "{events}");
    Ok(())
}
