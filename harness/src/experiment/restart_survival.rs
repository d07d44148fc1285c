//! Restart survival: a worker dies by SIGKILL at a named point of a named step, or the
//! engine's server dies, or both, or they freeze; does the run end right, and how soon.
//!
//! The arms: `unsupervised`, two workers of which one dies; `supervised`, one worker that
//! is started again after the same fixed delay on every engine; `whole-host`, all processes
//! of the engine die, and are started again after that delay.

mod kill;
mod sweep;

use std::time::Duration;

use orchbench_etl::{CrashPoint, RetrySpec, StepName};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Job, Pace, Pipeline, Setup, Trial, TrialError, Work};
use crate::fault::{self, Armed, At, Planned, Within};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "restart-survival",
    question: "after a kill, does every run end right, with nothing lost or doubled, and how soon",
    plan,
    run,
    seconds,
};

/// Work added to every step of the runs under a killed server, so that they are in flight for
/// a while.
const STEP_DELAY_MS: u64 = 500;
/// The factor of a trial that follows a fault plan.
const PLAN: &str = "plan";

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
    /// How long a supervisor waits before it starts a dead process again.
    restart_delay_ms: u64,
    heartbeat_timeout_ms: u64,
    /// A run that has not ended by then is stuck.
    #[serde(default = "deadline_s")]
    deadline_s: u64,
    /// The server is killed while a run of each of these is in flight. No two are of one source,
    /// as the sink would fence the earlier off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    server_kill_sources: Vec<String>,
    /// Whether every step and point is tried, instead of `steps` × `points` × `arms`.
    #[serde(default)]
    sweep: bool,
    #[serde(default)]
    sink: SinkName,
    /// Work added to every step.
    #[serde(default)]
    step_delay_ms: u64,
    /// The policy of every step; in the plan it stands whole.
    #[serde(default)]
    retry: RetrySpec,
    /// Trials made at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side_by_side: Option<usize>,
    /// A fault plan, tried once on each of `arms`, under a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    plans: Vec<FaultPlan>,
}

fn deadline_s() -> u64 {
    90
}

impl Parameters {
    fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_s)
    }
}

/// Several faults in one trial.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultPlan {
    name: String,
    faults: Vec<Planned>,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SinkName {
    /// By key: a second load changes nothing.
    #[default]
    Idempotent,
    /// By appending, each time.
    Naive,
}

impl SinkName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Idempotent => "idempotent",
            Self::Naive => "naive",
        }
    }
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters", scenario.name);
    for arm in &parameters.arms {
        let known = ["supervised", "unsupervised", "whole-host"];
        crate::scenario::known_name(&format!("{place}: arms"), "arm", arm, &known)?;
    }
    let finished = |condition: Condition| {
        let condition = match condition.sources.is_empty() {
            true => condition.of([&parameters.source]),
            false => condition,
        };
        Condition {
            side_by_side: parameters.side_by_side.unwrap_or(1),
            ..condition
        }
    };
    if parameters.sweep {
        return Ok(sweep::conditions(&parameters)
            .into_iter()
            .map(finished)
            .collect());
    }
    let trial = Parameters {
        steps: Vec::new(),
        points: Vec::new(),
        arms: Vec::new(),
        plans: Vec::new(),
        server_kill_sources: Vec::new(),
        ..parameters.clone()
    };
    let mut conditions = named(&parameters, &trial);
    conditions.extend(planned(&parameters, &trial, &place)?);
    if !parameters.server_kill_sources.is_empty() {
        let in_flight = Condition::new(
            &[
                ("arm", "supervised"),
                ("fault", fault::KILL_SERVER),
                ("point", "in flight"),
            ],
            &Parameters {
                server_kill_sources: parameters.server_kill_sources.clone(),
                ..trial
            },
        );
        conditions.push(
            in_flight
                .of(&parameters.server_kill_sources)
                .with_faults([fault::KILL_SERVER]),
        );
    }
    Ok(conditions.into_iter().map(finished).collect())
}

/// The kill of a worker, or of everything, at each named point of each named step.
fn named(parameters: &Parameters, trial: &Parameters) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for arm in &parameters.arms {
        for step in &parameters.steps {
            for point in &parameters.points {
                let point = format!("{}/{}", step.as_str(), point.as_str());
                let fault = match arm.as_str() {
                    "whole-host" => fault::KILL_HOST,
                    _ => fault::KILL_WORKER,
                };
                let factors = [("arm", arm.as_str()), ("fault", fault), ("point", &point)];
                conditions.push(Condition::new(&factors, trial).with_faults([fault]));
            }
        }
    }
    conditions
}

/// Each fault plan on each arm.
fn planned(
    parameters: &Parameters,
    trial: &Parameters,
    place: &str,
) -> Result<Vec<Condition>, ConfigError> {
    let mut conditions = Vec::new();
    for plan in &parameters.plans {
        for fault in &plan.faults {
            fault.validate(&format!("{place}: plan {}", plan.name))?;
        }
        let trial = Parameters {
            plans: vec![plan.clone()],
            ..trial.clone()
        };
        for arm in &parameters.arms {
            let factors = [("arm", arm.as_str()), ("fault", PLAN), ("plan", &plan.name)];
            let faults = plan.faults.iter().map(|each| each.fault.as_str());
            conditions.push(Condition::new(&factors, &trial).with_faults(faults));
        }
    }
    Ok(conditions)
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let delays = ["restart_delay_ms", "step_delay_ms"]
        .iter()
        .filter_map(|name| trial.parameters[*name].as_f64())
        .sum::<f64>();
    let deadline_s = trial.parameters["deadline_s"].as_f64();
    let recovery_s = pace.recovery_s.min(deadline_s.unwrap_or(f64::INFINITY));
    recovery_s + delays / 1e3 + 15.0 * pace.step_s
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let fault: String = trial.factor("fault")?;
    let point: String = trial.factor("point")?;
    if fault == PLAN {
        let plan = parameters.plans.first().ok_or_else(|| {
            TrialError::Plan(format!("trial {}: expected a fault plan", trial.plan.id))
        })?;
        return kill::run(trial, &parameters, plan.faults.clone());
    }
    if point == "in flight" {
        return kill_server(trial, &parameters);
    }
    kill::run(trial, &parameters, vec![kill::planned(trial, &parameters)?])
}

fn kill_server(trial: &Trial<'_>, parameters: &Parameters) -> Result<TrialStatus, TrialError> {
    let armed = Armed::arm(
        trial,
        vec![Planned {
            fault: fault::KILL_SERVER.to_owned(),
            at: At::Instant(Within { within_ms: 0 }),
            hold_ms: parameters.restart_delay_ms,
        }],
    )?;
    let works: Vec<Work> = parameters
        .server_kill_sources
        .iter()
        .map(|source| work(parameters, source, &format!("server-{source}")))
        .collect();
    let session = trial.open(Setup {
        journal: true,
        jobs: works.iter().map(|work| work.job.clone()).collect(),
        restart_delay: Some(Duration::from_millis(parameters.restart_delay_ms)),
        step_delay_ms: STEP_DELAY_MS,
        ..Setup::default()
    })?;
    for work in &works {
        trial.start(&*session, work)?;
    }
    let status = armed.during(trial, &*session, || {
        works
            .iter()
            .try_for_each(|work| trial.end(&*session, work, parameters.deadline()).map(drop))
    })?;
    trial.close_and_keep(session, &works)?;
    Ok(status)
}

fn work(parameters: &Parameters, source: &str, run: &str) -> Work {
    Work {
        run: run.to_owned(),
        job: Job::Pipeline(Pipeline {
            heartbeat_timeout_ms: parameters.heartbeat_timeout_ms,
            ..Pipeline::new(source, parameters.retry.clone())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_host_is_struck_as_a_whole() -> Result<(), ConfigError> {
        let text = "title = \"t\"\nexperiment = \"restart-survival\"\n[[arms]]\nengine = \"temporal\"\n\
                    settings = [\"tuned\"]\n[parameters]\nsource = \"one-day\"\n\
                    restart_delay_ms = 500\nheartbeat_timeout_ms = 2000\nsteps = [\"load\"]\n\
                    points = [\"after_effect\"]\narms = [\"supervised\", \"whole-host\"]";
        let planned = plan(&crate::scenario::parse("host.toml", text)?)?;
        let faults: Vec<_> = planned.iter().map(|each| each.faults.as_slice()).collect();
        assert_eq!(faults, [[fault::KILL_WORKER], [fault::KILL_HOST]]);
        Ok(())
    }
}
