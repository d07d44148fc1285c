//! SIGKILL to the worker in each pattern: another one takes over, and the run ends right.
//!
//! The worker kills itself at a named point of a step, so that each case hits what it is about.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use orchbench_etl::journal::{Kind, read_dir};
use orchbench_etl::{CrashAction, CrashPlan, CrashPoint, CrashRule, FailurePlan, StepName};
use serde_json::{Value, json};

use crate::changes::changes;
use crate::evidence::warehouse;
use crate::stage::{Stage, Worker, until};

/// One pattern, the step in which its worker dies, and what its result must be.
struct Case {
    workflow: &'static str,
    input: Value,
    step: StepName,
    point: CrashPoint,
    /// A step that fails for good, so that the workflow takes its way back.
    fails: Option<StepName>,
    check: fn(&Value) -> bool,
}

/// The pipeline's part of each input: short timeouts, so that the death is noticed soon.
fn pipeline(source: &str) -> Value {
    json!({
        "source": source,
        "concurrency": 2,
        "heartbeat_timeout_ms": 500,
        "retry": {"delay_ms": 20, "max_attempts": 3},
    })
}

fn cases() -> Vec<Case> {
    use CrashPoint::{AfterEffect, BeforeEffect, BeforeReturn};
    let all_there: fn(&Value) -> bool =
        |result| result["accepted"].as_u64() > Some(0) && result["loaded"] == result["accepted"];
    let case = |workflow, input, step, point, check| Case {
        workflow,
        input,
        step,
        point,
        fails: None,
        check,
    };
    let one = || pipeline("one-day");
    let some = || pipeline("my-source");
    vec![
        case(
            "SequentialWorkflow",
            one(),
            StepName::Transform,
            AfterEffect,
            all_there,
        ),
        case(
            "ParallelWorkflow",
            some(),
            StepName::Load,
            BeforeReturn,
            all_there,
        ),
        case(
            "DataPipelineWorkflow",
            some(),
            StepName::Load,
            AfterEffect,
            all_there,
        ),
        case(
            "BackfillWorkflow",
            json!({"pipeline": some()}),
            StepName::Check,
            BeforeEffect,
            |result| result["succeeded"] == 7 && result["failed"] == json!([]),
        ),
        case(
            "ApprovalWorkflow",
            json!({"pipeline": one()}),
            StepName::Announce,
            BeforeReturn,
            |result| result["decision"] == "approved" && result["summary"]["accepted"] == 842,
        ),
        case(
            "DailyWorkflow",
            json!({"pipeline": one(), "settle_ms": 100}),
            StepName::Load,
            BeforeEffect,
            |result| result["loaded"]["rows"] == 842,
        ),
        case(
            "ExtractWorkflow",
            some(),
            StepName::ExtractFlights,
            AfterEffect,
            |result| result["days"] == 7,
        ),
    ]
}

/// Every point of every act and of every compensation of the saga.
fn saga_cases() -> Vec<Case> {
    let case = |step, point, fails| Case {
        workflow: "SagaWorkflow",
        input: pipeline("one-day"),
        step,
        point,
        fails,
        check: if fails.is_none() {
            |result| result["loaded"] == 842
        } else {
            |result| result["error_type"] == "InjectedFatal"
        },
    };
    let mut cases = Vec::new();
    for point in CrashPoint::ALL {
        for act in [StepName::Load, StepName::Publish, StepName::Announce] {
            cases.push(case(act, point, None));
        }
        for undo in StepName::BESIDE
            .into_iter()
            .filter(|step| step.undoes().is_some())
        {
            cases.push(case(undo, point, Some(StepName::Announce)));
        }
    }
    cases
}

pub fn each_pattern(stage: &Stage) -> Result<()> {
    side_by_side(stage, "pattern", &cases())
}

pub fn each_point_of_the_saga(stage: &Stage) -> Result<()> {
    side_by_side(stage, "saga", &saga_cases())
}

/// Several at a time: most of each case is waiting for a timeout.
fn side_by_side(stage: &Stage, name: &str, cases: &[Case]) -> Result<()> {
    const AT_A_TIME: usize = 6;
    for (chunk, some) in cases.chunks(AT_A_TIME).enumerate() {
        std::thread::scope(|scope| {
            let runs: Vec<_> = some
                .iter()
                .enumerate()
                .map(|(number, case)| {
                    let id = format!("killed-{name}-{}", chunk * AT_A_TIME + number);
                    scope.spawn(move || {
                        survives(stage, &id, case)
                            .with_context(|| format!("{id}: {} at {}", case.step, case.point))
                    })
                })
                .collect();
            for run in runs {
                let done = run.join();
                done.map_err(|_| anyhow::anyhow!("a case panicked"))??;
            }
            anyhow::Ok(())
        })?;
    }
    Ok(())
}

fn survives(stage: &Stage, id: &str, case: &Case) -> Result<()> {
    let dir = stage.dir(id)?;
    let mut config = stage.config(&dir, id);
    config.etl.crash = Some(CrashPlan {
        rules: vec![CrashRule {
            id: "die".to_owned(),
            step: case.step,
            partition: None,
            attempt: None,
            point: case.point,
            action: CrashAction::KillSelf,
        }],
        dir: dir.join("crash"),
    });
    config.etl.failure = case.fails.map(|step| FailurePlan {
        seed: 1,
        fail_first: 9,
        steps: vec![step],
        point: CrashPoint::BeforeEffect,
        fatal: true,
        ..FailurePlan::default()
    });
    let first = Worker::configured(&dir, "first", &config)?;
    let input = case.input.to_string();
    let words = [
        "start",
        case.workflow,
        &input,
        "--id",
        id,
        "--task-queue",
        id,
    ];
    stage.json(&words)?;
    if case.workflow == "ApprovalWorkflow" {
        approve(stage, id)?;
    }
    let status = first.ended()?;
    ensure!(
        status.signal() == Some(9),
        "expected SIGKILL, found {status}"
    );

    config.etl.worker_epoch = 2;
    let second = Worker::configured(&dir, "second", &config)?;
    let ended = stage.workflow(&["result", id, "--json"])?;
    let ended: Value = serde_json::from_str(&ended.out).with_context(|| format!("{ended:?}"))?;
    let result = ended
        .get("result")
        .or(ended.get("failure"))
        .unwrap_or(&ended);
    ensure!((case.check)(result), "{ended}");
    second.terminate()?;
    ensure!(second.ended()?.code() == Some(0));
    done_again(&dir, case.step)?;
    nothing_twice(&dir, case)
}

/// The verdict, as soon as the workflow waits for it.
fn approve(stage: &Stage, id: &str) -> Result<()> {
    until("it waits", || {
        let progress = stage.json(&["query", id, "progress"])?;
        let found = progress.to_string();
        Ok(found.contains("\"waiting\"").then_some(()))
    })?;
    let verdict = json!({"who": "Ada", "why": "looks right"}).to_string();
    stage
        .workflow(&["signal", id, "approve", &verdict])?
        .text()?;
    Ok(())
}

/// The step that was cut has a second attempt, by the other worker.
fn done_again(dir: &Path, step: StepName) -> Result<()> {
    let journal = read_dir(&dir.join("journal"))?;
    let attempts = |kind| {
        let of = move |record: &&orchbench_etl::journal::Record| {
            record.kind == kind && record.step == Some(step)
        };
        journal.records.iter().filter(of)
    };
    let crash = attempts(Kind::Crash)
        .next()
        .context("the worker did not die in its step")?;
    let again = attempts(Kind::Ok).any(|record| {
        record.key == crash.key && record.epoch == 2 && record.attempt > crash.attempt
    });
    ensure!(again, "{step} was not executed again");
    Ok(())
}

/// Whatever was executed twice has changed the warehouse once.
fn nothing_twice(dir: &Path, case: &Case) -> Result<()> {
    let warehouse = warehouse(dir)?;
    let changed = changes(&warehouse)?;
    ensure!(changed.values().all(|times| *times <= 1), "{changed:?}");
    let source = if case.input.to_string().contains("one-day") {
        "one-day"
    } else {
        "my-source"
    };
    let rows = warehouse.rows(source)?;
    ensure!(rows.iter().all(|row| row.copies == 1));
    let undone = case.fails.is_some();
    ensure!(
        warehouse.published(source)?.is_none() || !undone,
        "a version is left"
    );
    ensure!(rows.is_empty() || !undone, "{} rows are left", rows.len());
    Ok(())
}
