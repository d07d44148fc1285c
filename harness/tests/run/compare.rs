//! `orchbench compare` on a run of two engines without a server, and on copies of it.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::folder::{Folder, copy, text};
use crate::unpacked::unpack;

const OVERHEAD: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "overhead"
blocks = 4
twins = false
arms = [{ engine = "direct", settings = ["default"] }, { engine = "asset-engine", settings = ["default"] }]
parameters = { shapes = ["chain"], steps = [1, 2, 3], samples = 1 }
"#;

/// Multiplies what was timed, in a copy of a run.
fn slow(results: &Path, factor: f64) -> Result<()> {
    unpack(results)?;
    for trial in fs::read_dir(results.join("open"))? {
        let file = trial?.path().join("events.jsonl");
        let mut slowed = String::new();
        for line in fs::read_to_string(&file)?.lines() {
            let mut event: Value = serde_json::from_str(line)?;
            if event["metric"] == "run_ms"
                && let Some(value) = event["value"].as_f64()
            {
                event["value"] = (value * factor).into();
            }
            slowed += &format!("{event}\n");
        }
        fs::write(file, slowed)?;
    }
    Ok(())
}

#[test]
fn a_slower_run_fails_the_gate_and_the_same_one_does_not() -> Result<()> {
    let folder = Folder::new()?;
    fs::write(folder.path("overhead.toml"), OVERHEAD)?;
    let run = folder.orchbench(&["run", "overhead.toml", "--out", "a"])?;
    ensure!(run.status.success(), "{}", text(&run));
    copy(&folder.path("a"), &folder.path("b"))?;
    slow(&folder.path("b"), 40.0)?;

    let compare = |words: &[&str]| folder.orchbench(&[&["compare"], words].concat());
    let same = compare(&["a", "a", "--fail-on", "regression", "--strict"])?;
    ensure!(same.status.code() == Some(0), "{}", text(&same));
    ensure!(text(&same).contains("Nothing changed that these runs can tell"));
    let slower = compare(&["a", "b", "--fail-on", "regression"])?;
    ensure!(slower.status.code() == Some(11), "{}", text(&slower));
    // All of it is there, though it ends in failure.
    ensure!(text(&slower).contains("regression") && text(&slower).trim_end().ends_with('.'));
    let reported = compare(&["a", "b"])?;
    ensure!(reported.status.code() == Some(0), "{}", text(&reported));
    let beyond = compare(&["a", "b", "--fail-on", "regression", "--ratio", "100"])?;
    ensure!(beyond.status.code() == Some(0), "{}", text(&beyond));
    let json = compare(&["a", "b", "--json"])?;
    let json: Value = serde_json::from_slice(&json.stdout)?;
    ensure!(
        json["changes"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty())
    );
    let action = compare(&["a", "b", "--smaller-is-better"])?;
    let action: Value = serde_json::from_slice(&action.stdout)?;
    let of_action = action.as_array().is_some_and(|rows| {
        let whole = |row: &Value| {
            row["name"].is_string() && row["unit"].is_string() && row["value"].is_f64()
        };
        !rows.is_empty() && rows.iter().all(whole)
    });
    ensure!(of_action, "{action}");

    // A machine that is another has nothing to compare.
    let environment = folder.path("b").join("environment.json");
    let other = fs::read_to_string(&environment)?.replace("\"cpu\": \"", "\"cpu\": \"other ");
    fs::write(&environment, other)?;
    let nothing = compare(&["a", "b"])?;
    ensure!(nothing.status.code() == Some(10), "{}", text(&nothing));
    ensure!(
        text(&nothing).contains("differs: cpu: ") && text(&nothing).contains("other processors")
    );

    for words in [
        &["--ratio", "0.9"][..],
        &["--floor", "fast"],
        &["--markdown", "--json"],
    ] {
        let refused = compare(&[&["a", "b"], words].concat())?;
        ensure!(refused.status.code() == Some(2), "{}", text(&refused));
    }
    Ok(())
}
