//! Dagster deployed on PostgreSQL in a container, as `--server docker` has it: a run survives the kill
//! of its process there as well.

use std::process::Command;

use anyhow::{Result, ensure};
use orchbench_lab::process::TempFolder;

use crate::events::events;
use crate::images::images;

const PROFILE: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "restart-survival"
blocks = 1
twins = false
arms = [{ engine = "dagster", settings = ["tuned"], executions = ["deployed"] }]

[scenario.parameters]
arms = ["supervised"]
steps = ["load"]
points = ["after_effect"]
server_kill_sources = []
deadline_s = 180
"#;

#[test]
fn a_run_of_dagster_on_postgresql_survives_the_kill_of_its_process() -> Result<()> {
    if images().is_none() {
        return Ok(());
    }
    let folder = TempFolder::create("test-dagster")?;
    std::fs::write(folder.path().join("dagster.toml"), PROFILE)?;
    let run = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .args(["run", "dagster.toml", "--server", "docker"])
        .args(["--out", "results"])
        .env("XDG_STATE_HOME", folder.path())
        .current_dir(folder.path())
        .output()?;
    let said = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.code() == Some(0), "{}: {said}", run.status);
    let results = folder.path().join("results");
    let environment = std::fs::read_to_string(results.join("environment.json"))?;
    ensure!(environment.contains("instance of Dagster (PostgreSQL)"));
    let events = events(&results)?;
    ensure!(events.contains(r#""event":"worker_exited""#), "{events}");
    Ok(())
}
