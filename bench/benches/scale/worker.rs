//! A worker, as a process of its own: this program, told what it is by its arguments.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::ChildStdout;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use asset_engine::{Durability, StepWorker};
use orchbench_assets_on_temporal::worker::run_blocking;
use orchbench_lab::process::{self, Child, CommandSpec, Stream, Usage};
use orchbench_temporal::{SettingsName, WorkerOptions, WorkerSettings};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::graph::Chain;
use super::lab::Side;
use super::plain;

/// The first argument of a worker.
const WORD: &str = "scale-worker";
/// More than a worker's own bound for what is in work when it is told to stop.
const GRACE: Duration = Duration::from_secs(15);

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

/// A worker that polls.
pub struct Worker {
    child: Child,
    /// Held, as a worker that writes into a closed pipe would end.
    _said: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts one, whose log is in `folder`; returns when the server sees it poll.
    pub fn start(config: &Config, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{}.log", config.queue));
        let words = [WORD.to_owned(), serde_json::to_string(config)?];
        let spec = CommandSpec::foreign(std::env::current_exe()?, words)
            .stdout(Stream::Piped)
            .stderr(Stream::Log(log.clone()));
        let mut child = Child::spawn(&spec, "worker")?;
        let stdout = child.take_stdout().context("the worker's output")?;
        let mut said = BufReader::new(stdout);
        let mut line = String::new();
        if said.read_line(&mut line)? == 0 {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            bail!("the worker ended before it was ready: {}", log.trim());
        }
        Ok(Self { child, _said: said })
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id()).context("the worker is gone")
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        let status = self.child.terminate(GRACE)?;
        ensure!(
            status.success(),
            "after SIGTERM: expected exit code 0, found {status}"
        );
        Ok(())
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
