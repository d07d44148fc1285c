//! Other code while a run waits, on each engine: which of them take a change in the middle of what is under way.

use anyhow::{Result, ensure};
use orchbench_lab::python;

use crate::audit;
use crate::made::{all_pass, run, values};

/// What has to be judged in every trial of one.
const JUDGED: [&str; 4] = [
    "signals_once",
    "single_change",
    "history_agrees",
    "acknowledged_end",
];

/// A trial of each release: all runs come out right in the end, at these levels.
fn deployed(engine: &str, scenario: &str, expected: &[(&str, f64, f64)]) -> Result<()> {
    let releases: Vec<&str> = expected.iter().map(|(release, ..)| *release).collect();
    let more = format!("parameters = {{ releases = {releases:?} }}");
    let run = run(engine, &[(scenario, &more)], 0)?;
    for (metric, of) in [
        ("capability_level", 1),
        ("rolled_back", 2),
        ("old_runs_wrong", 0),
        ("new_runs_wrong", 0),
    ] {
        let found = values(&run, scenario, metric)?;
        for (release, level, back) in expected {
            let wanted = [0.0, *level, *back][of];
            let values = found.iter().filter(|(place, _)| place == release);
            let values: Vec<f64> = values.map(|(_, value)| *value).collect();
            ensure!(values == [wanted], "{metric}, {release}: {values:?}");
        }
    }
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])
}

/// Without its guard the run is stuck by a nondeterminism, and goes on when the old code is back.
#[test]
fn temporal_goes_on_by_the_old_code_where_the_change_is_guarded() -> Result<()> {
    deployed(
        "temporal",
        "deploy",
        &[("next", 2.0, 0.0), ("next-unguarded", 0.0, 1.0)],
    )
}

/// The code that sticks in the place of the old one goes beside it: the server sends each run to its own.
#[test]
fn temporal_needs_no_guard_where_old_workers_stay_with_old_runs() -> Result<()> {
    let versioned = [("next-versioned", 2.0, 0.0)];
    deployed("temporal", "deploy-versioned", &versioned)
}

#[test]
fn the_asset_engine_goes_on_in_another_run_and_needs_no_guard() -> Result<()> {
    let both = [("next", 1.0, 0.0), ("next-unguarded", 1.0, 0.0)];
    deployed("asset-engine", "deploy", &both)
}

#[test]
fn dagster_goes_on_in_another_run_of_a_new_code_server() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    deployed("dagster", "deploy", &[("next", 1.0, 0.0)])
}
