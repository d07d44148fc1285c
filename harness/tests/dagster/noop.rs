//! Steps without work: what is left is Dagster's own cost, and its own bookkeeping.

use anyhow::ensure;
use orchbench::engine::{Ended, Job};
use orchbench_etl::Shape;

use crate::Outcome;
use crate::driver::{Stage, python};

#[test]
fn chains_and_fan_outs_are_made_in_one_process_and_in_several() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    for (execution, settings, shape, steps) in [
        ("in-process", "default", Shape::Chain, 6),
        ("in-process", "default", Shape::FanOut, 5),
        ("multiprocess", "default", Shape::Chain, 2),
        ("multiprocess", "tuned", Shape::FanOut, 3),
    ] {
        let stage = Stage::new(python.clone(), execution, settings)?;
        let mut worker = stage.worker()?;
        let ended = worker.run("r", &Job::Noop { shape, steps })?;
        ensure!(
            ended == Ended::Succeeded { summary: None },
            "{execution}: {ended:?}"
        );
        let account = stage.account("r")?;
        ensure!(account.succeeded, "{account:?}");
        ensure!(account.materializations == u64::from(steps), "{account:?}");
    }
    Ok(())
}
