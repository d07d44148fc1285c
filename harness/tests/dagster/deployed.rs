//! Dagster deployed, as `orchbench run` drives it: code server, daemon and webserver are processes, a
//! run is one that the code server starts, and what kills one of them is judged like any other fault.

#[path = "../fixtures/unpacked.rs"]
mod unpacked;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::Outcome;
use crate::driver::python;

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

# A daemon that is gone for a while holds nothing up that runs.
[[scenario.parameters.plans]]
name = "daemon"
[[scenario.parameters.plans.faults]]
fault = "kill-daemon"
at = { step = "transform", point = "after_effect" }
hold_ms = 500
"#;

/// The run's process dies, a moment later the run has failed, and run retries make a new one of the
/// missing steps: without it nothing could end the run. The step that was in flight is an orphan, which
/// may end well before the new run asks for it, so that one attempt or two of it are right.
#[test]
fn a_killed_run_is_tried_again_and_a_killed_daemon_comes_back() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("deployed.toml"), PROFILE)?;
    let output = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .args(["run", "deployed.toml", "--out", "results"])
        .current_dir(dir.path())
        .env("XDG_STATE_HOME", dir.path().join("state"))
        .env("ORCHBENCH_PYTHON", python)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let results = dir.path().join("results");
    ensure!(output.status.success(), "{}: {said}", output.status);
    unpacked::unpack(&results)?;

    let killed = events(&results, "load-after_effect")?;
    ensure!(count(&killed, "worker_exited", |event| event["signal"] == 9) == 1);
    let load = history(&killed, "restart/load/2013-01-01")?;
    ensure!(
        load["attempts"] == 1 || load["failed"][0]["attempt"] == 1,
        "{load}"
    );

    let daemon = events(&results, "daemon")?;
    ensure!(count(&daemon, "server_killed", |event| event["pid"].is_u64()) == 1);
    ensure!(count(&daemon, "server_ready", |event| event["pid"].is_u64()) == 1);
    let transform = history(&daemon, "restart/transform/2013-01-01")?;
    ensure!(transform["attempts"] == 1, "{transform}");
    for events in [killed, daemon] {
        ensure!(count(&events, "run_ended", |event| event["failure"].is_null()) == 1);
    }
    Ok(())
}

/// What was recorded of the trial whose name has a part.
fn events(results: &Path, part: &str) -> anyhow::Result<Vec<Value>> {
    for trial in std::fs::read_dir(results.join("open"))? {
        let trial = trial?;
        if trial.file_name().to_string_lossy().contains(part) {
            let text = std::fs::read_to_string(trial.path().join("events.jsonl"))?;
            let events = text.lines().map(serde_json::from_str);
            return Ok(events.collect::<Result<_, _>>()?);
        }
    }
    anyhow::bail!("no trial {part}")
}

fn count(events: &[Value], kind: &str, is: impl Fn(&Value) -> bool) -> usize {
    let of_kind = events.iter().filter(|event| event["event"] == kind);
    of_kind.filter(|event| is(event)).count()
}

/// What Dagster says of a step by its key.
fn history<'a>(events: &'a [Value], key: &str) -> anyhow::Result<&'a Value> {
    let told = events
        .iter()
        .find(|event| event["event"] == "engine_history");
    let steps = told.and_then(|event| event["steps"].as_array());
    let found = steps.and_then(|steps| steps.iter().find(|step| step["key"] == key));
    found.with_context(|| format!("no step {key} in {told:?}"))
}
