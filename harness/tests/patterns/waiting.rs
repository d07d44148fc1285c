//! Runs that wait for a person, on each engine: who goes on with them, also when everything was killed
//! meanwhile.

use anyhow::{Result, ensure};
use orchbench_lab::python;

use crate::audit;
use crate::made::{all_are, all_pass, all_values, orchbench, run, values};

/// What has to be judged in every trial of one.
const JUDGED: [&str; 3] = ["signals_once", "history_agrees", "acknowledged_end"];

/// Both scenarios on an engine: a trial for each of the words, and one in which everything is killed before
/// the word.
fn waiting(engine: &str, words: &[&str], level: f64) -> Result<()> {
    let parameters = format!("parameters = {{ words = {words:?} }}");
    let scenarios = [("waiting", parameters.as_str()), ("waiting-restart", "")];
    let run = run(engine, &scenarios, 0)?;
    for (scenario, trials) in [("waiting", words.len()), ("waiting-restart", 1)] {
        all_are(&run, scenario, "capability_level", level, trials)?;
        all_are(&run, scenario, "approvals_wrong", 0.0, trials)?;
        all_are(&run, scenario, "changes_doubled", 0.0, trials)?;
    }
    ensure!(values(&run, "waiting", "wake_ms")?.len() == words.len());
    // Side by side with others, by its scenario.
    ensure!(values(&run, "waiting-restart", "wake_ms")?.is_empty());
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])
}

/// A word that comes when the run waits no longer: nothing is announced, somebody was told once that none had come,
/// and the person learns of it or not.
fn too_late(engine: &str, level: f64, taken: f64) -> Result<()> {
    let more = "parameters = { words = [\"too-late\"] }";
    let run = run(engine, &[("waiting", more)], 0)?;
    all_are(&run, "waiting", "approvals_wrong", 0.0, 1)?;
    all_are(&run, "waiting", "capability_level", level, 1)?;
    all_are(&run, "waiting", "late_word_taken", taken, 1)?;
    all_pass(&run, &["history_agrees", "acknowledged_end"])?;
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn temporal_gives_up_by_itself_and_tells_who_comes_too_late() -> Result<()> {
    too_late("temporal", 2.0, 0.0)
}

#[test]
fn the_asset_engine_gives_up_by_a_sensor_and_takes_a_late_word_in_silence() -> Result<()> {
    too_late("asset-engine", 1.0, 1.0)
}

#[test]
fn so_does_dagster() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    too_late("dagster", 1.0, 1.0)
}

#[test]
fn temporal_goes_on_in_the_run_that_waited() -> Result<()> {
    waiting("temporal", &["once", "twice"], 2.0)
}

#[test]
fn the_asset_engine_goes_on_in_a_run_of_its_own() -> Result<()> {
    waiting("asset-engine", &["once", "twice"], 1.0)
}

#[test]
fn a_sensor_of_dagster_goes_on_in_a_run_of_its_own() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    // A trial takes half a minute.
    waiting("dagster", &["twice"], 1.0)
}

/// It goes on in itself; and what waits in a process is lost with it. In one process: deployed, the two trials
/// take minutes.
#[test]
fn a_step_of_dagster_that_blocks_waits_as_long_as_its_process_lives() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    let more = "arms = [{ engine = \"dagster\", settings = [\"default\"], executions = [\"in-process\"] }]\n\
                parameters = { deadline_s = 30 }";
    let run = run("dagster", &[("waiting-blocking", more)], 0)?;
    for (metric, expected) in [
        ("capability_level", [2.0, 0.0]),
        ("approvals_wrong", [0.0, 1.0]),
        ("changes_doubled", [0.0, 0.0]),
    ] {
        let found = values(&run, "waiting-blocking", metric)?;
        let found: Vec<f64> = found.into_iter().map(|(_, value)| value).collect();
        ensure!(found == expected, "{metric}: {found:?}");
    }
    audit::agrees(&run.path().join("results"), &[])
}

/// A program that does not wait announces without a word: its engine lacks the pattern.
#[test]
fn plain_calls_wait_for_nobody_and_are_found_out() -> Result<()> {
    let more = "arms = [{ engine = \"direct\", settings = [\"default\"] }]\n\
                parameters = { words = [\"once\"], deadline_s = 2 }";
    let run = run("direct", &[("waiting", more)], 0)?;
    all_are(&run, "waiting", "capability_level", 0.0, 1)?;
    all_are(&run, "waiting", "approvals_wrong", 1.0, 1)
}

/// It may wait a moment later: there was no word, and nothing to judge.
#[test]
fn a_run_that_is_not_seen_to_wait_in_time_decides_nothing() -> Result<()> {
    let more = "parameters = { words = [\"once\"], deadline_s = 0 }";
    let run = run("temporal", &[("waiting", more)], 4)?;
    for metric in ["approvals_wrong", "capability_level"] {
        ensure!(all_values(&run, metric)?.is_empty());
    }
    Ok(())
}

#[test]
fn what_would_make_nothing_or_the_same_twice_is_refused_with_its_place() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let none = [("waiting", "parameters = { words = [] }")];
    let twice = [("waiting", ""), ("waiting", "")];
    for (scenarios, expected) in [
        (&none[..], "parameters: words: expected at least one"),
        (
            &twice[..],
            "profile mine: waiting: expected each trial once, found waiting.",
        ),
    ] {
        let output = orchbench(dir.path(), scenarios, &["--plan"])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{output:?}");
        ensure!(said.contains(expected), "{said}");
    }
    Ok(())
}
