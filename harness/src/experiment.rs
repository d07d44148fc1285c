//! What can be tried: an experiment plans trials from a scenario's parameters, and makes
//! one. One file each; the registry below is in alphabetical order.

mod closed_loop;
mod open_loop;
mod overhead;
mod restart_survival;
mod retries;
mod throughput;

use std::collections::BTreeMap;

use crate::engine::{Trial, TrialError};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

/// A kind of trial.
pub struct Experiment {
    /// Registered name.
    pub name: &'static str,
    /// What it answers, for `orchbench list`.
    pub question: &'static str,
    /// One block's trials, each factor combination once an arm.
    plan: fn(&Scenario) -> Result<Vec<Condition>, ConfigError>,
    run: fn(&Trial<'_>) -> Result<TrialStatus, TrialError>,
}

/// A combination of factors that an experiment tries on each arm.
#[derive(Debug, Clone, PartialEq)]
struct Condition {
    factors: BTreeMap<String, String>,
    parameters: serde_json::Value,
    /// Engines to which it does not apply.
    except: Vec<String>,
}

impl Condition {
    fn new(factors: &[(&str, &str)], parameters: &impl serde::Serialize) -> Self {
        Self {
            factors: factors
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            parameters: serde_json::to_value(parameters).unwrap_or_default(),
            except: Vec::new(),
        }
    }
}

/// All experiments.
pub fn all() -> [Experiment; 4] {
    [
        overhead::EXPERIMENT,
        restart_survival::EXPERIMENT,
        retries::EXPERIMENT,
        throughput::EXPERIMENT,
    ]
}

/// Names of all experiments.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|each| each.name).collect()
}

/// Trials of a scenario: `blocks` times every condition on every arm, the arms in mirrored
/// order in every second block (A B B A), so that drift of the machine cancels out.
pub fn plan(scenario: &Scenario, blocks: u32) -> Result<Vec<TrialPlan>, ConfigError> {
    let place = format!("scenario {}", scenario.name);
    crate::scenario::known_name(&place, "experiment", &scenario.experiment, &names())?;
    let mut trials = Vec::new();
    for experiment in all() {
        if experiment.name != scenario.experiment {
            continue;
        }
        let conditions = (experiment.plan)(scenario)?;
        for block in 0..blocks {
            for condition in &conditions {
                plan_block(scenario, condition, block, &mut trials);
            }
        }
    }
    Ok(trials)
}

fn plan_block(scenario: &Scenario, condition: &Condition, block: u32, trials: &mut Vec<TrialPlan>) {
    let mut arms: Vec<(&str, &str)> = scenario
        .arms
        .iter()
        .flat_map(|arm| {
            arm.settings
                .iter()
                .map(move |settings| (arm.engine.as_str(), settings.as_str()))
        })
        .collect();
    if block % 2 == 1 {
        arms.reverse();
    }
    for (engine, settings) in arms {
        if condition.except.iter().any(|except| except == engine) {
            continue;
        }
        let factors: Vec<String> = condition
            .factors
            .values()
            .map(|value| value.replace(['/', ' '], "-"))
            .collect();
        let id = format!(
            "{}.{}.{engine}.{settings}.{block}",
            scenario.name,
            factors.join(".")
        );
        trials.push(TrialPlan {
            id,
            scenario: scenario.name.clone(),
            experiment: scenario.experiment.clone(),
            engine: engine.to_owned(),
            settings: settings.to_owned(),
            block,
            factors: condition.factors.clone(),
            parameters: condition.parameters.clone(),
        });
    }
}

/// Makes one trial.
pub fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    for experiment in all() {
        if experiment.name == trial.plan.experiment {
            return (experiment.run)(trial);
        }
    }
    Err(TrialError::Plan(format!(
        "trial {}: unknown experiment {:?}: expected one of {}",
        trial.plan.id,
        trial.plan.experiment,
        names().join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_experiment_has_its_other_half_in_the_evidence_crate() {
        let halves = orchbench_evidence::experiment::all().map(|each| each.name);
        assert_eq!(names(), halves);
    }

    #[test]
    fn ids_are_unique_and_blocks_mirrored() -> anyhow::Result<()> {
        let profile = crate::profile::find("quick")?;
        let mut ids = BTreeSet::new();
        for (scenario, blocks) in profile.resolve()? {
            for trial in plan(&scenario, blocks)? {
                assert!(ids.insert(trial.id.clone()), "{} twice", trial.id);
            }
        }
        let overhead = crate::scenario::all()?
            .into_iter()
            .find(|each| each.name == "overhead")
            .ok_or_else(|| anyhow::anyhow!("no scenario overhead"))?;
        let trials = plan(&overhead, 2)?;
        let engines = |block: u32| -> Vec<&str> {
            trials
                .iter()
                .filter(|each| each.block == block && each.factors["shape"] == "chain")
                .map(|each| each.settings.as_str())
                .collect()
        };
        let mut mirrored = engines(1);
        mirrored.reverse();
        assert_eq!(engines(0), mirrored);
        Ok(())
    }
}
