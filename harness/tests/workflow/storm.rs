//! Two backfills at once while workers are killed at random instants.

use std::time::Duration;

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::evidence::{changes, in_hand, records, warehouse};
use crate::stage::{Stage, Worker, until};

const QUEUE: &str = "storm";
const DAYS: u64 = 45;
const KILLS: u64 = 4;
/// Of the instants; the kills are the same in every run, what they hit is not.
const SEED: u64 = 20_131_231;

pub fn random_kills(stage: &Stage) -> Result<()> {
    let dir = stage.dir(QUEUE)?;
    let mut config = stage.config(&dir, QUEUE);
    // Longer than from the look at the journal to the kill.
    config.etl.step_delay_ms = 100;
    let mut start = |epoch: u64| {
        config.etl.worker_epoch = epoch;
        Worker::configured(&dir, &format!("worker-{epoch}"), &config)
    };
    let mut worker = start(1)?;
    // Of two sources, as two runs of one would fence each other off.
    for source in ["all", "EWR"] {
        let pipeline = json!({
            "source": source,
            "concurrency": 6,
            "heartbeat_timeout_ms": 500,
            "retry": {"delay_ms": 20, "max_attempts": 0},
        });
        let input = json!({
            "pipeline": pipeline, "last": "2013-02-14", "partitions_per_run": 20,
        });
        let words = [
            "start",
            "BackfillWorkflow",
            &input.to_string(),
            "--id",
            source,
        ];
        stage.json(&[&words[..], &["--task-queue", QUEUE]].concat())?;
    }

    let mut instants = StdRng::seed_from_u64(SEED);
    let (mut cut, mut epoch) = (0, 1);
    while epoch <= KILLS {
        // The instant of the kill is the matter here, not a condition; but it shall hit something,
        // and a worker has nothing in hand while a workflow task waits in a dead one's sticky queue.
        std::thread::sleep(Duration::from_millis(instants.random_range(0..800)));
        until("something is in hand", || {
            Ok((in_hand(&records(&dir)?, epoch) > 0).then_some(()))
        })?;
        worker.kill()?;
        cut += in_hand(&records(&dir)?, epoch);
        epoch += 1;
        worker = start(epoch)?;
    }
    ensure!(cut > 0, "no kill hit anything");
    for source in ["all", "EWR"] {
        let ended = stage.json(&["result", source])?;
        ensure!(ended["result"]["succeeded"] == DAYS, "{ended}");
        ensure!(ended["result"]["failed"] == json!([]), "{ended}");
    }
    worker.terminate()?;
    ensure!(worker.ended()?.code() == Some(0));

    let warehouse = warehouse(&dir)?;
    let changed = changes(&warehouse)?;
    ensure!(changed.len() as u64 == 2 * DAYS && changed.values().all(|times| *times == 1));
    for source in ["all", "EWR"] {
        ensure!(warehouse.partitions(source)?.len() as u64 == DAYS);
        ensure!(warehouse.rows(source)?.iter().all(|row| row.copies == 1));
    }
    Ok(())
}
