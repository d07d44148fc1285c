//! Restart survival: a worker dies by SIGKILL at a named point of a named step, or the
//! engine's server dies under runs in flight; does the run end right, and how soon.
//!
//! The arms: `unsupervised`, two workers of which one dies; `supervised`, one worker that
//! is started again after the same fixed delay on every engine.

use std::time::Duration;

use orchbench_etl::{CrashAction, CrashPlan, CrashPoint, CrashRule, RetrySpec, StepName};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Job, Pipeline, Setup, Trial, TrialError, Work};
use crate::fault::{self, KillServer};
use crate::record::TrialStatus;
use crate::scenario::{ConfigError, Scenario};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "restart-survival",
    question: "after a kill, does every run end right, with nothing lost or doubled, and how soon",
    plan,
    run,
};

/// A run that has not ended by then is stuck.
const DEADLINE: Duration = Duration::from_secs(90);
/// Runs in flight when the server is killed.
const RUNS_UNDER_SERVER_KILL: usize = 4;
/// Work added to every step of those runs, so that they are in flight for a while.
const STEP_DELAY_MS: u64 = 500;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    source: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    points: Vec<CrashPoint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    arms: Vec<String>,
    /// How long a supervisor waits before it starts a dead worker again.
    restart_delay_ms: u64,
    heartbeat_timeout_ms: u64,
    #[serde(default)]
    server_kill: bool,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    for arm in &parameters.arms {
        let place = format!("scenario {}: parameters: arms", scenario.name);
        crate::scenario::known_name(&place, "arm", arm, &["supervised", "unsupervised"])?;
    }
    let trial = Parameters {
        steps: Vec::new(),
        points: Vec::new(),
        arms: Vec::new(),
        ..parameters.clone()
    };
    let mut conditions = Vec::new();
    for arm in &parameters.arms {
        for step in &parameters.steps {
            for point in &parameters.points {
                let point = format!("{}/{}", step.as_str(), point.as_str());
                conditions.push(Condition::new(
                    &[
                        ("arm", arm),
                        ("fault", fault::KILL_WORKER),
                        ("point", &point),
                    ],
                    &trial,
                ));
            }
        }
    }
    if parameters.server_kill {
        conditions.push(Condition {
            // The embedded engines have no server: killing their worker is all there is.
            except: &["direct", "asset-engine"],
            ..Condition::new(
                &[
                    ("arm", "supervised"),
                    ("fault", fault::KILL_SERVER),
                    ("point", "in flight"),
                ],
                &trial,
            )
        });
    }
    Ok(conditions)
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let fault: String = trial.factor("fault")?;
    if fault == fault::KILL_SERVER {
        kill_server(trial, &parameters)
    } else {
        kill_worker(trial, &parameters)
    }
}

fn kill_worker(trial: &Trial<'_>, parameters: &Parameters) -> Result<TrialStatus, TrialError> {
    let arm: String = trial.factor("arm")?;
    let target: String = trial.factor("point")?;
    let (step, point) = target
        .split_once('/')
        .and_then(|(step, name)| {
            let point = CrashPoint::ALL
                .into_iter()
                .find(|point| point.as_str() == name)?;
            Some((step.parse().ok()?, point))
        })
        .ok_or_else(|| TrialError::Plan(format!("trial {}: point {target:?}", trial.plan.id)))?;
    let rule = CrashRule {
        id: "kill".into(),
        step,
        partition: None,
        attempt: Some(1),
        point,
        action: CrashAction::KillSelf,
    };
    let crash = CrashPlan {
        rules: vec![rule],
        dir: trial.dir("crash")?,
    };
    let supervised = arm == "supervised";
    let session = trial.open(Setup {
        journal: true,
        workers: if supervised { 1 } else { 2 },
        restart_delay: supervised.then(|| Duration::from_millis(parameters.restart_delay_ms)),
        crash: Some(crash),
        ..Setup::default()
    })?;
    trial.armed(fault::KILL_WORKER, &target)?;
    let work = work(parameters, "restart");
    trial.attempt(&*session, &work, DEADLINE)?;
    let killed = session.killed_workers();
    for pid in &killed {
        trial.fired(fault::KILL_WORKER, &target, Some(*pid))?;
    }
    trial.close_and_keep(session, &parameters.source)?;
    Ok(if killed.is_empty() {
        TrialStatus::Void
    } else {
        TrialStatus::Completed
    })
}

fn kill_server(trial: &Trial<'_>, parameters: &Parameters) -> Result<TrialStatus, TrialError> {
    let session = trial.open(Setup {
        journal: true,
        restart_delay: Some(Duration::from_millis(parameters.restart_delay_ms)),
        step_delay_ms: STEP_DELAY_MS,
        ..Setup::default()
    })?;
    let target = "the Temporal server, with runs in flight";
    trial.armed(fault::KILL_SERVER, target)?;
    let works: Vec<Work> = (0..RUNS_UNDER_SERVER_KILL)
        .map(|number| work(parameters, &format!("server-{number}")))
        .collect();
    for work in &works {
        trial.start(&*session, work)?;
    }
    let hit = KillServer {
        restart_delay: Duration::from_millis(parameters.restart_delay_ms),
    }
    .strike(trial, &*session)?;
    for work in &works {
        trial.end(&*session, work, DEADLINE)?;
    }
    trial.close_and_keep(session, &parameters.source)?;
    Ok(if hit {
        TrialStatus::Completed
    } else {
        TrialStatus::Void
    })
}

fn work(parameters: &Parameters, run: &str) -> Work {
    Work {
        run: run.to_owned(),
        job: Job::Pipeline(Pipeline {
            heartbeat_timeout_ms: parameters.heartbeat_timeout_ms,
            ..Pipeline::new(&parameters.source, RetrySpec::default())
        }),
    }
}
