//! `direct`: the steps as plain calls in a worker process; the floor.

use super::pipe::PipeSession;
use super::{Engine, Session, Setup, Trial, TrialError};

pub(super) const ENGINE: Engine = Engine {
    name: "direct",
    what: "the steps as plain calls: the floor that overheads are taken from",
    available: || Ok("built in".into()),
    open,
};

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    PipeSession::open(trial, &setup, trial.worker_config(&setup), None)
}
