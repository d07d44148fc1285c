//! An engine of your own, added from outside the crate: `rerun`, what a shell script under a
//! supervisor comes to. It remembers which runs it owes, in a folder, and after a death it executes
//! the ones without an end again, from their start.
//!
//! ```console
//! $ cargo run --release --example own_engine -- run harness/examples/own_engine.toml --out /tmp/own
//! ```
//!
//! Everything that `orchbench` does with an engine follows from the descriptor: which faults can
//! strike it, what its retries should look like, where it stands in the charts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use orchbench::engine::{
    self, Ended, Engine, PipeSession, Runs, Trial, TrialError, Work, WorkerConfig, serve,
};
use orchbench::engine::{Session, Setup};
use orchbench_etl::{Etl, Summary};
use orchbench_evidence::record::{Durability, RunFailure};

static RERUN: Engine = Engine {
    name: "rerun",
    label: "rerun",
    what: "the steps as plain calls, runs without an end executed again: a script under a supervisor",
    place: "plain calls inside the worker's process",
    colour: "#b0439a",
    resumes: &["in-process"],
    recovery: "the next process executes each run without an end again, from its start.",
    durability: |_| {
        vec![Durability {
            store: "runs that are owed (files)".into(),
            survives: "process crash".into(),
            setting: "one file a run, no fsync".into(),
        }]
    },
    ..Engine::embedded(open, worker)
};

fn main() {
    engine::add(&RERUN);
    std::process::exit(orchbench::cli::main());
}

/// The harness's side: a worker process behind the line protocol.
fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let owed = trial.dir("store")?.join("owed");
    let config = trial.worker_config(&setup, &owed)?;
    PipeSession::open(trial, &setup, config, None)
}

/// The worker's side.
fn worker(config: WorkerConfig) -> anyhow::Result<()> {
    let owed: PathBuf = config.own_part()?;
    fs::create_dir_all(&owed)?;
    let rerun = Rerun {
        etl: Arc::new(Etl::open(config.etl)?),
        owed,
        under_way: Mutex::default(),
    };
    for run in fs::read_dir(&rerun.owed)? {
        rerun.execute(&run?.path())?;
    }
    serve(Arc::new(rerun))
}

type Executing = JoinHandle<Ended>;

struct Rerun {
    etl: Arc<Etl>,
    owed: PathBuf,
    under_way: Mutex<Vec<(String, Executing)>>,
}

impl Rerun {
    /// Executes the run that a file tells of, from its start.
    fn execute(&self, file: &Path) -> anyhow::Result<()> {
        let work: Work = serde_json::from_slice(&fs::read(file)?)?;
        let (etl, run) = (Arc::clone(&self.etl), work.run.clone());
        let executing = std::thread::spawn(move || execute(&etl, &work));
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        under_way.push((run, executing));
        Ok(())
    }
}

impl Runs for Rerun {
    fn start(&self, work: Work) -> Result<(), RunFailure> {
        let file = self.owed.join(&work.run);
        if file.exists() {
            return Ok(());
        }
        let begin = || -> anyhow::Result<()> {
            fs::write(&file, serde_json::to_vec(&work)?)?;
            self.execute(&file)
        };
        begin().map_err(|error| failure("Unexpected", &error))
    }

    fn wait(&self, run: &str) -> Ended {
        let executing = {
            let mut under_way = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let place = under_way.iter().position(|(name, _)| name == run);
            place.map(|place| under_way.swap_remove(place).1)
        };
        match executing.map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Ended::Failed(failure("Unexpected", &"its thread died")),
            None => Ended::Failed(failure("RunLost", &"not owed here")),
        }
    }
}

fn execute(etl: &Etl, work: &Work) -> Ended {
    // It knows no pattern: a job that is about one comes out as a pipeline, and is found out.
    let done = match work.job.pipeline() {
        Some(pipeline) => etl
            .run_direct(&work.run, &pipeline.source, pipeline.concurrency)
            .map(|summary: Summary| Some(Box::new(summary))),
        None => Ok(None),
    };
    match done {
        Ok(summary) => Ended::Succeeded { summary },
        Err(error) => Ended::Failed(failure(error.error_type.as_str(), &error.message)),
    }
}

fn failure(error_type: &str, message: &impl std::fmt::Display) -> RunFailure {
    RunFailure {
        error_type: error_type.to_owned(),
        message: message.to_string(),
    }
}
