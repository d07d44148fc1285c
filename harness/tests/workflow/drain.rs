//! SIGTERM in mid-activity, with another worker on the same queue.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use orchbench_etl::journal::{Kind, Record, read_dir};

use crate::evidence::{in_hand, of, records};
use crate::stage::{Stage, Worker, until};

/// Runs at a time: enough that both workers have work in hand at any moment.
const RUNS: usize = 6;
/// Added work in each step, so that SIGTERM meets one.
const STEP_MS: u64 = 200;
const DRAIN_MS: u64 = 20_000;

pub fn sigterm(stage: &Stage) -> Result<()> {
    let dir = stage.dir("drain")?;
    let sources = sources(&dir)?;
    let worker = |epoch: u64| {
        let mut config = stage.config(&dir, "drain");
        config.etl.worker_epoch = epoch;
        config.etl.step_delay_ms = STEP_MS;
        config.etl.sources_file = Some(sources.clone());
        config.engine["drain_ms"] = DRAIN_MS.into();
        Worker::configured(&dir, &format!("worker-{epoch}"), &config)
    };
    let (first, second) = (worker(1)?, worker(2)?);
    for run in 0..RUNS {
        let id = format!("drained-{run}");
        let source = format!("\"day-{run}\"");
        let words = ["start", "DataPipelineWorkflow", &source, "--id", &id];
        stage.json(&[&words[..], &["--task-queue", "drain"]].concat())?;
    }
    let records = || records(&dir);
    until("both workers have work in hand", || {
        let records = records()?;
        Ok((in_hand(&records, 1) > 0 && in_hand(&records, 2) > 0).then_some(()))
    })?;
    first.terminate()?;
    let begun = std::time::Instant::now();
    let status = first.ended()?;
    let took_ms = begun.elapsed().as_millis();
    ensure!(status.code() == Some(0), "the drained worker: {status}");
    ensure!(took_ms <= u128::from(DRAIN_MS), "drained in {took_ms} ms");
    ensure!(in_hand(&records()?, 1) == 0, "an attempt was cut");

    for run in 0..RUNS {
        let ended = stage.json(&["result", &format!("drained-{run}")])?;
        ensure!(ended["result"]["partitions"] == 1, "{ended}");
    }
    second.terminate()?;
    ensure!(second.ended()?.code() == Some(0));
    let journal = read_dir(&dir.join("journal"))?;
    ensure!(journal.problems.is_empty(), "{:?}", journal.problems);
    let invoked: Vec<&Record> = of(&journal.records, Kind::Invoke).collect();
    let ended = of(&journal.records, Kind::Ok).count();
    ensure!(
        ended == invoked.len(),
        "{} began, {ended} ended",
        invoked.len()
    );
    // Every step of every run once, so nothing was lost and nothing was done again. It may be a second
    // attempt: a task that the server handed over in the moment of the hang-up began nowhere.
    ensure!(invoked.len() == RUNS * orchbench_etl::StepName::ALL.len());
    let handed_over = invoked
        .iter()
        .filter(|record| record.attempt != Some(1))
        .count();
    println!("drained in {took_ms} ms; {handed_over} tasks were given twice, none was done twice");
    Ok(())
}

/// A step that outlasts the drain is given up within the bound, and another worker does it again.
pub fn overlong(stage: &Stage) -> Result<()> {
    let dir = stage.dir("overlong")?;
    let worker = |epoch: u64, step_delay_ms: u64| {
        let mut config = stage.config(&dir, "overlong");
        config.etl.worker_epoch = epoch;
        config.etl.step_delay_ms = step_delay_ms;
        config.engine["drain_ms"] = 200.into();
        Worker::configured(&dir, &format!("worker-{epoch}"), &config)
    };
    // Longer than the attempt may take at all.
    let first = worker(1, 120_000)?;
    let words = [
        "start",
        "DataPipelineWorkflow",
        "\"one-day\"",
        "--id",
        "overlong",
    ];
    stage.json(&[&words[..], &["--task-queue", "overlong"]].concat())?;
    let records = || records(&dir);
    until("a step is in hand", || {
        Ok((in_hand(&records()?, 1) > 0).then_some(()))
    })?;
    let _second = worker(2, 0)?;
    first.terminate()?;
    let log = first.log_path();
    let status = first.ended()?;
    ensure!(
        status.code() == Some(1),
        "the worker that gave up: {status}"
    );
    let log = std::fs::read_to_string(log)?;
    ensure!(
        log.contains("activities still running 2200 ms after"),
        "{log}"
    );
    let given_up = in_hand(&records()?, 1);
    ensure!(given_up > 0, "nothing was given up");
    let ended = stage.json(&["result", "overlong"])?;
    ensure!(ended["result"]["partitions"] == 1, "{ended}");
    let again = records()?
        .iter()
        .filter(|record| record.kind == Kind::Invoke && record.attempt == Some(2))
        .count();
    ensure!(again == given_up, "{given_up} given up, {again} done again");
    Ok(())
}

/// A source a run: two runs of one source would fence each other off.
fn sources(dir: &Path) -> Result<PathBuf> {
    let file = dir.join("sources.toml");
    let text: String = (0..RUNS)
        .map(|run| {
            let day = format!("2013-02-{:02}", run + 1);
            format!(
                "[sources.day-{run}]\ntitle = \"One day\"\nfirst = \"{day}\"\nlast = \"{day}\"\n"
            )
        })
        .collect();
    std::fs::write(&file, text)?;
    Ok(file)
}
