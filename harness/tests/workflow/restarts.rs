//! An approval outlives the restart of everything: of its worker, and of the server with its database.

use anyhow::{Result, ensure};
use orchbench_etl::journal::{Kind, read_dir};
use serde_json::json;

use crate::stage::{Stage, Worker, until};

const QUEUE: &str = "outlive";

pub fn approval(_: &Stage) -> Result<()> {
    // A server of its own, as it is killed.
    let mut stage = Stage::open()?;
    let dir = stage.dir(QUEUE)?;
    let mut config = stage.config(&dir, QUEUE);
    let worker = Worker::configured(&dir, "first", &config)?;
    let words = [
        "start",
        "ApprovalWorkflow",
        "\"one-day\"",
        "--id",
        QUEUE,
        "--task-queue",
        QUEUE,
    ];
    stage.json(&words)?;
    waits(&stage)?;

    worker.kill()?;
    stage.restart_server()?;
    // A verdict that comes while there is no worker is kept.
    let verdict = json!({"who": "Ada", "why": "looks right"}).to_string();
    stage
        .workflow(&["signal", QUEUE, "approve", &verdict])?
        .text()?;
    stage.restart_server()?;
    config.etl.worker_epoch = 2;
    let _worker = Worker::configured(&dir, "second", &config)?;

    let ended = stage.json(&["result", QUEUE])?;
    ensure!(ended["result"]["decision"] == "approved", "{ended}");
    ensure!(ended["result"]["verdict"]["who"] == "Ada", "{ended}");
    // The loads of before were not done again, the publication was done once.
    let journal = read_dir(&dir.join("journal"))?;
    let steps = journal
        .records
        .iter()
        .filter(|record| record.kind == Kind::Invoke);
    let mut keys: Vec<_> = steps.map(|record| record.key.clone()).collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    ensure!(
        all == keys.len(),
        "{all} executions of {} steps",
        keys.len()
    );
    stage.close()
}

fn waits(stage: &Stage) -> Result<()> {
    until("it waits", || {
        let progress = stage.json(&["query", QUEUE, "progress"])?.to_string();
        Ok(progress.contains("\"waiting\"").then_some(()))
    })
}
