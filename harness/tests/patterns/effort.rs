//! What patterns take, by programs that run; and loops whose end depends on a result.

use anyhow::{Result, ensure};
use orchbench_lab::python;

use crate::audit;
use crate::made::{all_are, all_pass, run, values};

const WORD: &str = "parameters = { programs = [\"approval\"] }";

/// The programs of an engine: each comes out right, and takes something; the loop has this level.
fn effort(engine: &str, scenarios: &[(&str, &str)], programs: usize, level: f64) -> Result<()> {
    let run = run(engine, scenarios, 0)?;
    all_are(&run, "effort", "programs_wrong", 0.0, programs)?;
    all_are(&run, "effort", "capability_level", level, 2)?;
    for metric in ["user_lines", "user_concepts", "processes_needed"] {
        let found = values(&run, "effort", metric)?;
        ensure!(found.len() == programs, "{metric}: {found:?}");
        ensure!(found.iter().all(|(_, value)| *value > 0.0), "{found:?}");
    }
    all_pass(&run, &["completeness", "history_agrees", "saga"])?;
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn a_loop_of_temporal_is_plain_code_and_each_of_its_steps_is_in_the_history() -> Result<()> {
    effort("temporal", &[("effort", ""), ("effort", WORD)], 5, 2.0)
}

#[test]
fn a_loop_of_the_asset_engine_is_the_code_of_one_asset() -> Result<()> {
    effort("asset-engine", &[("effort", ""), ("effort", WORD)], 5, 1.0)
}

#[test]
fn a_loop_of_dagster_is_the_code_of_one_op() -> Result<()> {
    if let Err(why) = python::cached() {
        println!("not run: {why}");
        return Ok(());
    }
    let more = "parameters = { programs = [\"undoing\", \"enough\", \"short\"] }";
    effort("dagster", &[("effort", more)], 3, 1.0)
}

/// Plain calls undo nothing: they have no program of a saga, and nothing of it is counted.
#[test]
fn a_program_that_comes_out_wrong_counts_for_nothing() -> Result<()> {
    let more = "arms = [{ engine = \"direct\", settings = [\"default\"] }]\n\
                parameters = { programs = [\"approval\"], deadline_s = 2 }";
    let run = run("direct", &[("effort", more)], 0)?;
    ensure!(values(&run, "effort", "programs_wrong")?.len() == 1);
    Ok(())
}
