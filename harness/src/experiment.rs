//! What can be tried: an experiment plans trials from a scenario's parameters, and makes
//! one. One file each; the registry below is in alphabetical order.

mod change;
mod closed_loop;
mod dbt;
mod deploy;
mod effort;
mod limits;
mod microservices;
mod observability;
pub mod open_loop;
mod overhead;
mod rehearsal;
mod restart_survival;
mod retries;
mod saga;
mod throughput;
mod timers;
mod waiting;
mod waits;
mod warm_up;

use std::collections::BTreeMap;

use crate::engine::{self, EXECUTION, Pace, Trial, TrialError};
use crate::fault;
use crate::scenario::{Arm, ConfigError, Scenario, Twin};
use orchbench_evidence::record::{LeftOut, TrialPlan, TrialStatus};

/// The factor that names the clock by which a run waits.
pub(crate) const CLOCK: &str = "clock";
/// The clock of an engine's own that skips time; its server has to be set so.
pub(crate) const SKIPPED: &str = "skipped";

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
pub fn all() -> [Experiment; 15] {
    [
        change::EXPERIMENT,
        dbt::EXPERIMENT,
        deploy::EXPERIMENT,
        effort::EXPERIMENT,
        limits::EXPERIMENT,
        microservices::EXPERIMENT,
        observability::EXPERIMENT,
        overhead::EXPERIMENT,
        rehearsal::EXPERIMENT,
        restart_survival::EXPERIMENT,
        retries::EXPERIMENT,
        saga::EXPERIMENT,
        throughput::EXPERIMENT,
        timers::EXPERIMENT,
        waiting::EXPERIMENT,
    ]
}

/// What the trials of an experiment lack on this machine beside engines; `None` where nothing.
pub fn lacks(experiment: &str) -> Option<String> {
    (experiment == dbt::NAME).then(dbt::lacks).flatten()
}

/// Names of all experiments.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|each| each.name).collect()
}

/// The trials of a scenario, and those that cannot be.
#[derive(Debug, Default)]
pub struct Planned {
    /// In the order in which they are made.
    pub trials: Vec<TrialPlan>,
    /// What an engine has not that a fault would strike.
    pub left_out: Vec<LeftOut>,
}

/// Trials of a scenario: `blocks` times every condition on every arm, the arms in mirrored
/// order in every second block (A B B A), so that drift of the machine cancels out.
pub fn plan(scenario: &Scenario, blocks: u32) -> Result<Planned, ConfigError> {
    let place = format!("scenario {}", scenario.name);
    crate::scenario::known_name(&place, "experiment", &scenario.experiment, &names())?;
    let mut planned = Planned::default();
    for experiment in all() {
        if experiment.name != scenario.experiment {
            continue;
        }
        let conditions = (experiment.plan)(scenario)?;
        for block in 0..blocks {
            for condition in &conditions {
                plan_block(scenario, condition, block, &mut planned);
            }
        }
    }
    Ok(planned)
}

/// One arm of a scenario: an engine under a setting, in an execution, or its twin.
#[derive(Clone)]
struct PlannedArm<'a> {
    engine: &'a str,
    settings: &'a str,
    /// The condition's, and the arm's execution where it names one.
    factors: BTreeMap<String, String>,
    twin: bool,
}

/// The arms of a condition; those that the scenario compares with themselves stand twice.
fn arms<'a>(scenario: &'a Scenario, arm: &'a Arm, condition: &Condition) -> Vec<PlannedArm<'a>> {
    let mut executions: Vec<_> = arm.executions.iter().map(Some).collect();
    if executions.is_empty() {
        executions.push(None);
    }
    let mut arms = Vec::new();
    for settings in &arm.settings {
        for execution in &executions {
            let mut factors = condition.factors.clone();
            let named = execution.map(|each| (EXECUTION.to_owned(), each.as_str().to_owned()));
            factors.extend(named);
            let once = PlannedArm {
                engine: &arm.engine,
                settings,
                factors,
                twin: false,
            };
            let twin = scenario.twins.iter().any(|twin| twin.is(&once));
            arms.push(once.clone());
            arms.extend(twin.then_some(PlannedArm { twin, ..once }));
        }
    }
    arms
}

impl Twin {
    fn is(&self, arm: &PlannedArm<'_>) -> bool {
        let same = |(name, value): (&String, &String)| arm.factors.get(name) == Some(value);
        self.engine == arm.engine && self.settings == arm.settings && self.factors.iter().all(same)
    }
}

impl Planned {
    /// Notes trials that cannot be, beside those that cannot for the same reason.
    fn leave_out(&mut self, what: String, reason: String, trials: usize) {
        let mut noted = self.left_out.iter_mut();
        match noted.find(|each| each.what == what && each.reason == reason) {
            Some(noted) => noted.trials += trials,
            None => self.left_out.push(LeftOut {
                what,
                trials,
                reason,
            }),
        }
    }
}

fn plan_block(scenario: &Scenario, condition: &Condition, block: u32, planned: &mut Planned) {
    let mut all = Vec::new();
    for arm in &scenario.arms {
        for arm in arms(scenario, arm, condition) {
            match inapplicable(&arm, &condition.faults) {
                None => all.push(arm),
                Some(reason) => {
                    let faults = condition.faults.join(", ");
                    let what = format!("scenario {}, {faults} on {}", scenario.name, arm.engine);
                    planned.leave_out(what, reason, 1);
                }
            }
        }
    }
    if block % 2 == 1 {
        all.reverse();
    }
    let trials = all
        .into_iter()
        .map(|arm| trial(scenario, condition, block, arm));
    planned.trials.extend(trials);
}

/// Why the faults cannot strike an arm; `None` where they can.
fn inapplicable(arm: &PlannedArm<'_>, faults: &[String]) -> Option<String> {
    let engine = engine::named(arm.engine)?;
    let execution = engine.execution(&arm.factors)?;
    fault::inapplicable(faults, engine, execution)
}

fn trial(scenario: &Scenario, condition: &Condition, block: u32, arm: PlannedArm<'_>) -> TrialPlan {
    let PlannedArm {
        engine,
        settings,
        factors,
        twin,
    } = arm;
    let values: String = factors
        .values()
        .map(|value| format!(".{}", value.replace(['/', ' '], "-")))
        .collect();
    let twin_mark = if twin { ".twin" } else { "" };
    TrialPlan {
        id: format!(
            "{}{values}.{engine}.{settings}{twin_mark}.{block}",
            scenario.name
        ),
        scenario: scenario.name.clone(),
        experiment: scenario.experiment.clone(),
        engine: engine.to_owned(),
        settings: settings.to_owned(),
        block,
        factors,
        parameters: condition.parameters.clone(),
        sources: condition.sources.clone(),
        faults: condition.faults.clone(),
        side_by_side: condition.side_by_side.max(1),
        twin,
    }
}

/// About how many seconds a planned trial takes, its engine's start included.
pub fn seconds(trial: &TrialPlan) -> f64 {
    let Some(engine) = engine::named(&trial.engine) else {
        return 0.0;
    };
    let execution = engine.execution(&trial.factors).unwrap_or_default();
    let pace = (engine.pace)(&trial.settings, execution);
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
impl Experiment {
    /// The conditions of a scenario of this name and with these parameters, a line each.
    fn planned(&self, name: &str, parameters: &str) -> Result<Vec<Condition>, ConfigError> {
        let text = format!(
            "title = \"t\"\nexperiment = \"{}\"\n[[arms]]\nengine = \"direct\"\n\
             settings = [\"default\"]\n[parameters]\n{parameters}",
            self.name
        );
        let scenario = crate::scenario::parse(&format!("{name}.toml"), &text)?;
        (self.plan)(&Scenario {
            name: name.to_owned(),
            ..scenario
        })
    }
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
            anyhow::ensure!(!plan(&scenario, 1)?.trials.is_empty(), "{}", scenario.name);
        }
        Ok(())
    }

    #[test]
    fn ids_are_unique_and_blocks_mirrored() -> anyhow::Result<()> {
        let profile = crate::profile::find("quick")?;
        let mut ids = BTreeSet::new();
        for (scenario, blocks) in profile.resolve()? {
            for trial in plan(&scenario, blocks)?.trials {
                assert!(ids.insert(trial.id.clone()), "{} twice", trial.id);
            }
        }
        let overhead = crate::scenario::all()?
            .into_iter()
            .find(|each| each.name == "overhead")
            .ok_or_else(|| anyhow::anyhow!("no scenario overhead"))?;
        let trials = plan(&overhead, 2)?.trials;
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
