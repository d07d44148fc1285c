//! What each engine makes again after a change: by its own records, by user code, or everything.

use anyhow::{Context as _, Result, ensure};
use orchbench_lab::python;
use tempfile::TempDir;

use crate::audit;
use crate::made::{all_pass, read, run, values};

/// What has to be judged in every trial of one.
const JUDGED: [&str; 4] = [
    "completeness",
    "parents_first",
    "publication",
    "acknowledged_end",
];

const INTERRUPTED: &str = "parameters = { changed = [\"interrupted\"] }";

fn counts(run: &TempDir, changed: &str) -> Result<[f64; 3]> {
    counts_in(run, "change", changed)
}

fn counts_in(run: &TempDir, scenario: &str, changed: &str) -> Result<[f64; 3]> {
    let of = |metric: &str| -> Result<f64> {
        let found = values(run, scenario, metric)?;
        let mut of_change = found.iter().filter(|(place, _)| place == changed);
        let (_, value) = of_change.next().context("no such trial")?;
        Ok(*value)
    };
    Ok([
        of("steps_needed")?,
        of("steps_needless")?,
        of("steps_missed")?,
    ])
}

/// The levels of a pattern, over all trials that show one.
fn levels(run: &TempDir, pattern: &str) -> Result<Vec<f64>> {
    let measurements = read(run, "measurements.json")?;
    let measurements = measurements["measurements"].as_array().context("none")?;
    let of_pattern = measurements.iter().filter(|each| {
        each["metric"] == "capability_level" && each["factors"]["pattern"] == pattern
    });
    let trials = of_pattern.flat_map(|each| each["trials"].as_array().into_iter().flatten());
    let values = trials.flat_map(|trial| trial["values"].as_array().into_iter().flatten());
    Ok(values.filter_map(serde_json::Value::as_f64).collect())
}

/// All three changes on an engine that makes no more than it has to.
fn exact(engine: &str, level: f64) -> Result<()> {
    let run = run(engine, &[("change", "")], 0)?;
    ensure!(counts(&run, "nothing")? == [0.0, 0.0, 0.0]);
    ensure!(counts(&run, "partition")? == [6.0, 0.0, 0.0]);
    ensure!(counts(&run, "code")? == [7.0, 0.0, 0.0]);
    ensure!(levels(&run, "asset-definition")? == [level; 2]);
    ensure!(levels(&run, "partition-change")? == [level]);
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn the_asset_engine_knows_by_its_catalog() -> Result<()> {
    exact("asset-engine", 2.0)
}

#[test]
fn a_workflow_of_temporal_keeps_what_was_made_of_what() -> Result<()> {
    exact("temporal", 1.0)
}

/// A source of one day: a run of a process a step takes its time.
#[test]
fn dagster_knows_by_its_data_versions() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    let parameters =
        "parameters = { source = \"one-day\", day = \"2013-01-01\", changed = [\"partition\"] }";
    let run = run("dagster", &[("change", parameters)], 0)?;
    ensure!(counts(&run, "partition")? == [6.0, 0.0, 0.0]);
    ensure!(levels(&run, "partition-change")? == [2.0]);
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn plain_calls_make_everything_and_are_found_out() -> Result<()> {
    let run = run(
        "direct",
        &[("change", "parameters = { changed = [\"partition\"] }")],
        0,
    )?;
    ensure!(counts(&run, "partition")? == [6.0, 34.0, 0.0]);
    ensure!(levels(&run, "partition-change")? == [0.0]);
    all_pass(&run, &JUDGED)
}

/// A run goes on by itself, or another makes what is left; what is in work at the kill may be made twice.
fn backfilled(engine: &str) -> Result<()> {
    let run = run(engine, &[("backfill", INTERRUPTED)], 0)?;
    ensure!(levels(&run, "backfill-interrupted")? == [2.0]);
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn a_backfill_of_the_asset_engine_goes_on_from_its_catalog() -> Result<()> {
    backfilled("asset-engine")
}

#[test]
fn a_backfill_of_temporal_goes_on_from_its_history() -> Result<()> {
    backfilled("temporal")
}

#[test]
fn a_backfill_by_plain_calls_begins_from_the_start_and_is_found_out() -> Result<()> {
    let run = run("direct", &[("backfill", INTERRUPTED)], 0)?;
    ensure!(levels(&run, "backfill-interrupted")? == [0.0]);
    audit::agrees(&run.path().join("results"), &[])
}

/// A week of which one day fails at first: the others are made meanwhile, and it alone after that.
fn failing(engine: &str, level: f64) -> Result<()> {
    let parameters = "parameters = { source = \"my-source\", changed = [\"failing\"] }";
    let run = run(engine, &[("backfill", parameters)], 0)?;
    ensure!(levels(&run, "backfill-failed-only")? == [level]);
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])?;
    if level == 0.0 {
        return Ok(());
    }
    ensure!(values(&run, "backfill", "partitions_left_out")? == [("failing".to_owned(), 0.0)]);
    // Of the day: the transform, which failed, its check and the load; the marts and the announcement.
    ensure!(counts_in(&run, "backfill", "failing")? == [5.0, 0.0, 0.0]);
    Ok(())
}

#[test]
fn the_asset_engine_makes_again_what_failed_and_what_waits_for_it() -> Result<()> {
    failing("asset-engine", 2.0)
}

#[test]
fn a_workflow_of_temporal_remembers_what_did_not_fail() -> Result<()> {
    failing("temporal", 1.0)
}

#[test]
fn dagster_makes_again_what_it_calls_missing() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    failing("dagster", 2.0)
}

#[test]
fn plain_calls_make_all_of_it_again_and_are_found_out() -> Result<()> {
    failing("direct", 0.0)
}
