//! The questions of the experiment `observability`, asked of each engine for real: how many it answers,
//! and that another program comes to the same scores.

#[path = "fixtures/audit.rs"]
mod audit;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

const PROFILE: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "observability"
blocks = 1
twins = false
parameters = { delete = true }
"#;

/// Scores by condition and question, as `question_score` has them.
type Scores = BTreeMap<(String, String), u32>;

const RIGHT: u32 = 3;
const WITH_USER_CODE: u32 = 2;
const WRONG: u32 = 1;
const NOT_ANSWERABLE: u32 = 0;

fn run(engine: &str) -> Result<(tempfile::TempDir, Scores)> {
    let dir = tempfile::tempdir()?;
    fs::write(dir.path().join("asked.toml"), PROFILE)?;
    let output = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .current_dir(dir.path())
        .env("XDG_STATE_HOME", dir.path().join("state"))
        .args(["run", "asked.toml", "--out", "results", "--engine", engine])
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{:?}: {said}", output.status);
    let text = fs::read_to_string(dir.path().join("results/measurements.json"))?;
    let measured: Value = serde_json::from_str(&text)?;
    let measured = measured["measurements"].as_array().context("none")?;
    let mut scores = Scores::new();
    for each in measured
        .iter()
        .filter(|each| each["metric"] == "question_score")
    {
        let factor = |name: &str| each["factors"][name].as_str().map(str::to_owned);
        let place = factor("condition").zip(factor("question"));
        let value = each["estimate"]["value"].as_f64().context("no value")?;
        scores.insert(place.context("no question")?, value as u32);
    }
    audit::agrees(&dir.path().join("results"), &[])?;
    Ok((dir, scores))
}

/// The questions of a score under a condition.
fn scored(scores: &Scores, condition: &str, score: u32) -> Vec<String> {
    let found = scores.iter();
    let found = found.filter(|((of, _), value)| of == condition && **value == score);
    found.map(|((_, question), _)| question.clone()).collect()
}

/// Everything that is not right through the engine's own API, by its score.
fn ensure_scores(scores: &Scores, condition: &str, others: &[(u32, &[&str])]) -> Result<()> {
    for score in [WITH_USER_CODE, WRONG, NOT_ANSWERABLE] {
        let expected = others.iter().find(|(of, _)| *of == score);
        let expected = expected.map_or(&[][..], |(_, questions)| questions);
        let found = scored(scores, condition, score);
        ensure!(
            found == expected,
            "{condition}, score {score}: expected {expected:?}, found {found:?} of {scores:?}"
        );
    }
    ensure!(!scored(scores, condition, RIGHT).is_empty(), "{scores:?}");
    Ok(())
}

fn python() -> Option<PathBuf> {
    let python = orchbench_lab::python::cached();
    if let Err(why) = &python {
        println!("not run: {why}");
    }
    python.ok().map(|python| python.path)
}

#[test]
fn the_asset_engine_answers_from_its_catalog_with_or_without_a_worker() -> Result<()> {
    let (_dir, mut scores) = run("asset-engine")?;
    let with_code = ["attempt-inputs", "unpublished", "who-approved"];
    // Its catalog is told of an attempt's start with the next commit, which may have come or not.
    let doing_now = scores.remove(&("present".to_owned(), "doing-now".to_owned()));
    ensure!(matches!(doing_now, Some(WRONG | RIGHT)), "{doing_now:?}");
    ensure_scores(&scores, "present", &[(WITH_USER_CODE, &with_code)])?;
    ensure_scores(&scores, "worker-dead", &[(WITH_USER_CODE, &with_code)])?;
    // There is no way to delete a run.
    ensure!(!scores.keys().any(|(condition, _)| condition == "run-gone"));
    Ok(())
}

#[test]
fn dagster_answers_from_its_instance_and_its_asset_graph() -> Result<()> {
    if python().is_none() {
        return Ok(());
    }
    let (_dir, scores) = run("dagster")?;
    let with_code = [
        "attempt-inputs",
        "made-from",
        "parent-versions",
        "unpublished",
        "who-approved",
    ];
    ensure_scores(&scores, "present", &[(WITH_USER_CODE, &with_code)])?;
    ensure_scores(&scores, "worker-dead", &[(WITH_USER_CODE, &with_code)])?;
    // What is declared stays; what was made is deleted with the run.
    ensure!(
        scored(&scores, "run-gone", RIGHT) == ["lineage"],
        "{scores:?}"
    );
    Ok(())
}

#[test]
fn temporal_answers_of_executions_from_histories_and_of_data_with_user_code() -> Result<()> {
    let (_dir, scores) = run("temporal")?;
    let with_code = [
        "bad-partition",
        "lineage",
        "made-from",
        "made-when",
        "newest-version",
        "parent-versions",
        "unpublished",
    ];
    let others: &[(u32, &[&str])] = &[
        (WITH_USER_CODE, &with_code),
        (WRONG, &["failure-reasons"]),
        (NOT_ANSWERABLE, &["refresh", "stale"]),
    ];
    ensure_scores(&scores, "present", others)?;
    ensure_scores(&scores, "worker-dead", others)?;
    // Of the other run all is there.
    ensure!(
        scored(&scores, "run-gone", WITH_USER_CODE) == ["unpublished"],
        "{scores:?}"
    );
    Ok(())
}
