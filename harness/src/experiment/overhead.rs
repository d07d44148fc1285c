//! Overhead: runs of N steps that do nothing, in a chain and fanned out. From
//! T = start + k·steps, the analysis takes what a run and what a step costs.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Job, Setup, Shape, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::TrialStatus;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "overhead",
    question: "what does the engine add to a run and to a step",
    plan,
    run,
};

/// Longest that a run of no-op steps may take.
const DEADLINE: Duration = Duration::from_secs(900);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shapes: Vec<Shape>,
    /// Numbers of steps.
    steps: Vec<u32>,
    /// Runs of each number of steps in a trial, after one run to warm up.
    samples: u32,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
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

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let shape: Shape = trial.factor("shape")?;
    let session = trial.open(Setup::default())?;
    let one = |steps: u32, name: String| -> Result<f64, TrialError> {
        let work = Work {
            run: name,
            job: Job::Noop { shape, steps },
        };
        let begun = Instant::now();
        trial.complete(&*session, &work, DEADLINE)?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    one(1, "warm-up".into())?;
    for sample in 0..parameters.samples {
        for steps in &parameters.steps {
            let run_ms = one(*steps, format!("{}-{steps}-{sample}", shape.as_str()))?;
            trial.sample("run_ms", run_ms, &[("steps", &steps.to_string())])?;
        }
    }
    trial.close(session)?;
    Ok(TrialStatus::Completed)
}
