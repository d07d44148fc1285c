//! What can be tried: an experiment plans trials from a scenario's parameters, and makes
//! one. One file each; the registry below is in alphabetical order.

mod closed_loop;
pub mod open_loop;
mod overhead;
mod restart_survival;
mod retries;
mod throughput;
mod warm_up;

use std::collections::BTreeMap;

use crate::engine::{Pace, Trial, TrialError};
use crate::scenario::{ConfigError, Scenario, Twin};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

/// A kind of trial. What is made of its trials is in the evidence crate, under the same name.
pub struct Experiment {
    /// Registered name.
    pub name: &'static str,
    /// What it answers, for `orchbench list`.
    pub question: &'static str,
    /// One block's trials, each factor combination once an arm.
    plan: fn(&Scenario) -> Result<Vec<Condition>, ConfigError>,
    run: fn(&Trial<'_>) -> Result<TrialStatus, TrialError>,
    /// About how long a trial takes once its engine is up, at an engine's pace.
    seconds: fn(&TrialPlan, Pace) -> f64,
}

/// A combination of factors that an experiment tries on each arm.
#[derive(Debug, Clone, PartialEq)]
struct Condition {
    factors: BTreeMap<String, String>,
    parameters: serde_json::Value,
    /// Engines to which it does not apply.
    except: Vec<String>,
    sources: Vec<String>,
    faults: Vec<String>,
    side_by_side: usize,
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
            sources: Vec::new(),
            faults: Vec::new(),
            side_by_side: 1,
        }
    }

    /// The same, with the sources that its runs read.
    fn of<'a>(self, sources: impl IntoIterator<Item = &'a String>) -> Self {
        Self {
            sources: sources.into_iter().cloned().collect(),
            ..self
        }
    }

    /// The same, with the faults that it has.
    fn with_faults<'a>(self, faults: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            faults: faults.into_iter().map(str::to_owned).collect(),
            ..self
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

/// One arm of a scenario: an engine under a setting, or its twin.
#[derive(Clone, Copy)]
struct PlannedArm<'a> {
    engine: &'a str,
    settings: &'a str,
    twin: bool,
}

/// The arms of a condition; those that the scenario compares with themselves stand twice.
fn arms<'a>(scenario: &'a Scenario, condition: &Condition) -> Vec<PlannedArm<'a>> {
    let mut arms = Vec::new();
    for arm in &scenario.arms {
        if condition.except.contains(&arm.engine) {
            continue;
        }
        for settings in &arm.settings {
            let once = PlannedArm {
                engine: &arm.engine,
                settings,
                twin: false,
            };
            arms.push(once);
            if scenario
                .twins
                .iter()
                .any(|twin| twin.is(once.engine, settings, condition))
            {
                arms.push(PlannedArm { twin: true, ..once });
            }
        }
    }
    arms
}

impl Twin {
    fn is(&self, engine: &str, settings: &str, condition: &Condition) -> bool {
        let same = |(name, value): (&String, &String)| condition.factors.get(name) == Some(value);
        self.engine == engine && self.settings == settings && self.factors.iter().all(same)
    }
}

fn plan_block(scenario: &Scenario, condition: &Condition, block: u32, trials: &mut Vec<TrialPlan>) {
    let mut arms = arms(scenario, condition);
    if block % 2 == 1 {
        arms.reverse();
    }
    let factors: Vec<String> = condition
        .factors
        .values()
        .map(|value| value.replace(['/', ' '], "-"))
        .collect();
    for arm in arms {
        let PlannedArm {
            engine,
            settings,
            twin,
        } = arm;
        let twin_mark = if twin { ".twin" } else { "" };
        let id = format!(
            "{}.{}.{engine}.{settings}{twin_mark}.{block}",
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
            sources: condition.sources.clone(),
            faults: condition.faults.clone(),
            side_by_side: condition.side_by_side.max(1),
            twin,
        });
    }
}

/// About how many seconds a planned trial takes, its engine's start included.
pub fn seconds(trial: &TrialPlan) -> f64 {
    let pace = crate::engine::pace(&trial.engine, &trial.settings);
    let one = all()
        .iter()
        .find(|each| each.name == trial.experiment)
        .map_or(0.0, |each| (each.seconds)(trial, pace));
    (pace.start_s + one) / trial.side_by_side.max(1) as f64
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
    fn every_embedded_scenario_can_be_planned() -> anyhow::Result<()> {
        for scenario in crate::scenario::all()? {
            anyhow::ensure!(!plan(&scenario, 1)?.is_empty(), "{}", scenario.name);
        }
        Ok(())
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
