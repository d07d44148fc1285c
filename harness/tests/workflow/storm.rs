//! Two backfills at once while workers are killed at random instants.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use orchbench_etl::Warehouse;
use orchbench_etl::journal::{Kind, read_dir};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::stage::{Stage, Worker, until};

const QUEUE: &str = "storm";
const DAYS: u64 = 45;
const KILLS: u64 = 4;
/// Of the instants; the kills are the same in every run, what they hit is not.
const SEED: u64 = 20_131_231;

pub fn random_kills(stage: &Stage) -> Result<()> {
    let dir = stage.dir(QUEUE)?;
    let mut config = stage.config(&dir, QUEUE);
    // Time for a kill to find something in hand.
    config.etl.step_delay_ms = 30;
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
        until("something is in hand", || {
            Ok((in_hand(&dir, epoch)? > 0).then_some(()))
        })?;
        // The instant of the kill is the matter here, not a condition.
        std::thread::sleep(Duration::from_millis(instants.random_range(0..800)));
        worker.kill()?;
        cut += in_hand(&dir, epoch)?;
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

    let warehouse = Warehouse::open(&format!(
        "sqlite:{}",
        dir.join("warehouse.sqlite").display()
    ))?;
    let mut changed: HashMap<String, u32> = HashMap::new();
    for applied in warehouse.applied()? {
        *changed.entry(applied.key).or_default() += u32::from(applied.rows_changed > 0);
    }
    ensure!(changed.len() as u64 == 2 * DAYS && changed.values().all(|times| *times == 1));
    for source in ["all", "EWR"] {
        ensure!(warehouse.partitions(source)?.len() as u64 == DAYS);
        ensure!(warehouse.rows(source)?.iter().all(|row| row.copies == 1));
    }
    Ok(())
}

/// Steps that this worker has begun and not ended; of a dead one, those that its death cut.
fn in_hand(dir: &std::path::Path, epoch: u64) -> Result<usize> {
    let records = read_dir(&dir.join("journal"))?.records;
    let count = |kinds: &[Kind]| {
        let of = |record: &&orchbench_etl::journal::Record| {
            record.epoch == epoch && record.step.is_some() && kinds.contains(&record.kind)
        };
        records.iter().filter(of).count()
    };
    Ok(count(&[Kind::Invoke]) - count(&[Kind::Ok, Kind::Error]))
}
