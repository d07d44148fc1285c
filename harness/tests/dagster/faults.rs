//! What Dagster does when an attempt fails, a step's process dies, or its own does.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use orchbench::engine::Ended;
use orchbench::engine::protocol::Reply;
use orchbench_etl::journal::{CrashPoint, Kind, Record};
use orchbench_etl::{CrashAction, CrashPlan, CrashRule, FailurePlan, RetrySpec, StepName};

use crate::Outcome;
use crate::driver::{Stage, pipeline, python};

/// How long a run that no process drives is watched: twice the deadline of a run that one does.
const SILENCE: Duration = Duration::from_secs(5);

fn failure(steps: &[StepName], fail_first: u32, fatal: bool) -> FailurePlan {
    FailurePlan {
        seed: 1,
        fail_first,
        steps: steps.to_vec(),
        point: CrashPoint::AfterEffect,
        fatal,
        ..FailurePlan::default()
    }
}

/// The records of a step of one day.
fn of_step(records: &[Record], step: StepName) -> Vec<&Record> {
    let of = |record: &&Record| record.step == Some(step);
    records.iter().filter(of).collect()
}

#[test]
fn attempts_are_repeated_by_the_documented_schedule() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let mut stage = Stage::new(python, "in-process", "default")?;
    stage.etl.failure = Some(failure(&[StepName::Transform, StepName::Check], 2, false));
    let retry = RetrySpec {
        max_attempts: 3,
        delay_ms: 200,
        backoff_coefficient: 2.0,
        ..RetrySpec::default()
    };
    let ended = stage.worker()?.run("r", &pipeline("one-day", retry))?;
    ensure!(matches!(ended, Ended::Succeeded { .. }), "{ended:?}");
    let records = stage.journal()?.records;
    let account = stage.account("r")?;
    for step in [StepName::Transform, StepName::Check] {
        let mut records = of_step(&records, step);
        records.sort_by_key(|record| record.t_ns);
        let kinds: Vec<_> = records.iter().map(|record| record.kind).collect();
        let (begun, failed) = (Kind::Invoke, Kind::Error);
        ensure!(
            kinds == [begun, failed, begun, failed, begun, Kind::Ok],
            "{kinds:?}"
        );
        let key = format!("r/{step}/2013-01-01");
        let told = account.steps.iter().find(|step| step.key == key);
        let told = told.context(key)?;
        ensure!(
            told.attempts == 3 && told.completed && told.failed.len() == 2,
            "{told:?}"
        );
        for (k, (told, at)) in told.failed.iter().zip([1, 3]).enumerate() {
            let (failed, next) = (records[at], records[at + 1]);
            // (2^k - 1) delays, k from 1.
            let delay_ns = ((2_u64 << k) - 1) * 200_000_000;
            ensure!(
                next.t_ns - failed.t_ns >= delay_ns,
                "{step}: attempt {}",
                k + 2
            );
            ensure!(
                told.attempt == k as u32 + 1 && (failed.t_ns..next.t_ns).contains(&told.noted_ns),
                "{told:?} between {} and {}",
                failed.t_ns,
                next.t_ns
            );
        }
    }
    Ok(())
}

#[test]
fn an_error_that_no_retry_cures_ends_the_run_at_once() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let mut stage = Stage::new(python, "in-process", "default")?;
    stage.etl.failure = Some(failure(&[StepName::Load], 1, true));
    let job = pipeline("one-day", RetrySpec::default());
    let ended = stage.worker()?.run("r", &job)?;
    let Ended::Failed(failure) = ended else {
        anyhow::bail!("{ended:?}");
    };
    ensure!(failure.error_type == "InjectedFatal", "{failure:?}");
    let account = stage.account("r")?;
    let last = account.steps.last().context("no steps")?;
    ensure!(
        !account.succeeded && last.key == "r/load/2013-01-01",
        "{account:?}"
    );
    ensure!(
        last.attempts == 1 && !last.completed && last.failed.len() == 1,
        "{last:?}"
    );
    Ok(())
}

fn crash(stage: &mut Stage, action: CrashAction) {
    stage.etl.crash = Some(CrashPlan {
        dir: stage.folder.path().join("crash"),
        rules: vec![CrashRule {
            id: "one".into(),
            step: StepName::Load,
            partition: None,
            attempt: None,
            point: CrashPoint::AfterEffect,
            action,
        }],
    });
}

#[test]
fn a_step_whose_process_is_killed_is_tried_again() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let mut stage = Stage::new(python, "in-process", "default")?;
    crash(&mut stage, CrashAction::KillSelf);
    let job = pipeline("one-day", RetrySpec::default());
    let ended = stage.worker()?.run("r", &job)?;
    ensure!(matches!(ended, Ended::Succeeded { .. }), "{ended:?}");
    let (attempts, failed) = load_of(&stage)?;
    ensure!(
        (attempts, failed) == (2, 1),
        "{attempts} attempts, {failed} failed"
    );
    Ok(())
}

#[test]
fn a_killed_worker_leaves_its_run_started_for_good() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let mut stage = Stage::new(python, "in-process", "default")?;
    let socket = stage.folder.path().join("rendezvous");
    let meeting = UnixListener::bind(&socket)?;
    crash(&mut stage, CrashAction::Rendezvous { socket });
    let job = pipeline("one-day", RetrySpec::default());
    let mut worker = stage.worker()?;
    worker.start("r", &job)?;
    let (step, _) = meeting.accept()?;
    worker.kill()?;
    // The step's process goes on alone, as nobody tells it that its run has lost its own.
    drop(step);
    let mut next = stage.worker()?;
    let reply = next.start("r", &job)?;
    ensure!(matches!(reply, Reply::Started { .. }), "{reply:?}");
    let ended = next.wait_at_most("r", SILENCE)?;
    ensure!(ended.is_none(), "{ended:?}");
    let (attempts, failed) = load_of(&stage)?;
    ensure!(
        (attempts, failed) == (1, 0),
        "{attempts} attempts, {failed} failed"
    );
    ensure!(!stage.account("r")?.succeeded);
    Ok(())
}

/// How many attempts at the load Dagster tells of, and how many of them failed.
fn load_of(stage: &Stage) -> Result<(u32, usize)> {
    let account = stage.account("r")?;
    let load = account
        .steps
        .iter()
        .find(|step| step.key == "r/load/2013-01-01");
    let load = load.context("no load")?;
    Ok((load.attempts, load.failed.len()))
}
