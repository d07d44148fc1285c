//! `direct`: the steps as plain calls in a worker process; the floor.

mod worker;

use super::pipe::PipeSession;
use super::{Engine, Session, Setup, Trial, TrialError};

pub(super) static ENGINE: Engine = Engine {
    name: "direct",
    label: "plain calls",
    what: "the steps as plain calls: the floor that overheads are taken from",
    place: "plain calls inside the worker's process",
    colour: "#7c8791",
    recovery: "they remember nothing, so that a run is lost with its process.",
    ..Engine::embedded(open, worker::run)
};

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let worker = trial.worker_config(&setup, &())?;
    PipeSession::open(trial, &setup, worker, None)
}
