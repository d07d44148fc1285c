//! `direct`: the steps as plain calls in a worker process; the floor.

mod worker;

use orchbench_evidence::record::{Family, RetrySchedule};

use super::pipe::PipeSession;
use super::{Engine, Pace, Session, Setup, StepExecution, Trial, TrialError};

pub(super) static ENGINE: Engine = Engine {
    name: "direct",
    label: "plain calls",
    what: "the steps as plain calls: the floor that overheads are taken from",
    place: "plain calls inside the worker's process",
    colour: "#7c8791",
    family: Family::Floor,
    executions: &[StepExecution::InProcess],
    resumes: &[],
    steps_apart: false,
    server: false,
    retry_schedule: RetrySchedule::Exponential,
    recovery: "they remember nothing, so that a run is lost with its process.",
    available: || Ok("built in".into()),
    provision: |_| Ok(env!("CARGO_PKG_VERSION").into()),
    pace: |_, _| Pace {
        start_s: 0.2,
        step_s: 0.0,
        recovery_s: 0.5,
    },
    durability: |_| Vec::new(),
    open,
    worker: worker::run,
};

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let worker = trial.worker_config(&setup, &())?;
    PipeSession::open(trial, &setup, worker, None)
}
