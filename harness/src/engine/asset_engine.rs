//! `asset-engine`: our embedded asset orchestrator in a worker process, catalog on SQLite.

mod account;
mod answers;
mod models;
mod worker;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::pipe::{PipeSession, Records};
use super::{
    Account, Engine, Job, ModelsTold, Pace, Programs, Refreshed, Session, Setup, StepEnds,
    StepExecution, Trial, TrialError, Work,
};
use orchbench_evidence::experiment::observability::{Answer, Subject};
use orchbench_evidence::record::{Durability, Family, RetrySchedule};

pub(super) static ENGINE: Engine = Engine {
    name: "asset-engine",
    label: "the asset engine",
    what: "our asset orchestrator on petgraph, embedded, catalog on SQLite (durable against power loss)",
    place: "a library inside the worker's process",
    colour: "#2f6fde",
    family: Family::AssetStyle,
    executions: &[StepExecution::InProcess, StepExecution::Subprocess],
    resumes: &["in-process", "subprocess"],
    steps_apart: |execution| execution == StepExecution::Subprocess,
    retry_schedule: RetrySchedule::ExponentialLessOne,
    recovery: "a second process stands by for the catalog's lock and learns of a death at once, as the kernel releases it, on one machine only; that lock is its lease and ends with the owner's life only, so that from a worker that is frozen nobody takes over. The loss is noted in its catalog. An attempt that died with its worker is made good, within a bound of its own, without a wait; one whose subprocess alone died is retried as the policy says.",
    pace: |_, execution| Pace {
        start_s: 0.3,
        partition_s: 0.0,
        step_s: match execution {
            StepExecution::InProcess => 0.001,
            _ => StepExecution::PROCESS_S,
        },
        recovery_s: 0.5,
    },
    durability: |_| {
        vec![Durability {
            store: "catalog of the asset engine (SQLite)".into(),
            survives: "power loss".into(),
            setting: "journal_mode=WAL, synchronous=FULL, success acknowledged after the commit"
                .into(),
        }]
    },
    programs: || Programs {
        texts: orchbench_assets::PROGRAMS.to_vec(),
        libraries: vec!["asset_engine"],
    },
    ..Engine::embedded(open, worker::run)
};

/// Its own part of a worker's configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetWorker {
    /// The catalog's file.
    catalog: PathBuf,
    /// The jobs to come, of which a daemon undoes some or goes on with them.
    jobs: Vec<Job>,
}

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let catalog = trial.dir("store")?.join("catalog.sqlite");
    let own = AssetWorker {
        catalog: catalog.clone(),
        jobs: setup.jobs.clone(),
    };
    let worker = trial.worker_config(&setup, &own)?;
    PipeSession::open(trial, &setup, worker, Some(Box::new(CatalogFile(catalog))))
}

/// What its catalog says.
struct CatalogFile(PathBuf);

impl Records for CatalogFile {
    fn account(&self, run: &str) -> Result<Option<Account>, String> {
        account::account(&self.0, run).map_err(|error| format!("its catalog: {error}"))
    }

    fn step_ends(&self, run: &str) -> Result<Option<StepEnds>, String> {
        let ends = account::step_ends(&self.0, run);
        ends.map(Some)
            .map_err(|error| format!("its catalog: {error}"))
    }

    fn waits(&self, work: &Work) -> Result<bool, String> {
        answers::waits(&self.0, work).map_err(|error| format!("its catalog: {error:#}"))
    }

    fn approve(&self, work: &Work, who: &str) -> Result<bool, String> {
        answers::approve(&self.0, work, who).map_err(|error| format!("its catalog: {error:#}"))
    }

    fn refreshed(&self, work: &Work) -> Result<Option<Refreshed>, String> {
        account::refreshed(&self.0, &work.run).map_err(|error| format!("its catalog: {error}"))
    }

    fn models(&self, works: &[Work]) -> Result<ModelsTold, String> {
        models::told(&self.0, works).map_err(|error| format!("its catalog: {error}"))
    }

    fn answers(&self, questions: &[&str], subject: &Subject) -> Result<Vec<Answer>, String> {
        answers::answers(&self.0, questions, subject)
            .map_err(|error| format!("its catalog: {error:#}"))
    }
}
