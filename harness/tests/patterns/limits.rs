//! Limits: runs of many steps end, with each of them, and what an engine does not take it says.

use anyhow::{Result, ensure};
use orchbench_lab::python;

use crate::audit;
use crate::made::{all_values, orchbench, run, values};

/// The shortest chain on an engine, in one of its executions: it ends with a first and a last hundred steps.
fn chain(engine: &str) -> Result<()> {
    let run = run(engine, &[("limits", "parameters = { steps = [200] }")], 0)?;
    ensure!(all_values(&run, "chains_wrong")? == [0.0]);
    ensure!(all_values(&run, "executions")? == [1.0]);
    let hundreds = all_values(&run, "hundred_ms")?;
    ensure!(hundreds.len() == 2, "{hundreds:?}");
    ensure!(hundreds.iter().all(|ms| *ms > 0.0), "{hundreds:?}");
    // Two entries a step at least: its begin and its end.
    let longest = all_values(&run, "longest_record")?;
    ensure!(
        longest.iter().all(|entries| *entries >= 400.0),
        "{longest:?}"
    );
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn a_chain_of_temporal_ends_with_each_of_its_steps() -> Result<()> {
    chain("temporal")
}

#[test]
fn a_chain_of_the_asset_engine_ends_with_each_of_its_steps() -> Result<()> {
    chain("asset-engine")
}

/// An engine that keeps no record of its steps cannot show their ends.
#[test]
fn plain_calls_have_no_record_of_their_steps_and_are_found_out() -> Result<()> {
    let more = "arms = [{ engine = \"direct\", settings = [\"default\"] }]\n\
                parameters = { steps = [200] }";
    let run = run("direct", &[("limits", more)], 0)?;
    ensure!(all_values(&run, "chains_wrong")? == [1.0]);
    ensure!(all_values(&run, "hundred_ms")?.is_empty());
    Ok(())
}

const PROBES: &str = "parameters = { probes = { name = [1000, 1001], payload = [1048576, 3145728], steps-at-once = [100, 2001] }, deadline_s = 60 }";

/// Below what Temporal's server documents and above it: what became of each. Nothing is left to check in such
/// a run, and the exit code says so.
fn probed(engine: &str, more: &str, metric: &str) -> Result<Vec<(String, f64)>> {
    let run = run(engine, &[("limits-probed", more)], 4)?;
    audit::agrees(&run.path().join("results"), &[])?;
    let mut met = values(&run, "limits-probed", metric)?;
    met.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(met)
}

#[test]
fn temporal_refuses_or_tries_again_and_says_why() -> Result<()> {
    let met = probed("temporal", PROBES, "limit_met")?;
    let met: Vec<(&str, f64)> = met.iter().map(|(how, met)| (how.as_str(), *met)).collect();
    let again = ("tried again without end, and said why", 1.0);
    let through = ("went through", 0.0);
    let refused = ("refused at once", 1.0);
    ensure!(
        met == [refused, again, again, through, through, through],
        "{met:?}"
    );
    Ok(())
}

#[test]
fn the_asset_engine_takes_what_temporal_does_not() -> Result<()> {
    let met = probed("asset-engine", PROBES, "limit_met")?;
    ensure!(met == vec![("went through".to_owned(), 0.0); 6], "{met:?}");
    Ok(())
}

#[test]
fn dagster_takes_it_too() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    let more = "arms = [{ engine = \"dagster\", settings = [\"default\"], executions = [\"in-process\"] }]\n\
                parameters = { probes = { name = [1001], payload = [3145728], steps-at-once = [20] } }";
    let met = probed("dagster", more, "limit_met")?;
    ensure!(met == vec![("went through".to_owned(), 0.0); 3], "{met:?}");
    Ok(())
}

/// A run that is still at work has met no limit.
#[test]
fn what_has_not_ended_in_time_is_not_known() -> Result<()> {
    let slow = "parameters = { probes = { steps = [2000] }, deadline_s = 1 }";
    let unknown = probed("temporal", slow, "limit_unknown")?;
    ensure!(
        unknown == [("no end in time".to_owned(), 1.0)],
        "{unknown:?}"
    );
    ensure!(probed("temporal", slow, "limit_met")?.is_empty());
    Ok(())
}

#[test]
fn fewer_steps_than_two_hundred_are_refused_with_their_place() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let few = [("limits", "parameters = { steps = [100] }")];
    let output = orchbench(dir.path(), &few, &["--plan"])?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2), "{output:?}");
    ensure!(said.contains("parameters.steps: expected"), "{said}");
    Ok(())
}
