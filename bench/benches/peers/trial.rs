//! One trial: a fresh worker, warmed up, and then measured in a closed loop.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use orchbench_etl::Shape;
use orchbench_temporal::{Client, NoopInput};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::worker::{self, Sdk};

/// Workflows in flight.
pub const IN_FLIGHT: u32 = 16;
/// Activities of a workflow, one after the other.
pub const STEPS: u32 = 3;
/// Workflows of a round of the warm-up.
const ROUND: u32 = 2 * IN_FLIGHT;
/// Warm: two rounds in a row differ by no more than this share.
const FLAT: f64 = 0.05;
/// Longest that the server, or a workflow, may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a trial is.
pub struct Length {
    /// Rounds after which the warm-up ends, flat or not.
    pub most_warm_up_rounds: usize,
    /// Workflows that are measured.
    pub workflows: u32,
}

/// What a trial came to.
pub struct Trial {
    pub sdk: Sdk,
    pub block: u32,
    pub workflows_per_s: f64,
    /// CPU time of the worker, user and system.
    pub cpu_ms_per_activity: f64,
    /// The worker's largest resident set.
    pub peak_memory_mib: f64,
    /// Whether the warm-up ended because the rate was flat.
    pub warm: bool,
    /// The kinds of event in a workflow's history.
    pub history: Vec<String>,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} worker: {:.1} workflows/s, {:.2} ms of CPU an activity, {:.0} MiB{}",
            self.sdk,
            self.workflows_per_s,
            self.cpu_ms_per_activity,
            self.peak_memory_mib,
            if self.warm { "" } else { " (never flat)" }
        )
    }
}

/// What all trials share.
pub struct Stage<'a> {
    folder: &'a Path,
    address: &'a str,
    go_worker: &'a Path,
    runtime: Runtime,
    client: Client,
}

impl<'a> Stage<'a> {
    /// On the server at `address`, with a client of its own.
    pub fn open(folder: &'a Path, address: &'a str, go_worker: &'a Path) -> Result<Self> {
        let runtime = Runtime::new()?;
        let client = runtime.block_on(Client::connect(address, "default", PATIENCE))?;
        Ok(Self {
            folder,
            address,
            go_worker,
            runtime,
            client,
        })
    }

    /// One trial, on a task queue of its own: a poll that a dead worker left takes nothing from it.
    pub fn trial(&self, sdk: Sdk, block: u32, length: &Length) -> Result<Trial> {
        let queue = format!("peers-{block}-{sdk}");
        let folder: PathBuf = self.folder.join(&queue);
        std::fs::create_dir_all(&folder)?;
        let worker = match sdk {
            Sdk::Rust => worker::rust(&folder, self.address, &queue)?,
            Sdk::Go => worker::go(self.go_worker, &folder, self.address, &queue)?,
        };
        let client = self.client.clone().with_task_queue(&queue);
        let warm = self.warm_up(&client, &queue, length.most_warm_up_rounds)?;

        let before = worker.usage()?;
        let took = self.workflows(&client, &queue, length.workflows)?;
        let after = worker.usage()?;
        worker.stop()?;
        let history = self
            .runtime
            .block_on(client.history(&format!("{queue}-0"), None))?;
        Ok(Trial {
            sdk,
            block,
            workflows_per_s: f64::from(length.workflows) / took.as_secs_f64(),
            cpu_ms_per_activity: (after.cpu_s - before.cpu_s) * 1e3
                / f64::from(length.workflows * STEPS),
            peak_memory_mib: after.peak_memory_bytes as f64 / f64::from(1 << 20),
            warm,
            history: history.into_iter().map(|event| event.event_type).collect(),
        })
    }

    /// Makes rounds until two in a row take the same time; false when none did.
    fn warm_up(&self, client: &Client, queue: &str, most_rounds: usize) -> Result<bool> {
        let mut last: Option<f64> = None;
        for round in 0..most_rounds {
            let took = self.workflows(client, &format!("{queue}-warm-{round}"), ROUND)?;
            let took = took.as_secs_f64();
            if last.is_some_and(|last| (took - last).abs() <= FLAT * last) {
                return Ok(true);
            }
            last = Some(took);
        }
        Ok(false)
    }

    /// The time that so many workflows take.
    fn workflows(&self, client: &Client, prefix: &str, count: u32) -> Result<Duration> {
        self.runtime.block_on(async {
            let next = Arc::new(AtomicU32::new(0));
            let begun = Instant::now();
            let mut lanes: JoinSet<Result<()>> = (0..IN_FLIGHT)
                .map(|_| lane(client.clone(), prefix.to_owned(), Arc::clone(&next), count))
                .collect();
            while let Some(lane) = lanes.join_next().await {
                lane??;
            }
            Ok(begun.elapsed())
        })
    }
}

/// One workflow after the other, until there are no more.
async fn lane(client: Client, prefix: String, next: Arc<AtomicU32>, count: u32) -> Result<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(());
        }
        let id = format!("{prefix}-{number}");
        timeout(PATIENCE, workflow(&client, &id))
            .await
            .map_err(anyhow::Error::from)
            .flatten()
            .with_context(|| format!("workflow {id}"))?;
    }
}

async fn workflow(client: &Client, id: &str) -> Result<()> {
    let input = NoopInput::new(Shape::Chain, STEPS);
    client.start_noop(id, input).await?;
    let outcome = client.noop_result(id, None).await??;
    ensure!(
        outcome.steps == STEPS,
        "expected {STEPS} steps, found {}",
        outcome.steps
    );
    Ok(())
}
