//! `direct`: the steps as plain calls in a worker process; the floor.

use super::pipe::PipeSession;
use super::{Engine, Session, Setup, Trial, TrialError};
use crate::worker::WorkerConfig;

pub(super) const ENGINE: Engine = Engine {
    name: "direct",
    what: "the steps as plain calls: the floor that overheads are taken from",
    available: || Ok("built in".into()),
    open,
};

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let template = trial.etl_config(&setup, 0);
    let concurrency = setup.concurrency;
    PipeSession::open(trial, &setup, move |epoch| {
        let mut etl = template.clone();
        etl.worker_epoch = epoch;
        WorkerConfig {
            etl,
            concurrency,
            catalog: None,
            execution: Default::default(),
            temporal: None,
        }
    })
}
