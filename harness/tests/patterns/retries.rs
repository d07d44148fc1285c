//! How delays before retries can be asked for, on each engine.

use anyhow::{Result, ensure};
use orchbench_lab::python;

use crate::audit;
use crate::made::{all_pass, run, values};

/// The level of each case, as the engine shows it; the policy is kept in all of them.
fn spacing(engine: &str, delay_ms: u32, expected: &[(&str, f64)]) -> Result<()> {
    let cases: Vec<&str> = expected.iter().map(|(case, _)| *case).collect();
    let more = format!("parameters = {{ cases = {cases:?}, delay_ms = {delay_ms} }}");
    let run = run(engine, &[("policy-spacing", &more)], 0)?;
    let mut found = values(&run, "policy-spacing", "capability_level")?;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = expected
        .iter()
        .map(|(case, level)| ((*case).to_owned(), *level));
    ensure!(found == expected.collect::<Vec<_>>(), "{found:?}");
    all_pass(&run, &["attempts"])?;
    audit::agrees(&run.path().join("results"), &[])
}

const ALL: [(&str, f64); 3] = [("capped", 2.0), ("constant", 2.0), ("exponential", 2.0)];

#[test]
fn temporal_spaces_retries_as_asked() -> Result<()> {
    spacing("temporal", 1000, &ALL)
}

#[test]
fn the_asset_engine_spaces_retries_as_asked() -> Result<()> {
    spacing("asset-engine", 500, &ALL)
}

#[test]
fn a_policy_of_dagster_has_no_longest_delay() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    spacing("dagster", 2000, &[("capped", 0.0), ("constant", 2.0)])
}
