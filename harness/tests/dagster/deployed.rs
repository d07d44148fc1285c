//! Dagster deployed, as `orchbench run` drives it: code server, daemon and webserver are processes, a
//! run is one that the code server starts, and what kills one of them is judged like any other fault.

#[path = "../fixtures/unpacked.rs"]
mod unpacked;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use orchbench_etl::Summary;
use serde_json::Value;
use tempfile::TempDir;

use crate::Outcome;
use crate::driver::python;

const PROFILE: &str = concat!(
    include_str!("../fixtures/deployed.toml"),
    r#"
# A daemon that is gone for a while holds nothing up that runs.
[[scenario.parameters.plans]]
name = "daemon"
[[scenario.parameters.plans.faults]]
fault = "kill-daemon"
at = { step = "transform", point = "after_effect" }
hold_ms = 500
"#
);

/// The run's process dies, a moment later the run has failed, and run retries make a new one of the
/// missing steps: without it nothing could end the run. The step that was in flight is an orphan, which
/// may end well before the new run asks for it, so that one attempt or two of it are right.
#[test]
fn a_killed_run_is_tried_again_and_a_killed_daemon_comes_back() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let results = run(PROFILE, &python)?;
    let results = results.path();

    let killed = events(results, "load-after_effect")?;
    ensure!(count(&killed, "worker_exited", |event| event["signal"] == 9) == 1);
    let load = history(&killed, "restart/load/2013-01-01")?;
    ensure!(
        load["attempts"] == 1 || load["failed"][0]["attempt"] == 1,
        "{load}"
    );

    let daemon = events(results, "daemon")?;
    ensure!(count(&daemon, "server_killed", |event| event["pid"].is_u64()) == 1);
    ensure!(count(&daemon, "server_ready", |event| event["pid"].is_u64()) == 1);
    let transform = history(&daemon, "restart/transform/2013-01-01")?;
    ensure!(transform["attempts"] == 1, "{transform}");
    for events in [killed, daemon] {
        ensure!(count(&events, "run_ended", |event| event["failure"].is_null()) == 1);
    }
    Ok(())
}

const WEEK: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "throughput-year"
blocks = 1
arms = [{ engine = "dagster", settings = ["tuned"], executions = ["deployed"] }]
parameters = { source = "my-source" }
"#;

/// In as few runs as its users would use: what reads nothing, with partitions and without, then the rest of
/// all days, then what has no partitions.
/// The scenario's own source is the whole year, which takes minutes and is no different.
#[test]
fn many_days_are_one_backfill_and_its_rows_are_those_of_plain_calls() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let results = run(WEEK, &python)?;
    let results = results.path();
    let expected = std::fs::read_to_string(results.join("expected.json"))?;
    let expected: Value = serde_json::from_str(&expected)?;
    let expected = summary(&expected["sources"]["my-source"]["summary"])?;
    ensure!(expected.partitions == 7 && expected.loaded > 0);

    let week = events(results, "throughput-year")?;
    let ended = week.iter().find(|event| event["event"] == "run_ended");
    let ended = summary(&ended.context("no run ended")?["summary"])?;
    let of_run = Summary {
        run: ended.run.clone(),
        receipt: ended.receipt.clone(),
        // Dagster's steps leave them to their logs.
        warnings: Vec::new(),
        ..expected
    };
    ensure!(ended == of_run, "{ended:?}");
    let sample = |metric: &str| {
        let mut samples = week.iter().filter(|event| event["metric"] == metric);
        samples.find_map(|event| event["value"].as_f64())
    };
    let kept = ["dagster_runs", "materializations"].map(sample);
    ensure!(kept == [Some(4.0), Some(3.0 + 4.0 * 7.0 + 2.0)], "{kept:?}");
    Ok(())
}

fn summary(told: &Value) -> Result<Summary> {
    Ok(serde_json::from_value(told.clone())?)
}

/// The results of `orchbench run` on a profile, their packs taken apart.
fn run(profile: &str, python: &Path) -> Result<TempDir> {
    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("profile.toml"), profile)?;
    let results = tempfile::tempdir()?;
    let output = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .args(["run", "profile.toml", "--out"])
        .arg(results.path())
        .current_dir(dir.path())
        .env("XDG_STATE_HOME", dir.path().join("state"))
        .env("ORCHBENCH_PYTHON", python)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}", output.status);
    unpacked::unpack(results.path())?;
    Ok(results)
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
