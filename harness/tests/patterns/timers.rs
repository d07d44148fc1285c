//! Runs that wait for a time to pass, on each engine: who goes on with them, how late, and whether at all,
//! when everything was killed meanwhile.

use anyhow::{Result, ensure};
use orchbench_lab::python;

use crate::audit;
use crate::made::{all_are, all_pass, run, values};

/// What has to be judged in every trial of one.
const JUDGED: [&str; 3] = ["single_change", "history_agrees", "acknowledged_end"];

/// A trial of a scenario on an engine, with what is laid over it: it comes out right, at this level.
fn timer(engine: &str, scenario: &str, more: &str, level: f64) -> Result<()> {
    let run = run(engine, &[(scenario, more)], 0)?;
    all_are(&run, scenario, "capability_level", level, 1)?;
    all_are(&run, scenario, "timers_wrong", 0.0, 1)?;
    all_are(&run, scenario, "changes_doubled", 0.0, 1)?;
    let late = values(&run, scenario, "timer_late_ms")?;
    ensure!(late.iter().all(|(_, ms)| *ms >= 0.0), "{late:?}");
    ensure!(late.len() == 1, "{late:?}");
    let skipped = values(&run, scenario, "time_skipped_ms")?;
    let skips = skipped.iter().all(|(clock, _)| clock == "skipped");
    ensure!(skips, "{skipped:?}");
    ensure!(skipped.is_empty() == (scenario == "timers"), "{skipped:?}");
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn temporal_wakes_in_the_run_that_waited_by_either_clock() -> Result<()> {
    timer("temporal", "timers", "parameters = { embargo_s = 5 }", 2.0)?;
    timer("temporal", "timers-month", "", 2.0)
}

#[test]
fn a_sensor_of_the_asset_engine_announces_in_a_run_of_its_own() -> Result<()> {
    timer(
        "asset-engine",
        "timers",
        "parameters = { embargo_s = 3 }",
        1.0,
    )
}

#[test]
fn a_sensor_of_dagster_announces_in_a_run_of_its_own() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    timer("dagster", "timers", "parameters = { embargo_s = 20 }", 1.0)
}

/// Reminders that wait at a time: each calls for somebody once, and what they take is seen, before the restart and
/// after it, of each kind of process. As many wait as are asked for, or as can be had before the first is due.
fn many(engine: &str, asked: u32, more: &str, kinds: usize, level: f64) -> Result<usize> {
    let more =
        format!("{more}\nparameters = {{ runs = [{asked}], watch_s = 1, embargo_s = EMBARGO }}");
    let more = more.replace("EMBARGO", if engine == "dagster" { "40" } else { "14" });
    let run = run(engine, &[("timers-many", &more)], 0)?;
    let waited = values(&run, "timers-many", "runs_waiting")?;
    let [(_, waited)] = waited.as_slice() else {
        panic!("expected one number, found {waited:?}");
    };
    let waited = *waited as usize;
    all_are(&run, "timers-many", "timers_wrong", 0.0, waited)?;
    all_are(&run, "timers-many", "capability_level", level, waited)?;
    for (metric, count) in [
        ("idle_cpu_share", 2 * kinds),
        ("idle_memory_mib", 2 * kinds),
        ("idle_store_mib", 2),
        ("timer_late_p99_ms", usize::from(waited >= 100)),
    ] {
        let seen = values(&run, "timers-many", metric)?;
        ensure!(seen.len() == count, "{metric}: {seen:?}");
        let idle = metric == "idle_cpu_share";
        ensure!(
            seen.iter().all(|(_, value)| idle || *value > 0.0),
            "{metric}: {seen:?}"
        );
    }
    // A reminder changes nothing in a warehouse.
    all_pass(&run, &["history_agrees", "acknowledged_end"])?;
    audit::agrees(&run.path().join("results"), &[])?;
    Ok(waited)
}

#[test]
fn of_more_runs_than_can_be_had_to_wait_in_time_it_is_said_how_many_did() -> Result<()> {
    // Server, worker, and the harness beside them.
    let waited = many("temporal", 100_000, "", 3, 2.0)?;
    ensure!((16..100_000).contains(&waited), "{waited}");
    Ok(())
}

#[test]
fn a_hundred_runs_of_the_asset_engine_wait_and_their_cost_is_seen() -> Result<()> {
    let waited = many("asset-engine", 100, "", 2, 1.0)?;
    ensure!(waited == 100, "{waited}");
    Ok(())
}

#[test]
fn a_reminder_of_dagster_waits_for_a_sensor() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    let deployed =
        "arms = [{ engine = \"dagster\", settings = [\"default\"], executions = [\"deployed\"] }]";
    // The deployment, and the harness beside it.
    let waited = many("dagster", 1, deployed, 2, 1.0)?;
    ensure!(waited == 1, "{waited}");
    Ok(())
}

/// A program that does not wait announces before its time: its engine lacks the pattern.
#[test]
fn plain_calls_wait_for_no_time_and_are_found_out() -> Result<()> {
    let more = "arms = [{ engine = \"direct\", settings = [\"default\"] }]\n\
                parameters = { deadline_s = 2 }";
    let run = run("direct", &[("timers", more)], 0)?;
    all_are(&run, "timers", "capability_level", 0.0, 1)?;
    all_are(&run, "timers", "timers_wrong", 1.0, 1)?;
    all_are(&run, "timers", "timers_missed", 1.0, 1)
}
