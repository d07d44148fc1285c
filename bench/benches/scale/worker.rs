//! A worker, as a process of its own: this program, told what it is by its arguments.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use asset_engine::{Durability, StepWorker};
use orchbench_assets_on_temporal::worker::run_blocking;
use orchbench_bench::Worker;
use orchbench_lab::process::{self, CommandSpec};
use orchbench_temporal::{SettingsName, WorkerOptions, WorkerSettings};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::graph::Chain;
use super::lab::Side;
use super::plain;

/// The first argument of a worker.
const WORD: &str = "scale-worker";

/// What a worker works on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    pub address: String,
    pub queue: String,
    /// URL of the catalog.
    pub catalog: String,
    pub chain: Chain,
    /// Steps in work at a time, if not as many as come.
    pub slots: Option<usize>,
    pub side: Side,
}

impl Config {
    /// Starts such a worker, whose log is in `folder`; returns when the server sees it poll.
    pub fn start(&self, folder: &Path) -> Result<Worker> {
        let words = [WORD.to_owned(), serde_json::to_string(self)?];
        let spec = CommandSpec::foreign(std::env::current_exe()?, words);
        Worker::start(spec, &folder.join(format!("{}.log", self.queue)))
    }
}

/// Is a worker, when this process was started as one.
pub fn serve_if_child() -> Result<bool> {
    let words: Vec<String> = std::env::args().collect();
    match words.as_slice() {
        [_, word, config] if word == WORD => serve(serde_json::from_str(config)?).map(|()| true),
        _ => Ok(false),
    }
}

fn serve(config: Config) -> Result<()> {
    process::adopt_parent()?;
    let options = WorkerOptions {
        task_queue: config.queue.clone(),
        settings: SettingsName::Tuned,
        activity_slots: config.slots,
        ..WorkerOptions::new(config.address.as_str())
    };
    if config.side == Side::Plain {
        return plain::serve(options, &config, ready, stop());
    }
    let graph = config.chain.graph()?;
    let steps = StepWorker::postgres(&config.catalog, Durability::PowerLoss, "bench", graph)?;
    run_blocking(options, &Arc::new(steps), ready, stop())?;
    Ok(())
}

fn ready(_: &WorkerSettings) {
    // Who started it and is gone needs no word; this process ends with it.
    let _ = writeln!(std::io::stdout().lock(), "ready");
}

async fn stop() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}
