//! The models of a dbt project, on each engine: one fails and is repaired, and what is left is built.

use anyhow::{Result, ensure};
use orchbench_lab::python;

use crate::audit;
use crate::made::{all_are, all_pass, command, orchbench, run, values};

/// What has to be judged in every trial of one.
const JUDGED: [&str; 3] = ["history_agrees", "acknowledged_end", "journal_integrity"];
/// Two runs, with five starts of dbt where a step is one.
const REPAIRED: &str = "parameters = { cases = [\"repaired\"] }";

fn has_dbt() -> bool {
    match python::with_dbt() {
        Ok(_) => true,
        Err(why) => {
            println!("not run: {why}");
            false
        }
    }
}

fn repaired(engine: &str, level: f64, edges_unknown: f64, tests_unknown: f64) -> Result<()> {
    if !has_dbt() {
        return Ok(());
    }
    let run = run(engine, &[("dbt", REPAIRED)], 0)?;
    for (metric, wanted) in [
        ("capability_level", level),
        ("models_wrong", 0.0),
        ("models_repeated", 0.0),
        ("edges_unknown", edges_unknown),
        ("tests_unknown", tests_unknown),
    ] {
        all_are(&run, "dbt", metric, wanted, 1)?;
    }
    let graph_lines = values(&run, "dbt", "graph_lines")?;
    let written = graph_lines.iter().all(|(_, lines)| *lines > 0.0);
    ensure!(written == (level < 2.0), "{graph_lines:?}");
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn dagster_knows_models_reads_and_tests_and_builds_what_is_left() -> Result<()> {
    repaired("dagster", 2.0, 0.0, 0.0)
}

#[test]
fn the_asset_engine_knows_what_user_code_reads_from_the_manifest() -> Result<()> {
    repaired("asset-engine", 1.0, 0.0, 4.0)
}

#[test]
fn temporal_walks_what_user_code_reads_from_the_manifest() -> Result<()> {
    repaired("temporal", 1.0, 3.0, 4.0)
}

/// A program that remembers nothing builds all of it again: its engine lacks the pattern.
#[test]
fn plain_calls_build_everything_again_and_are_found_out() -> Result<()> {
    if !has_dbt() {
        return Ok(());
    }
    let more = format!("arms = [{{ engine = \"direct\", settings = [\"default\"] }}]\n{REPAIRED}");
    let run = run("direct", &[("dbt", &more)], 0)?;
    all_are(&run, "dbt", "capability_level", 0.0, 1)?;
    all_are(&run, "dbt", "models_wrong", 0.0, 1)?;
    all_are(&run, "dbt", "models_repeated", 2.0, 1)
}

#[test]
fn without_dbt_its_trials_are_left_out_with_the_reason() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let python = dir.path().join("python3");
    std::os::unix::fs::symlink("/bin/false", &python)?;
    let words = ["--out", "results", "--engine", "direct"];
    let more = "arms = [{ engine = \"direct\", settings = [\"default\"] }]";
    let output = command(dir.path(), &[("dbt", more)], &words)?
        .env("ORCHBENCH_PYTHON", &python)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2), "{output:?}");
    ensure!(said.contains("experiment dbt (trials: 2)"), "{said}");
    ensure!(said.contains("has not all of dagster"), "{said}");
    Ok(())
}

#[test]
fn a_scenario_without_a_case_is_refused_with_its_place() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let none = [("dbt", "parameters = { cases = [] }")];
    let output = orchbench(dir.path(), &none, &["--plan"])?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2), "{output:?}");
    let expected = "parameters: cases: expected at least one, found none";
    ensure!(said.contains(expected), "{said}");
    Ok(())
}
