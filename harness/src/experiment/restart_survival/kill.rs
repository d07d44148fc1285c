//! One trial: a fault plan over one run.

use std::time::Duration;

use orchbench_etl::{CrashPoint, FailurePlan, Sink, SinkKind, StepName};

use super::{Parameters, work};
use crate::engine::{Setup, Target, Trial, TrialError};
use crate::fault::{Armed, At, KILL_STEP, KILL_WORKER, Planned, Point};
use orchbench_evidence::record::TrialStatus;

/// The fault of the trial's factors: at a crash point, on the trial's attempt.
pub(super) fn planned(trial: &Trial<'_>, parameters: &Parameters) -> Result<Planned, TrialError> {
    let fault: String = trial.factor("fault")?;
    Ok(Planned {
        // A worker that is killed needs no healing: the arm has a supervisor, or has none. A step's
        // process is the engine's matter.
        hold_ms: if [KILL_STEP, KILL_WORKER].contains(&fault.as_str()) {
            0
        } else {
            parameters.restart_delay_ms
        },
        at: At::Point(Point {
            attempt: attempt(trial)?,
            ..Point::of(trial, "point")?
        }),
        fault,
    })
}

/// Runs the pipeline once under a fault plan.
pub(super) fn run(
    trial: &Trial<'_>,
    parameters: &Parameters,
    faults: Vec<Planned>,
) -> Result<TrialStatus, TrialError> {
    let failing = faults.iter().find_map(|fault| match &fault.at {
        At::Point(at) => Some(at.step),
        At::Instant(_) => None,
    });
    let network = faults.iter().any(|each| each.strikes(Target::Network));
    let small_disk = faults.iter().any(|each| each.strikes(Target::Disk));
    let armed = Armed::arm(trial, faults)?;
    let work = work(parameters, &parameters.source, "restart");
    let session = trial.open(Setup {
        jobs: vec![work.job.clone()],
        network,
        small_disk,
        warehouse: armed.warehouse(),
        crash: Some(armed.crash()),
        failure: first_attempt_fails(trial, failing)?,
        ..setup(trial, parameters)?
    })?;
    let status = armed.during(trial, &*session, || {
        trial
            .attempt(&*session, &work, parameters.deadline())
            .map(drop)
    })?;
    trial.close_and_keep(session, &[work])?;
    Ok(status)
}

/// What the trial's arm, sink and fencing mean for an engine.
fn setup(trial: &Trial<'_>, parameters: &Parameters) -> Result<Setup, TrialError> {
    let arm: String = trial.factor("arm")?;
    let supervised = arm != "unsupervised";
    Ok(Setup {
        journal: true,
        workers: if supervised { 1 } else { 2 },
        restart_delay: supervised.then(|| Duration::from_millis(parameters.restart_delay_ms)),
        sink: sink(trial, parameters),
        step_delay_ms: parameters.step_delay_ms,
        ..Setup::default()
    })
}

fn sink(trial: &Trial<'_>, parameters: &Parameters) -> Sink {
    Sink {
        kind: parameters.sink.into(),
        fencing: factor(trial, "fencing") != Some("off"),
    }
}

/// A second attempt is there to be hit when the first one failed, for a reason that a retry
/// cures.
fn first_attempt_fails(
    trial: &Trial<'_>,
    step: Option<StepName>,
) -> Result<Option<FailurePlan>, TrialError> {
    let fail_first = attempt(trial)? - 1;
    Ok(step.filter(|_| fail_first > 0).map(|step| FailurePlan {
        seed: trial.seed(),
        fail_first,
        steps: vec![step],
        point: CrashPoint::BeforeEffect,
        ..FailurePlan::default()
    }))
}

fn attempt(trial: &Trial<'_>) -> Result<u32, TrialError> {
    let Some(text) = factor(trial, "attempt") else {
        return Ok(1);
    };
    text.parse()
        .ok()
        .filter(|attempt| *attempt > 0)
        .ok_or_else(|| {
            TrialError::Plan(format!(
                "trial {}: attempt: expected a number from 1, found {text:?}",
                trial.plan.id
            ))
        })
}

fn factor<'a>(trial: &'a Trial<'_>, name: &str) -> Option<&'a str> {
    trial.plan.factors.get(name).map(String::as_str)
}

/// The two kinds of sink, as scenarios name them.
impl From<super::SinkName> for SinkKind {
    fn from(name: super::SinkName) -> Self {
        match name {
            super::SinkName::Idempotent => Self::Idempotent,
            super::SinkName::Naive => Self::Naive,
        }
    }
}
