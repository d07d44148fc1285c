//! `asset-engine`: our embedded asset orchestrator in a worker process, catalog on SQLite.

use super::pipe::PipeSession;
use super::{Engine, Session, Setup, Trial, TrialError};
use crate::worker::WorkerConfig;

pub(super) const ENGINE: Engine = Engine {
    name: "asset-engine",
    what: "our asset orchestrator on petgraph, embedded, catalog on SQLite (durable against power loss)",
    available: || Ok("built in".into()),
    open,
};

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let template = trial.etl_config(&setup, 0);
    let catalog = trial.dir("store")?.join("catalog.sqlite");
    let (concurrency, execution) = (setup.concurrency, setup.execution);
    PipeSession::open(trial, &setup, move |epoch| {
        let mut etl = template.clone();
        etl.worker_epoch = epoch;
        WorkerConfig {
            etl,
            concurrency,
            catalog: Some(catalog.clone()),
            execution,
            temporal: None,
        }
    })
}
