//! `asset-engine`: our embedded asset orchestrator in a worker process, catalog on SQLite.

mod account;

use super::pipe::PipeSession;
use super::{Engine, Pace, Session, Setup, Trial, TrialError};
use crate::engine::WorkerConfig;

pub(super) const ENGINE: Engine = Engine {
    name: "asset-engine",
    what: "our asset orchestrator on petgraph, embedded, catalog on SQLite (durable against power loss)",
    available: || Ok("built in".into()),
    pace: |_| Pace {
        start_s: 0.3,
        step_s: 0.001,
        recovery_s: 0.5,
    },
    open,
};

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let catalog = trial.dir("store")?.join("catalog.sqlite");
    let template = WorkerConfig {
        catalog: Some(catalog.clone()),
        ..trial.worker_config(&setup)
    };
    let accounts = Box::new(move |run: &str| account::account(&catalog, run));
    PipeSession::open(trial, &setup, template, Some(accounts))
}
