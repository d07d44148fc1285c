//! An approval outlives the restart of everything: of its worker, of the server, and of the
//! database that has Temporal's store and the warehouse.

use std::sync::Arc;

use anyhow::{Result, ensure};
use orchbench_etl::Warehouse;
use orchbench_etl::journal::{Kind, read_dir};
use orchbench_lab::server::{Postgres, Provisioned, ServerSettings, ServerSpec};
use serde_json::json;

use crate::changes::changes;
use crate::images::images;
use crate::stage::{Stage, Worker, until};

const QUEUE: &str = "outlive";
/// Flights of the source.
const ROWS: usize = 842;

/// The dev server with its database file.
pub fn approval(_: &Stage) -> Result<()> {
    // A server of its own, as it is killed.
    outlives(Stage::open()?, None, Stage::restart_server)
}

/// Server and PostgreSQL in containers.
pub fn approval_on_postgres(_: &Stage) -> Result<()> {
    let Some(images) = images() else {
        return Ok(());
    };
    let postgres = Arc::new(Postgres::start(&images)?);
    let folder = tempfile::tempdir()?;
    let spec = ServerSpec {
        postgres: Some(Arc::clone(&postgres)),
        ..ServerSpec::new(folder.path()).settings(ServerSettings::named("tuned")?)
    };
    let stage = Stage::on(&Provisioned::Docker(images), &spec)?;
    outlives(stage, Some(postgres.warehouse_url()), |stage| {
        postgres.kill()?;
        postgres.start_again()?;
        stage.restart_server()
    })
}

/// The worker dies; everything else, too, before the verdict and after it.
fn outlives(
    mut stage: Stage,
    warehouse: Option<String>,
    restart: impl Fn(&mut Stage) -> Result<()>,
) -> Result<()> {
    let dir = stage.dir(QUEUE)?;
    let mut config = stage.config(&dir, QUEUE);
    if let Some(url) = warehouse {
        config.etl.warehouse = url;
    }
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
    restart(&mut stage)?;
    // A verdict that comes while there is no worker is kept.
    let verdict = json!({"who": "Ada", "why": "looks right"}).to_string();
    stage
        .workflow(&["signal", QUEUE, "approve", &verdict])?
        .text()?;
    restart(&mut stage)?;
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
    let warehouse = Warehouse::open(&config.etl.warehouse)?;
    ensure!(warehouse.rows("one-day")?.len() == ROWS);
    let changed = changes(&warehouse)?;
    ensure!(changed.values().all(|times| *times == 1), "{changed:?}");
    stage.close()
}

fn waits(stage: &Stage) -> Result<()> {
    until("it waits", || {
        let progress = stage.json(&["query", QUEUE, "progress"])?.to_string();
        Ok(progress.contains("\"waiting\"").then_some(()))
    })
}
