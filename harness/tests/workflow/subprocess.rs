//! Steps in processes of their own, started by a worker's activities.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use orchbench::engine::{StepExecution, WorkerConfig};
use orchbench_etl::journal::{Kind, Record};
use orchbench_etl::{CrashAction, CrashPlan, CrashPoint, CrashRule, FailurePlan, StepName};
use serde_json::{Value, json};

use crate::changes::changes;
use crate::evidence::{of, records, warehouse};
use crate::stage::{Stage, Worker, until};

/// Longer than any attempt may take.
const FOR_EVER_MS: u64 = 120_000;

fn config(stage: &Stage, dir: &Path, id: &str, epoch: u64) -> WorkerConfig {
    let mut config = stage.config(dir, id);
    config.execution = StepExecution::Subprocess;
    config.etl.worker_epoch = epoch;
    config
}

fn start(stage: &Stage, workflow: &str, input: &Value, id: &str) -> Result<()> {
    let input = input.to_string();
    let words = ["start", workflow, &input, "--id", id, "--task-queue", id];
    stage.json(&words).map(drop)
}

/// How it ended: its result, or its failure.
fn ended(stage: &Stage, id: &str) -> Result<Value> {
    let said = stage.workflow(&["result", id, "--json"])?;
    serde_json::from_str(&said.out).with_context(|| format!("{said:?}"))
}

/// The process that wrote a record: a writer is named after its epoch and its process.
fn process(record: &Record) -> Result<u32> {
    let pid = record.writer.rsplit('-').next();
    pid.and_then(|pid| pid.parse().ok())
        .with_context(|| format!("writer {}", record.writer))
}

pub fn heartbeats(stage: &Stage) -> Result<()> {
    let id = "processes-beat";
    let dir = stage.dir(id)?;
    let mut config = config(stage, &dir, id, 1);
    // Longer than the heartbeat timeout, which would give the step a second attempt.
    config.etl.step_delay_ms = 900;
    let worker = Worker::configured(&dir, "worker", &config)?;
    let input = json!({"source": "one-day", "heartbeat_timeout_ms": 500});
    start(stage, "DataPipelineWorkflow", &input, id)?;
    let ended = ended(stage, id)?;
    ensure!(ended["result"]["loaded"] == 842, "{ended}");

    let records = records(&dir)?;
    let begun: Vec<&Record> = of(&records, Kind::Invoke).collect();
    ensure!(begun.len() == StepName::ALL.len(), "{begun:?}");
    let mut processes = BTreeSet::from([worker.pid()]);
    for record in begun {
        ensure!(record.attempt == Some(1) && record.epoch == 1, "{record:?}");
        ensure!(record.token.is_some_and(|token| token > 1), "{record:?}");
        ensure!(processes.insert(process(record)?), "{record:?}");
    }
    worker.terminate()?;
    ensure!(worker.ended()?.code() == Some(0));
    Ok(())
}

pub fn dies_alone(stage: &Stage) -> Result<()> {
    let id = "process-dies";
    let dir = stage.dir(id)?;
    let mut config = config(stage, &dir, id, 1);
    config.etl.crash = Some(dies_at_the_load(&dir));
    let worker = Worker::configured(&dir, "worker", &config)?;
    let retry = json!({"delay_ms": 20, "max_attempts": 2});
    let input = json!({"source": "one-day", "retry": retry});
    start(stage, "DataPipelineWorkflow", &input, id)?;
    let success = ended(stage, id)?;
    ensure!(success["result"]["loaded"] == 842, "{success}");
    let found = records(&dir)?;
    let loads = of(&found, Kind::Invoke).filter(|record| record.step == Some(StepName::Load));
    let loads: Vec<&Record> = loads.collect();
    let [first, second] = loads.as_slice() else {
        anyhow::bail!("expected two loads, found {loads:?}");
    };
    ensure!((first.attempt, second.attempt) == (Some(1), Some(2)));
    ensure!(first.token < second.token, "{first:?} {second:?}");
    let changed = changes(&warehouse(&dir)?)?;
    ensure!(changed.values().all(|times| *times <= 1), "{changed:?}");
    worker.terminate()?;
    ensure!(worker.ended()?.code() == Some(0), "the worker lives on");

    // Where there is no other attempt, the run says of what it died; an error type of the step is kept.
    config.etl.crash = Some(dies_at_the_load(&stage.dir("process-dies-again")?));
    let once = json!({"source": "one-day", "retry": {"max_attempts": 1}});
    fails(stage, &config, "process-dies-once", &once, "ProcessKilled")?;
    config.etl.crash = None;
    config.etl.failure = Some(FailurePlan {
        seed: 1,
        fail_first: 9,
        steps: vec![StepName::Load],
        point: CrashPoint::BeforeEffect,
        fatal: true,
        ..FailurePlan::default()
    });
    fails(stage, &config, "process-fatal", &input, "InjectedFatal")
}

fn fails(
    stage: &Stage,
    config: &WorkerConfig,
    id: &str,
    input: &Value,
    error_type: &str,
) -> Result<()> {
    let dir = stage.dir(id)?;
    let mut config = config.clone();
    config.engine["task_queue"] = id.into();
    config.etl.journal_dir = Some(dir.join("journal"));
    let _worker = Worker::configured(&dir, "worker", &config)?;
    start(stage, "DataPipelineWorkflow", input, id)?;
    let ended = ended(stage, id)?;
    ensure!(ended["failure"]["error_type"] == error_type, "{ended}");
    let records = records(&dir)?;
    let loads = of(&records, Kind::Invoke).filter(|record| record.step == Some(StepName::Load));
    ensure!(loads.count() == 1, "{ended}");
    Ok(())
}

fn dies_at_the_load(dir: &Path) -> CrashPlan {
    CrashPlan {
        rules: vec![CrashRule {
            id: "die".to_owned(),
            step: StepName::Load,
            partition: None,
            attempt: None,
            point: CrashPoint::AfterEffect,
            action: CrashAction::KillSelf,
        }],
        dir: dir.join("crash"),
    }
}

/// Drained for too long, killed, or its workflow cancelled: nothing of the attempt goes on.
pub fn stopped(stage: &Stage) -> Result<()> {
    let pipeline = json!({"source": "one-day", "heartbeat_timeout_ms": 1000});
    // The one attempt is its own: the server's count has that of the drained worker too.
    let long = json!({"source": "my-source", "retry": {"max_attempts": 1}});
    let drained = |worker: Worker| {
        worker.terminate()?;
        let log = worker.log_path();
        let status = worker.ended()?;
        let log = std::fs::read_to_string(log)?;
        ensure!(status.code() == Some(0), "{status}: {log}");
        Ok(())
    };
    for (id, workflow, input, end) in [
        (
            "processes-drained",
            "DataPipelineWorkflow",
            &pipeline,
            drained as fn(Worker) -> _,
        ),
        (
            "processes-of-days-drained",
            "ExtractWorkflow",
            &long,
            drained,
        ),
        (
            "processes-killed",
            "DataPipelineWorkflow",
            &pipeline,
            Worker::kill,
        ),
    ] {
        let dir = stage.dir(id)?;
        let (first, processes) = at_work(stage, &dir, id, workflow, input)?;
        end(first)?;
        gone(&processes)?;
        let _second = Worker::configured(&dir, "second", &config(stage, &dir, id, 2))?;
        let ended = ended(stage, id)?;
        ensure!(ended["result"].is_object(), "{id}: {ended}");
    }

    let id = "processes-cancelled";
    let dir = stage.dir(id)?;
    let (worker, processes) = at_work(stage, &dir, id, "DataPipelineWorkflow", &pipeline)?;
    stage.workflow(&["cancel", id])?.text()?;
    gone(&processes)?;
    let ended = stage.workflow(&["result", id])?;
    ensure!(ended.err.contains("ancelled"), "{ended:?}");
    worker.terminate()?;
    ensure!(worker.ended()?.code() == Some(0));
    Ok(())
}

/// A worker some of whose steps are in work for ever, and their processes.
fn at_work(
    stage: &Stage,
    dir: &Path,
    id: &str,
    workflow: &str,
    input: &Value,
) -> Result<(Worker, Vec<u32>)> {
    let mut config = config(stage, dir, id, 1);
    config.etl.step_delay_ms = FOR_EVER_MS;
    config.engine["drain_ms"] = 200.into();
    let worker = Worker::configured(dir, "first", &config)?;
    start(stage, workflow, input, id)?;
    let processes = until("a step is in work", || {
        let begun = records(dir)?;
        let processes: Vec<u32> = of(&begun, Kind::Invoke)
            .map(process)
            .collect::<Result<_>>()?;
        Ok((!processes.is_empty()).then_some(processes))
    })?;
    Ok((worker, processes))
}

fn gone(processes: &[u32]) -> Result<()> {
    until("the processes are gone", || {
        let mut alive = processes.iter().map(|pid| format!("/proc/{pid}"));
        Ok((!alive.any(|place| Path::new(&place).exists())).then_some(()))
    })
}
