//! Rehearsal: a run of as many steps as a workload of one's own has, each as long as its steps take, of whose
//! attempts as many fail; once as it is, and once while the worker that has it is killed half-way.

use std::time::{Duration, Instant};

use orchbench_etl::{RetrySpec, Synthetic};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Ended, Job, Pace, Session, Setup, Strike, Trial, TrialError, Work};
use crate::fault;
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "rehearsal",
    question: "how long does a run of so many steps of such a length take, of which some fail, also when its worker is killed",
    plan,
    run,
    seconds,
};

/// The factor that says what happens while the run is in work.
const MEANWHILE: &str = "meanwhile";
const NOTHING: &str = "nothing";
/// How often it is looked whether there is a worker to kill.
const LOOK: Duration = Duration::from_millis(5);
/// How many attempts a step has, so that the planned failures do not use them up.
const ATTEMPTS: u32 = 10;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Steps, one after the other.
    steps: u32,
    step_ms: u64,
    /// The share of attempts that fail.
    failed_share: f64,
    /// How long the policy waits before the next attempt.
    delay_ms: u64,
    /// How long a supervisor waits before it starts a dead worker again.
    restart_delay_ms: u64,
    /// A run that has not ended that long after the time of its work is stuck.
    deadline_s: u64,
}

impl Parameters {
    /// The time of the steps, were each attempted once.
    fn work(&self) -> Duration {
        Duration::from_millis(self.step_ms) * self.steps
    }

    /// How many attempts of each step fail: the same in all arms of a block.
    fn failures(&self, seed: u64) -> Vec<u32> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut draw = || {
            let fails = std::iter::repeat_with(|| rng.random::<f64>() < self.failed_share);
            let failed = fails.take(ATTEMPTS as usize - 1).take_while(|fails| *fails);
            failed.count() as u32
        };
        (0..self.steps).map(|_| draw()).collect()
    }
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let refused = |field: &str, expected: &str, found: &dyn std::fmt::Display| {
        let place = format!("scenario {}: parameters.{field}", scenario.name);
        let message = format!("expected {expected}, found {found}");
        Err(ConfigError::Invalid { place, message })
    };
    if parameters.steps == 0 {
        return refused("steps", "at least 1", &parameters.steps);
    }
    if !(0.0..1.0).contains(&parameters.failed_share) {
        let expected = "a share from 0 to below 1";
        return refused("failed_share", expected, &parameters.failed_share);
    }
    let of = |meanwhile: &str| Condition::new(&[(MEANWHILE, meanwhile)], &parameters);
    let killed = of(fault::KILL_WORKER).with_faults([fault::KILL_WORKER]);
    Ok(vec![of(NOTHING), killed])
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let Ok(parameters) = serde_json::from_value::<Parameters>(trial.parameters.clone()) else {
        return 0.0;
    };
    let steps = f64::from(parameters.steps) * pace.step_s;
    let recovery = match trial.factors.get(MEANWHILE).map(String::as_str) {
        Some(fault::KILL_WORKER) => pace.recovery_s,
        _ => 0.0,
    };
    parameters.work().as_secs_f64() + steps + recovery
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let failures = parameters.failures(trial.block_seed());
    trial.sample(
        "planned_failures",
        f64::from(failures.iter().sum::<u32>()),
        &[],
    )?;
    let work = Work {
        run: trial.plan.id.clone(),
        job: Job::Synthetic {
            steps: parameters.steps,
            work: Synthetic {
                step_ms: parameters.step_ms,
                failures,
                retry: RetrySpec {
                    max_attempts: ATTEMPTS,
                    delay_ms: parameters.delay_ms,
                    ..RetrySpec::default()
                },
            },
        },
    };
    let session = trial.open(Setup {
        restart_delay: Some(Duration::from_millis(parameters.restart_delay_ms)),
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    let deadline = parameters.work() + Duration::from_secs(parameters.deadline_s);
    let kills = trial.factor::<String>(MEANWHILE)? == fault::KILL_WORKER;
    let begun = Instant::now();
    trial.start(&*session, &work)?;
    let struck = !kills || kill(trial, &*session, &work, parameters.work() / 2, deadline)?;
    let ended = trial.end(&*session, &work, deadline)?;
    if matches!(ended, Ended::Succeeded { .. }) {
        trial.sample("rehearsal_ms", begun.elapsed().as_secs_f64() * 1e3, &[])?;
    }
    trial.close(session)?;
    Ok(match struck {
        true => TrialStatus::Completed,
        false => TrialStatus::Void,
    })
}

/// Kills the worker that has the run so long after there is one, and records when that was, from the run's
/// start; false where the run had ended by then.
fn kill(
    trial: &Trial<'_>,
    session: &dyn Session,
    work: &Work,
    after: Duration,
    deadline: Duration,
) -> Result<bool, TrialError> {
    let begun = Instant::now();
    let patience = begun + deadline;
    while session.workers().is_empty() && Instant::now() < patience {
        std::thread::sleep(LOOK);
    }
    let ended = session.wait(work, Instant::now() + after)?;
    let worker = session.workers().first().copied();
    let Some(worker) = worker.filter(|_| matches!(ended, Ended::Stuck)) else {
        return Ok(false);
    };
    session.strike_worker(worker, Strike::Kill)?;
    trial.sample("killed_after_ms", begun.elapsed().as_secs_f64() * 1e3, &[])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(failed_share: f64, steps: u32) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!(
            "steps = {steps}\nstep_ms = 10\nfailed_share = {failed_share:?}\ndelay_ms = 200\nrestart_delay_ms = 500\ndeadline_s = 60"
        );
        EXPERIMENT.planned("mine", &parameters)
    }

    #[test]
    fn it_runs_once_as_it_is_and_once_under_a_kill() -> Result<(), ConfigError> {
        let planned = planned(0.1, 20)?;
        let faults: Vec<_> = planned.iter().map(|each| each.faults.as_slice()).collect();
        assert_eq!(faults, [[].as_slice(), &[fault::KILL_WORKER.to_owned()]]);
        Ok(())
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        for (share, steps, expected) in [
            (
                1.0,
                3,
                "scenario mine: parameters.failed_share: expected a share from 0",
            ),
            (
                0.1,
                0,
                "scenario mine: parameters.steps: expected at least 1",
            ),
        ] {
            let refused = planned(share, steps).expect_err("it cannot be").to_string();
            assert!(refused.starts_with(expected), "{refused}");
        }
    }

    #[test]
    fn failures_are_the_seeds_alone_and_about_their_share() {
        let parameters = Parameters {
            steps: 10_000,
            step_ms: 0,
            failed_share: 0.2,
            delay_ms: 0,
            restart_delay_ms: 0,
            deadline_s: 0,
        };
        let failures = parameters.failures(7);
        assert_eq!(failures, parameters.failures(7));
        assert_ne!(failures, parameters.failures(8));
        let failed: u32 = failures.iter().sum();
        assert!((0.18..0.22).contains(&(f64::from(failed) / f64::from(failed + 10_000))));
    }
}
