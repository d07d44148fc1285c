//! A place for one test: a catalog, a task queue, and workers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use asset_engine::{
    Asset, AssetGraph, AssetKey, Catalog, Durability, Event, Materialized, Step, StepContext,
    StepFailure, StepWorker,
};
use orchbench_assets_on_temporal::worker::run_blocking;
use orchbench_assets_on_temporal::{MaterializeInput, MaterializeOutcome, workflow_id};
use orchbench_lab::postgres::LocalPostgres;
use orchbench_temporal::{Client, Failure, Started, WorkerOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::server;
use crate::test_worker::TestWorker;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where a catalog is.
enum Place {
    File(PathBuf),
    Postgres(LocalPostgres),
}

pub struct Lab {
    client: Client,
    runtime: Runtime,
    pub script: Arc<Script>,
    place: Place,
    queue: String,
    workers: Vec<TestWorker>,
    _dir: TempDir,
}

/// What the steps of a test do, and what they did.
#[derive(Default)]
pub struct Script {
    /// Pieces in the order in which attempts began, with the number of the attempt.
    began: Mutex<Vec<(String, u32)>>,
    /// Attempts at a piece that fail: so many, with this error type.
    pub fails: Mutex<BTreeMap<String, (u32, &'static str)>>,
    /// While it is closed, steps wait.
    gate: Gate,
}

/// What steps wait at.
#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    opened: Condvar,
}

impl Script {
    pub fn close_gate(&self) {
        *self.gate.closed.lock().unwrap() = true;
    }

    pub fn open_gate(&self) {
        *self.gate.closed.lock().unwrap() = false;
        self.gate.opened.notify_all();
    }

    pub fn began(&self) -> Vec<String> {
        let began = self.began.lock().unwrap();
        began.iter().map(|(piece, _)| piece.clone()).collect()
    }

    pub fn fail(&self, piece: &str, attempts: u32, error_type: &'static str) {
        let mut fails = self.fails.lock().unwrap();
        fails.insert(piece.to_owned(), (attempts, error_type));
    }
}

impl Step for Script {
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        let piece = piece(cx.asset, cx.partition);
        let began = (piece.clone(), cx.attempt);
        self.began.lock().unwrap().push(began);
        let closed = self.gate.closed.lock().unwrap();
        drop(
            self.gate
                .opened
                .wait_while(closed, |closed| *closed)
                .unwrap(),
        );
        match self.fails.lock().unwrap().get(&piece) {
            Some((attempts, "Fatal")) if cx.attempt <= *attempts => {
                Err(StepFailure::fatal("Fatal", "as planned"))
            }
            Some((attempts, error_type)) if cx.attempt <= *attempts => {
                Err(StepFailure::retryable(*error_type, "as planned"))
            }
            _ => {
                let read = cx.inputs.iter().map(|input| input.data_version.as_str());
                let read: Vec<&str> = read.collect();
                Ok(Materialized::new(format!("{piece} of {}", read.len())))
            }
        }
    }
}

pub fn piece(asset: &AssetKey, partition: Option<&str>) -> String {
    partition.map_or(asset.to_string(), |key| format!("{asset} {key}"))
}

pub fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

impl Lab {
    /// A lab whose catalog is in PostgreSQL, or in a file where there is none; with so many workers.
    pub fn new(workers: u32, assets: impl Fn(&dyn Fn(&str) -> Asset) -> Vec<Asset>) -> Self {
        static LABS: AtomicU32 = AtomicU32::new(0);
        let queue = format!("assets-lab-{}", LABS.fetch_add(1, Ordering::Relaxed));
        let dir = TempDir::new().unwrap();
        let place = match LocalPostgres::find_and_start().unwrap() {
            Some(server) => Place::Postgres(server),
            None => {
                println!("PostgreSQL binaries not found: on a file");
                Place::File(dir.path().join("catalog.db"))
            }
        };
        // A catalog in PostgreSQL is not to be opened inside of one.
        let runtime = Runtime::new().unwrap();
        let client = runtime.block_on(Client::connect(server::address(), "default", PATIENCE));
        let mut lab = Self {
            client: client.unwrap().with_task_queue(&queue),
            runtime,
            script: Arc::default(),
            place,
            queue,
            workers: Vec::new(),
            _dir: dir,
        };
        let step: Arc<dyn Step> = lab.script.clone();
        let asset = |name: &str| Asset::shared(key(name), Arc::clone(&step));
        for _ in 0..workers {
            // Each has a graph of its own, as on another host.
            let graph = Arc::new(AssetGraph::new(assets(&asset)).unwrap());
            let steps = Arc::new(lab.place.steps(graph));
            lab.workers.push(worker(&lab.queue, steps));
        }
        lab
    }

    pub fn catalog(&self) -> Catalog {
        match &self.place {
            Place::File(path) => Catalog::open(path).unwrap(),
            Place::Postgres(server) => Catalog::postgres(server.url()).unwrap(),
        }
    }

    pub fn start(&self, input: &MaterializeInput) -> Started {
        let id = workflow_id(&self.queue, &input.run);
        let argument = [serde_json::to_value(input).unwrap()];
        let started = self
            .client
            .start_named("MaterializeWorkflow", &id, &argument);
        self.runtime.block_on(started).unwrap()
    }

    /// How a run ends that was started.
    pub fn end(&self, run: &str) -> Result<MaterializeOutcome, Failure> {
        let id = workflow_id(&self.queue, run);
        let outcome = self.runtime.block_on(self.client.result(&id, None));
        outcome
            .unwrap()
            .map(|value| serde_json::from_value(value).unwrap())
    }

    pub fn run(&self, input: &MaterializeInput) -> MaterializeOutcome {
        self.start(input);
        self.end(&input.run).unwrap()
    }

    pub fn update(&self, run: &str, update: &str, arguments: &[Value]) -> Value {
        let id = workflow_id(&self.queue, run);
        let answer = self.client.update(&id, None, update, arguments, PATIENCE);
        self.runtime
            .block_on(answer)
            .unwrap()
            .unwrap_or_else(|refused| json!({ "refused": refused.message }))
    }

    pub fn progress(&self, run: &str) -> Value {
        let id = workflow_id(&self.queue, run);
        let progress = self.client.query(&id, None, "progress", &[], PATIENCE);
        self.runtime.block_on(progress).unwrap()
    }

    pub fn cancel(&self, run: &str) {
        let id = workflow_id(&self.queue, run);
        let cancel = self.client.cancel(&id, None, "as planned");
        self.runtime.block_on(cancel).unwrap();
    }

    /// The types of the events in the history of the workflow of a run.
    pub fn history(&self, run: &str) -> Vec<String> {
        let id = workflow_id(&self.queue, run);
        let history = self
            .runtime
            .block_on(self.client.history(&id, None))
            .unwrap();
        history
            .into_iter()
            .map(|event| event.event_type.to_string())
            .collect()
    }

    /// The pieces that a run has made, by the catalog, in order.
    pub fn made(&self, run: &str) -> Vec<String> {
        let events = self.catalog().events(run).unwrap();
        let made = events.iter().filter_map(|record| match &record.event {
            Event::Materialized(made) => Some(piece(&made.asset, made.partition.as_deref())),
            _ => None,
        });
        made.collect()
    }
}

impl Drop for Lab {
    /// So that a test that fails does not wait for its steps.
    fn drop(&mut self) {
        self.script.open_gate();
    }
}

/// Waits until `condition` holds.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Place {
    fn steps(&self, graph: Arc<AssetGraph>) -> StepWorker {
        let durability = Durability::ProcessCrash;
        match self {
            Self::File(path) => StepWorker::open(path, durability, graph).unwrap(),
            Self::Postgres(server) => {
                StepWorker::postgres(server.url(), durability, "test", graph).unwrap()
            }
        }
    }
}

fn worker(queue: &str, steps: Arc<StepWorker>) -> TestWorker {
    static WORKERS: AtomicU32 = AtomicU32::new(0);
    let mut options = WorkerOptions::new(server::address());
    options.task_queue = queue.to_owned();
    options.identity = format!("assets-worker-{}", WORKERS.fetch_add(1, Ordering::Relaxed));
    TestWorker::start(move |ready, stop| run_blocking(options, &steps, ready, stop))
}
