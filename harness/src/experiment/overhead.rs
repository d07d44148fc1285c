//! Overhead: runs of N steps that do nothing, in a chain and fanned out. The analysis takes what
//! a run and what a step costs from them; the cost in CPU, memory and writes stands beside.

use std::time::{Duration, Instant};

use orchbench_etl::Shape;
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment, warm_up};
use crate::engine::{Job, Pace, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "overhead",
    question: "what does the engine add to a run and to a step",
    plan,
    run,
    seconds,
};

/// Longest that a run of no-op steps may take.
const DEADLINE: Duration = Duration::from_secs(900);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shapes: Vec<Shape>,
    /// Numbers of steps, in ascending order.
    steps: Vec<u32>,
    /// Runs of each number of steps in a trial, after the warm-up.
    samples: u32,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    if parameters.steps.is_empty() {
        return Err(ConfigError::Invalid {
            place: format!("scenario {}: parameters.steps", scenario.name),
            message: "expected at least one number, found none".to_owned(),
        });
    }
    let trial = Parameters {
        shapes: Vec::new(),
        ..parameters.clone()
    };
    Ok(parameters
        .shapes
        .iter()
        .map(|shape| Condition::new(&[("shape", shape.as_str())], &trial))
        .collect())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let Ok(parameters) = serde_json::from_value::<Parameters>(trial.parameters.clone()) else {
        return 0.0;
    };
    let steps: f64 = parameters.steps.iter().copied().map(f64::from).sum();
    steps * f64::from(parameters.samples) * pace.step_s
        + (8.0 * warm_up_steps(&parameters) * pace.step_s).min(warm_up::MOST_TIME.as_secs_f64())
}

/// The warm-up is made of runs of the middle size.
fn warm_up_steps(parameters: &Parameters) -> f64 {
    f64::from(parameters.steps[parameters.steps.len() / 2])
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let shape: Shape = trial.factor("shape")?;
    let steps = parameters.steps.iter().copied();
    let session = trial.open(Setup {
        jobs: steps.map(|steps| Job::Noop { shape, steps }).collect(),
        ..Setup::default()
    })?;
    let one = |steps: u32, name: String| -> Result<f64, TrialError> {
        let work = Work {
            run: name,
            job: Job::Noop { shape, steps },
        };
        let begun = Instant::now();
        trial.complete(&*session, &work, DEADLINE)?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    let middle = parameters.steps[parameters.steps.len() / 2];
    warm_up::until_flat(trial, |number| one(middle, format!("warm-up-{number}")))?;
    let meter = trial.meter(&*session);
    for sample in 0..parameters.samples {
        for steps in &parameters.steps {
            let run_ms = one(*steps, format!("{}-{steps}-{sample}", shape.as_str()))?;
            trial.sample("run_ms", run_ms, &[("steps", &steps.to_string())])?;
        }
    }
    let steps: u32 = parameters.steps.iter().sum::<u32>() * parameters.samples;
    let runs = parameters.samples * parameters.steps.len() as u32;
    meter.record(trial, &*session, runs.into(), steps.into())?;
    for steps in &parameters.steps {
        let first = Work {
            run: format!("{}-{steps}-0", shape.as_str()),
            job: Job::Noop {
                shape,
                steps: *steps,
            },
        };
        trial.record_footprint(&*session, &first, ("steps", &steps.to_string()))?;
    }
    trial.close(session)?;
    Ok(TrialStatus::Completed)
}
