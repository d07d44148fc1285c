//! Backfills while workers are killed at random instants: two at once, and one of a whole year.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::changes::changes;
use crate::evidence::{in_hand, records, warehouse};
use crate::stage::{Stage, Worker, until};

/// Of the instants; the kills are the same in every run, what they hit is not.
const SEED: u64 = 20_131_231;

/// Backfills and the kills that they have to get through.
struct Storm {
    queue: &'static str,
    /// A backfill each: two of one source would fence each other off.
    sources: &'static [&'static str],
    last: &'static str,
    days: u64,
    partitions_per_run: u32,
    /// Work added to every step: longer than from the look at the journal to the kill.
    step_delay_ms: u64,
    kills: u64,
    /// From a worker's start to its kill, milliseconds.
    pause_ms: Range<u64>,
}

pub fn two_at_once(stage: &Stage) -> Result<()> {
    storm(
        stage,
        &Storm {
            queue: "storm",
            sources: &["all", "EWR"],
            last: "2013-02-14",
            days: 45,
            partitions_per_run: 20,
            step_delay_ms: 100,
            kills: 4,
            pause_ms: 0..800,
        },
    )
}

pub fn a_year(stage: &Stage) -> Result<()> {
    storm(
        stage,
        &Storm {
            queue: "year",
            sources: &["LGA"],
            last: "2013-12-31",
            days: 365,
            partitions_per_run: 100,
            step_delay_ms: 20,
            kills: 6,
            pause_ms: 1_000..5_000,
        },
    )
}

fn storm(stage: &Stage, storm: &Storm) -> Result<()> {
    let dir = stage.dir(storm.queue)?;
    let mut config = stage.config(&dir, storm.queue);
    config.etl.step_delay_ms = storm.step_delay_ms;
    let mut start = |epoch: u64| {
        config.etl.worker_epoch = epoch;
        Worker::configured(&dir, &format!("worker-{epoch}"), &config)
    };
    let mut worker = start(1)?;
    for source in storm.sources {
        let pipeline = json!({
            "source": source,
            "concurrency": 6,
            "heartbeat_timeout_ms": 500,
            "retry": {"delay_ms": 20, "max_attempts": 0},
        });
        let input = json!({
            "pipeline": pipeline,
            "last": storm.last,
            "partitions_per_run": storm.partitions_per_run,
        });
        let id = storm.id(source);
        let input = input.to_string();
        let words = ["start", "BackfillWorkflow", &input, "--id", &id];
        stage.json(&[&words[..], &["--task-queue", storm.queue]].concat())?;
    }

    let mut instants = StdRng::seed_from_u64(SEED);
    let (mut cut, mut epoch) = (0, 1);
    while epoch <= storm.kills {
        // The instant of the kill is the matter here, not a condition; but it shall hit something,
        // and a worker has nothing in hand while a workflow task waits in a dead one's sticky queue.
        let pause_ms = instants.random_range(storm.pause_ms.clone());
        std::thread::sleep(Duration::from_millis(pause_ms));
        until("something is in hand", || {
            Ok((in_hand(&records(&dir)?, epoch) > 0).then_some(()))
        })?;
        worker.kill()?;
        cut += in_hand(&records(&dir)?, epoch);
        epoch += 1;
        worker = start(epoch)?;
    }
    ensure!(cut > 0, "no kill hit anything");
    println!("{} kills cut {cut} steps", storm.kills);
    for source in storm.sources {
        let ended = stage.json(&["result", &storm.id(source)])?;
        ensure!(ended["result"]["succeeded"] == storm.days, "{ended}");
        ensure!(ended["result"]["failed"] == json!([]), "{ended}");
    }
    worker.terminate()?;
    ensure!(worker.ended()?.code() == Some(0));

    let warehouse = warehouse(&dir)?;
    let changed = changes(&warehouse)?;
    let loads = storm.sources.len() as u64 * storm.days;
    ensure!(changed.len() as u64 == loads && changed.values().all(|times| *times == 1));
    for source in storm.sources {
        ensure!(warehouse.partitions(source)?.len() as u64 == storm.days);
        ensure!(warehouse.rows(source)?.iter().all(|row| row.copies == 1));
    }
    Ok(())
}

impl Storm {
    /// The id of a source's backfill.
    fn id(&self, source: &str) -> String {
        format!("{}-{source}", self.queue)
    }
}
