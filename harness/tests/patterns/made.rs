//! Trials of scenarios, made by `orchbench run`, and what was measured and judged.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

/// `orchbench run` of a profile of these scenarios, by name, each with what is laid over it.
pub fn orchbench(dir: &Path, scenarios: &[(&str, &str)], words: &[&str]) -> Result<Output> {
    Ok(command(dir, scenarios, words)?.output()?)
}

/// The same, yet to be started.
pub fn command(dir: &Path, scenarios: &[(&str, &str)], words: &[&str]) -> Result<Command> {
    let head = "description = \"the test's own\"\nseed = 7\n".to_owned();
    let profile = scenarios.iter().fold(head, |text, (name, more)| {
        format!("{text}[[scenario]]\nname = \"{name}\"\nblocks = 1\n{more}\n")
    });
    fs::write(dir.join("mine.toml"), profile)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchbench"));
    command
        .current_dir(dir)
        .env("XDG_STATE_HOME", dir.join("state"))
        .args(["run", "mine.toml"])
        .args(words)
        .stdin(Stdio::null());
    Ok(command)
}

/// The trials of an engine, made; the run has to end with this exit code.
pub fn run(engine: &str, scenarios: &[(&str, &str)], code: i32) -> Result<TempDir> {
    let dir = tempfile::tempdir()?;
    let words = ["--out", "results", "--engine", engine];
    let output = orchbench(dir.path(), scenarios, &words)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(code),
        "{:?}: {said}\n{:?}",
        output.status,
        read(&dir, "verdicts.json").map(not_passed)
    );
    Ok(dir)
}

pub fn read(dir: &TempDir, name: &str) -> Result<Value> {
    let path = dir.path().join("results").join(name);
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// The verdicts that are no pass.
fn not_passed(verdicts: Value) -> Vec<Value> {
    let all = verdicts["verdicts"].as_array().cloned();
    let all = all.into_iter().flatten();
    all.filter(|each| each["outcome"] != "pass").collect()
}

/// Every value of a metric, in the order of the conditions.
pub fn all_values(dir: &TempDir, metric: &str) -> Result<Vec<f64>> {
    let measurements = read(dir, "measurements.json")?;
    let measurements = measurements["measurements"].as_array().context("none")?;
    let of = measurements.iter().filter(|each| each["metric"] == metric);
    let values = of.flat_map(|each| each["trials"].as_array().into_iter().flatten());
    let values = values.flat_map(|trial| trial["values"].as_array().into_iter().flatten());
    Ok(values.filter_map(Value::as_f64).collect())
}

/// Every value of a metric in a scenario, with what its condition is told by.
pub fn values(dir: &TempDir, scenario: &str, metric: &str) -> Result<Vec<(String, f64)>> {
    let measurements = read(dir, "measurements.json")?;
    let measurements = measurements["measurements"].as_array().context("none")?;
    let mut found = Vec::new();
    for each in measurements {
        let factors = &each["factors"];
        if each["metric"] != metric || factors["scenario"] != scenario {
            continue;
        }
        const PLACES: [&str; 10] = [
            "release", "point", "fails", "words", "program", "changed", "clock", "case", "trouble",
            "how",
        ];
        let mut names = PLACES.iter();
        let place = names.find_map(|name| factors[*name].as_str());
        let place = place.context("no place")?;
        for value in each["trials"].as_array().into_iter().flatten() {
            for value in value["values"].as_array().into_iter().flatten() {
                found.push((place.to_owned(), value.as_f64().context("no number")?));
            }
        }
    }
    Ok(found)
}

pub fn all_are(
    dir: &TempDir,
    scenario: &str,
    metric: &str,
    wanted: f64,
    count: usize,
) -> Result<()> {
    let found = values(dir, scenario, metric)?;
    ensure!(
        found.len() == count,
        "{metric}: expected {count}, found {found:?}"
    );
    let other = found.iter().find(|(_, value)| *value != wanted);
    ensure!(
        other.is_none(),
        "{metric}: expected {wanted}, found {other:?}"
    );
    Ok(())
}

/// Every verdict is a pass, and these invariants have one.
pub fn all_pass(dir: &TempDir, invariants: &[&str]) -> Result<()> {
    let verdicts = read(dir, "verdicts.json")?;
    let verdicts = verdicts["verdicts"].as_array().context("none")?;
    let judged: BTreeSet<&str> = verdicts
        .iter()
        .filter_map(|each| each["invariant"].as_str())
        .collect();
    for invariant in invariants {
        ensure!(judged.contains(*invariant), "{invariant}: no verdict");
    }
    let other = verdicts.iter().find(|each| each["outcome"] != "pass");
    ensure!(other.is_none(), "{other:?}");
    Ok(())
}
