//! Saga: load, publish and announce, or in net effect none of it. An act fails for good, before its
//! effect or after it; or the worker dies by SIGKILL at a point of an act, in a run that ends well
//! otherwise, or of a compensation, in one whose announcement failed.

use std::time::Duration;

use orchbench_etl::{CrashPoint, FailurePlan, RetrySpec, StepName};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Job, Pace, Pipeline, Setup, Trial, TrialError, Work};
use crate::fault::{Armed, At, KILL_WORKER, Planned, Point};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "saga",
    question: "when a run fails half-way, is what it did undone, in reverse, once, and by whom",
    plan,
    run,
    seconds,
};

/// Of a trial in which nothing fails.
const NOTHING: &str = "nothing";
/// What fails in a trial whose compensations are to be killed: the last act, when all is done.
const LAST: Point = Point {
    step: StepName::Announce,
    point: CrashPoint::AfterEffect,
    attempt: 1,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    source: String,
    /// Acts that fail for good, each at each of `fail_points`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fails: Vec<StepName>,
    /// Before or after the effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fail_points: Vec<CrashPoint>,
    /// Acts and compensations in which the worker is killed, each at each of `kill_points`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kills: Vec<StepName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kill_points: Vec<CrashPoint>,
    /// How long a supervisor waits before it starts a dead worker again.
    restart_delay_ms: u64,
    heartbeat_timeout_ms: u64,
    /// A run that has not ended by then is stuck.
    deadline_s: u64,
    /// Trials made at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side_by_side: Option<usize>,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters", scenario.name);
    let acts = |step: StepName| is_act(step).then_some(step);
    known(&format!("{place}: fails"), &parameters.fails, acts)?;
    let sweeps = |step: StepName| acts(step).or(step.undoes());
    known(&format!("{place}: kills"), &parameters.kills, sweeps)?;
    if parameters.fail_points.contains(&CrashPoint::BeforeReturn) {
        return Err(ConfigError::Invalid {
            place: format!("{place}: fail_points"),
            message: "expected before_effect or after_effect, found before_return".to_owned(),
        });
    }
    let trial = Parameters {
        fails: Vec::new(),
        fail_points: Vec::new(),
        kills: Vec::new(),
        kill_points: Vec::new(),
        ..parameters.clone()
    };
    let pattern = ("pattern", EXPERIMENT.name);
    let mut conditions = Vec::new();
    for fails in places(&parameters.fails, &parameters.fail_points) {
        conditions.push(Condition::new(&[("fails", &fails), pattern], &trial));
    }
    for step in &parameters.kills {
        let fails = match step.undoes() {
            Some(_) => LAST.to_string(),
            None => NOTHING.to_owned(),
        };
        for point in places(&[*step], &parameters.kill_points) {
            let fault = ("fault", KILL_WORKER);
            let factors = [("fails", fails.as_str()), fault, pattern, ("point", &point)];
            conditions.push(Condition::new(&factors, &trial).with_faults([KILL_WORKER]));
        }
    }
    let finished = |condition: Condition| Condition {
        side_by_side: parameters.side_by_side.unwrap_or(1),
        ..condition.of([&parameters.source])
    };
    Ok(conditions.into_iter().map(finished).collect())
}

/// Whether a step has a compensation.
fn is_act(step: StepName) -> bool {
    let mut compensations = StepName::BESIDE.into_iter();
    compensations.any(|undo| undo.undoes() == Some(step))
}

/// Refuses a step that `known` does not know.
fn known(
    place: &str,
    steps: &[StepName],
    known: impl Fn(StepName) -> Option<StepName>,
) -> Result<(), ConfigError> {
    let all = StepName::ALL.into_iter().chain(StepName::BESIDE);
    let names: Vec<&str> = all
        .filter(|step| known(*step).is_some())
        .map(StepName::as_str)
        .collect();
    steps
        .iter()
        .try_for_each(|step| crate::scenario::known_name(place, "step", step.as_str(), &names))
}

/// `load/before_effect` and the like.
fn places(steps: &[StepName], points: &[CrashPoint]) -> Vec<String> {
    let steps = steps.iter().copied();
    let at = |step: StepName| points.iter().map(move |point| format!("{step}/{point}"));
    steps.flat_map(at).collect()
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let parameter = |name: &str| trial.parameters[name].as_f64().unwrap_or(0.0);
    let recovery_s = match trial.faults.is_empty() {
        true => 0.0,
        false => {
            let delay_s = parameter("restart_delay_ms") / 1e3;
            pace.recovery_s.min(parameter("deadline_s")) + delay_s
        }
    };
    // Thirteen steps at most, there and back; an engine may look for failed runs once a second.
    recovery_s + 0.5 + 13.0 * pace.step_s
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let faults = match trial.plan.faults.is_empty() {
        true => Vec::new(),
        // The supervisor mends it.
        false => vec![Planned {
            fault: KILL_WORKER.to_owned(),
            at: At::Point(Point::of(trial, "point")?),
            hold_ms: 0,
        }],
    };
    let work = Work {
        // Of its own: the catalogue service outlives the trial, and refuses an announcement under a
        // key that was undone.
        run: trial.plan.id.clone(),
        job: Job::Saga(Pipeline {
            heartbeat_timeout_ms: parameters.heartbeat_timeout_ms,
            ..Pipeline::new(&parameters.source, RetrySpec::default())
        }),
    };
    let killed = !faults.is_empty();
    let armed = Armed::arm(trial, faults)?;
    let session = trial.open(Setup {
        journal: true,
        restart_delay: Some(Duration::from_millis(parameters.restart_delay_ms)),
        crash: killed.then(|| armed.crash()),
        failure: failure(trial)?,
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    let status = armed.during(trial, &*session, || {
        trial.attempt(&*session, &work, deadline).map(drop)
    })?;
    trial.close_and_keep(session, &[work])?;
    Ok(status)
}

/// What fails for good in a trial, by a named error that no retry cures.
fn failure(trial: &Trial<'_>) -> Result<Option<FailurePlan>, TrialError> {
    let fails: String = trial.factor("fails")?;
    if fails == NOTHING {
        return Ok(None);
    }
    let Point { step, point, .. } = Point::of(trial, "fails")?;
    Ok(Some(FailurePlan {
        seed: trial.block_seed(),
        fail_first: u32::MAX,
        steps: vec![step],
        point,
        fatal: true,
        ..FailurePlan::default()
    }))
}
