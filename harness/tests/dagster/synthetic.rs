//! Steps that pretend to work: they take their time, fail as planned, and are made again.

use std::time::{Duration, Instant};

use anyhow::ensure;
use orchbench::engine::{Ended, Job};
use orchbench_etl::{RetrySpec, Synthetic};

use crate::Outcome;
use crate::driver::{Stage, python};

#[test]
fn a_step_that_fails_as_planned_is_made_again_as_often_as_the_policy_says() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let stage = Stage::new(python, "in-process", "default")?;
    let mut worker = stage.worker()?;
    let job = |failures: Vec<u32>| Job::Synthetic {
        steps: 3,
        work: Synthetic {
            step_ms: 50,
            failures,
            retry: RetrySpec {
                max_attempts: 3,
                delay_ms: 10,
                ..RetrySpec::default()
            },
        },
    };
    let begun = Instant::now();
    let ended = worker.run("two", &job(vec![0, 2]))?;
    ensure!(ended == Ended::Succeeded { summary: None }, "{ended:?}");
    ensure!(begun.elapsed() >= Duration::from_millis(5 * 50 + 2 * 10));
    let account = stage.account("two")?;
    ensure!(account.materializations == 3, "{account:?}");
    let ended = worker.run("three", &job(vec![3]))?;
    ensure!(matches!(ended, Ended::Failed(_)), "{ended:?}");
    Ok(())
}
