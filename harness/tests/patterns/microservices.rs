//! Orders at three services, on each engine: what becomes of them when a service fails for a while, asks to
//! come again later, never says what it did, or refuses for good.

use anyhow::{Result, ensure};
use orchbench_lab::python;

use crate::audit;
use crate::made::{all_are, all_pass, orchbench, run, values};

/// What has to be judged.
const JUDGED: [&str; 5] = [
    "saga",
    "single_change",
    "history_agrees",
    "attempts",
    "retry_after",
];

/// Troubles on an engine: those that attempts get past, and those for good, at the level of their undoing.
fn orders(engine: &str, troubles: &[&str], refusing: &[&str], undone: f64) -> Result<()> {
    let first = format!("parameters = {{ troubles = {troubles:?} }}");
    let second = format!("parameters = {{ services = {refusing:?} }}");
    let scenarios = [
        ("microservices", first.as_str()),
        ("microservices-refused", second.as_str()),
    ];
    let run = run(engine, &scenarios, 0)?;
    for (scenario, trials) in [
        ("microservices", troubles.len()),
        ("microservices-refused", refusing.len()),
    ] {
        all_are(&run, scenario, "orders_wrong", 0.0, trials)?;
        all_are(&run, scenario, "effects_left", 0.0, trials)?;
        all_are(&run, scenario, "changes_doubled", 0.0, trials)?;
        all_are(&run, scenario, "calls_too_early", 0.0, trials)?;
    }
    for (trouble, level) in values(&run, "microservices", "capability_level")? {
        let expected = if trouble == "mute" { undone } else { 2.0 };
        ensure!(level == expected, "{trouble}: {level}");
    }
    all_are(
        &run,
        "microservices-refused",
        "capability_level",
        undone,
        refusing.len(),
    )?;
    ensure!(values(&run, "microservices", "order_ms")?.len() == troubles.len());
    // Side by side with others, by its scenario.
    ensure!(values(&run, "microservices-refused", "order_ms")?.is_empty());
    all_pass(&run, &JUDGED)?;
    audit::agrees(&run.path().join("results"), &[])
}

const TROUBLES: [&str; 5] = ["nothing", "errors", "throttles", "silent", "mute"];
const SERVICES: [&str; 3] = ["reserve", "charge", "book"];

#[test]
fn temporal_undoes_an_order_in_the_run_that_failed() -> Result<()> {
    orders("temporal", &TROUBLES, &SERVICES, 2.0)
}

#[test]
fn the_asset_engine_undoes_an_order_in_a_run_of_its_own() -> Result<()> {
    orders("asset-engine", &TROUBLES, &SERVICES, 1.0)
}

#[test]
fn a_hook_of_dagster_undoes_an_order_in_a_run_of_its_own() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    // Each trial starts Python anew, and each step a process.
    orders("dagster", &["throttles", "mute"], &["book"], 1.0)
}

/// A program that calls once and has no way back leaves what it did, and is found out.
#[test]
fn plain_calls_leave_half_an_order_and_are_found_out() -> Result<()> {
    let more = "arms = [{ engine = \"direct\", settings = [\"default\"] }]\n\
                parameters = { troubles = [\"silent\"] }";
    let run = run("direct", &[("microservices", more)], 3)?;
    all_are(&run, "microservices", "capability_level", 0.0, 1)?;
    all_are(&run, "microservices", "orders_wrong", 1.0, 1)?;
    // Goods are reserved, and a card is charged although nobody was told.
    all_are(&run, "microservices", "effects_left", 2.0, 1)
}

#[test]
fn what_would_make_nothing_is_refused_with_its_place() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let none = [("microservices", "parameters = { troubles = [] }")];
    let output = orchbench(dir.path(), &none, &["--plan"])?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2), "{output:?}");
    ensure!(
        said.contains("parameters: troubles: expected at least one"),
        "{said}"
    );
    Ok(())
}
