//! `direct`: the steps as plain calls in a worker process; the floor.

use super::pipe::PipeSession;
use super::{Engine, Pace, Session, Setup, Trial, TrialError};

pub(super) const ENGINE: Engine = Engine {
    name: "direct",
    what: "the steps as plain calls: the floor that overheads are taken from",
    available: || Ok("built in".into()),
    pace: |_| Pace {
        start_s: 0.2,
        step_s: 0.0,
        recovery_s: 0.5,
    },
    open,
};

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    PipeSession::open(trial, &setup, trial.worker_config(&setup), None)
}
