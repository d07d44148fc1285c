//! Sagas by the harness, on each engine: who undoes a run that failed, what a kill leaves, and the level
//! of the pattern that follows.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use orchbench_lab::python;
use tempfile::TempDir;

use crate::made::{all_are, all_pass, orchbench, read, run, values};

fn counts(dir: &TempDir, scenario: &str, metric: &str) -> Result<BTreeSet<(String, u64)>> {
    let found = values(dir, scenario, metric)?.into_iter();
    Ok(found.map(|(place, value)| (place, value as u64)).collect())
}

/// The outcomes of an invariant, each with whether it is what its trial is there to show.
fn outcomes(dir: &TempDir, invariant: &str) -> Result<Vec<(String, bool)>> {
    let verdicts = read(dir, "verdicts.json")?;
    let verdicts = verdicts["verdicts"].as_array().context("none")?;
    let of = verdicts
        .iter()
        .filter(|each| each["invariant"] == invariant);
    of.map(|each| {
        let outcome = each["outcome"].as_str().context("no outcome")?;
        Ok((outcome.to_owned(), each["expected"] == true))
    })
    .collect()
}

/// What has to be judged in every trial of one.
const JUDGED: [&str; 3] = ["saga", "history_agrees", "single_change"];
const KILLS: &str = "kill_points = [\"after_effect\"]";

#[test]
fn temporal_undoes_in_the_run_that_failed_whatever_is_killed() -> Result<()> {
    let arms = "arms = [{ engine = \"temporal\", settings = [\"tuned\"] }]";
    let kills = format!("{arms}\nparameters = {{ {KILLS} }}");
    let run = run("temporal", &[("saga", ""), ("saga-kills", &kills)], 0)?;
    all_are(&run, "saga", "capability_level", 2.0, 6)?;
    all_are(&run, "saga", "sagas_wrong", 0.0, 6)?;
    all_are(&run, "saga-kills", "sagas_wrong", 0.0, 6)?;
    ensure!(values(&run, "saga-kills", "capability_level")?.is_empty());
    all_pass(&run, &JUDGED)
}

#[test]
fn the_asset_engine_undoes_in_a_run_of_its_own_whatever_is_killed() -> Result<()> {
    let kills = format!("parameters = {{ {KILLS} }}");
    let run = run("asset-engine", &[("saga", ""), ("saga-kills", &kills)], 0)?;
    all_are(&run, "saga", "capability_level", 1.0, 6)?;
    all_are(&run, "saga", "sagas_wrong", 0.0, 6)?;
    all_are(&run, "saga-kills", "sagas_wrong", 0.0, 6)?;
    all_pass(&run, &JUDGED)
}

/// A hook undoes what failed; what a kill of its process leaves is found, counted and expected.
#[test]
fn dagster_undoes_by_a_hook_and_not_when_its_process_is_killed() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    let kills = format!(
        "parameters = {{ kills = [\"publish\", \"undo_publish\"], {KILLS}, deadline_s = 12 }}"
    );
    let run = run("dagster", &[("saga", ""), ("saga-kills", &kills)], 0)?;
    all_are(&run, "saga", "capability_level", 1.0, 6)?;
    all_are(&run, "saga", "sagas_wrong", 0.0, 6)?;
    all_are(&run, "saga-kills", "sagas_wrong", 1.0, 2)?;
    // Load and publication stand; of the second, the announcement and the publication are undone.
    let left = counts(&run, "saga-kills", "effects_left")?;
    let expected = [
        ("publish/after_effect", 2),
        ("undo_publish/after_effect", 1),
    ];
    ensure!(
        left == expected
            .map(|(place, left)| (place.to_owned(), left))
            .into(),
        "{left:?}"
    );
    let judged = outcomes(&run, "saga")?;
    let failed = judged.iter().filter(|(outcome, _)| outcome == "fail");
    let expected: Vec<bool> = failed.map(|(_, expected)| *expected).collect();
    ensure!(expected == [true, true], "{judged:?}");
    Ok(())
}

/// A program without a way back: an invariant is broken.
#[test]
fn plain_calls_have_no_way_back_and_are_found_out() -> Result<()> {
    let arms = "arms = [{ engine = \"direct\", settings = [\"default\"] }]";
    let fails = format!("{arms}\nparameters = {{ fails = [\"publish\"] }}");
    let run = run("direct", &[("saga", &fails)], 3)?;
    all_are(&run, "saga", "capability_level", 0.0, 2)?;
    let left = counts(&run, "saga", "effects_left")?;
    let expected = [("publish/after_effect", 2), ("publish/before_effect", 1)];
    ensure!(
        left == expected
            .map(|(place, left)| (place.to_owned(), left))
            .into(),
        "{left:?}"
    );
    Ok(())
}

#[test]
fn what_cannot_fail_or_be_killed_is_refused_by_name() -> Result<()> {
    for (parameter, expected) in [
        (
            "fails = [\"transform\"]",
            "parameters: fails: unknown step \"transform\"",
        ),
        (
            "kills = [\"escalate\"]",
            "parameters: kills: unknown step \"escalate\"",
        ),
        ("fail_points = [\"before_return\"]", "found before_return"),
    ] {
        let dir = tempfile::tempdir()?;
        let parameters = format!("parameters = {{ {parameter} }}");
        let output = orchbench(dir.path(), &[("saga", &parameters)], &["--plan"])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{parameter}: {output:?}");
        ensure!(said.contains(expected), "{parameter}: {said}");
    }
    Ok(())
}
