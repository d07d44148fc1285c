//! Limits: one run of many steps, each on the one before it. Does it end, and does the end of it go as fast
//! as its beginning?

use std::time::{Duration, Instant};

use orchbench_etl::{Shape, monotonic_ns};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Job, Pace, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "limits",
    question: "does a run of many steps end, and are its last steps as fast as its first",
    plan,
    run,
    seconds,
};

/// The fewest steps that have a first and a last hundred.
const FEWEST: u32 = 200;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Numbers of steps, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<u32>,
    /// A run that has not ended by then is stuck.
    deadline_s: u64,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let fewest = parameters.steps.iter().min().copied().unwrap_or_default();
    if fewest < FEWEST {
        return Err(ConfigError::Invalid {
            place: format!("scenario {}: parameters.steps", scenario.name),
            message: format!("expected numbers of at least {FEWEST}, found {fewest}"),
        });
    }
    let trial = Parameters {
        steps: Vec::new(),
        ..parameters.clone()
    };
    let condition = |steps: &u32| Condition::new(&[("steps", &steps.to_string())], &trial);
    Ok(parameters.steps.iter().map(condition).collect())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let steps = trial.factors.get("steps");
    let steps: f64 = steps.and_then(|steps| steps.parse().ok()).unwrap_or(0.0);
    pace.start_s + steps * pace.step_s
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let steps: String = trial.factor("steps")?;
    let steps = steps.parse().map_err(|error| {
        TrialError::Plan(format!("trial {}: factor steps: {error}", trial.plan.id))
    })?;
    let work = Work {
        run: "chain".to_owned(),
        job: Job::Noop {
            shape: Shape::Chain,
            steps,
        },
    };
    let session = trial.open(Setup {
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    let (begun, begun_ns) = (Instant::now(), monotonic_ns());
    trial.start(&*session, &work)?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    trial.end(&*session, &work, deadline)?;
    trial.sample("run_ms", begun.elapsed().as_secs_f64() * 1e3, &[])?;
    if let Some(ends) = session.step_ends(&work)? {
        let since = |t_ns: &u64| t_ns.saturating_sub(begun_ns) as f64 / 1e6;
        let ended = ends.ended_ns.iter().map(since).collect();
        trial.samples("step_end_ms", ended, &[])?;
        trial.sample("executions", ends.executions as f64, &[])?;
        trial.sample("longest_record", ends.longest_record as f64, &[])?;
    }
    trial.close(session)?;
    Ok(TrialStatus::Completed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(steps: &str) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!("deadline_s = 60\nsteps = {steps}");
        EXPERIMENT.planned("many", &parameters)
    }

    #[test]
    fn a_run_has_a_first_and_a_last_hundred_steps() -> Result<(), ConfigError> {
        let planned_steps = planned("[200, 1000]")?;
        let steps = planned_steps
            .iter()
            .map(|each| each.factors["steps"].as_str());
        assert_eq!(steps.collect::<Vec<_>>(), ["200", "1000"]);
        for (refused, found) in [("[199, 1000]", "199"), ("[]", "0")] {
            let refused = planned(refused).expect_err("too few");
            let expected = format!(
                "scenario many: parameters.steps: expected numbers of at least 200, found {found}"
            );
            assert_eq!(refused.to_string(), expected);
        }
        Ok(())
    }
}
