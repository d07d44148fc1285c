//! A workload rehearsed: what its twin took here, beside what the model of a results folder said.

use serde::Serialize;

use super::workload::Workload;
use crate::document::{Text, figure, path, text};
use crate::experiment::rehearsal::{EXPERIMENT, FAILURES, TIME};
use crate::model::{Band, Inputs, predict};
use crate::record::{Measurement, Model, ModelOption, TrialPlan};
use crate::results::Analysis;

/// How long a rehearsed run takes at most, were each of its steps attempted once, milliseconds.
const LONGEST_MS: f64 = 60_000.0;
/// How long one of its steps takes at most, milliseconds.
const LONGEST_STEP_MS: f64 = 5_000.0;
/// How many steps it has at most.
const MOST_STEPS: u32 = 50;

/// What a workload's synthetic twin consists of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rehearsal {
    /// Its steps.
    pub steps: u32,
    /// How long each takes, milliseconds.
    pub step_ms: u64,
    /// The share of attempts that fail.
    pub failed_share: f64,
}

impl Rehearsal {
    /// As the workload, in a minute: no more steps and no longer ones than that allows.
    pub fn of(workload: &Workload) -> Self {
        let steps = workload.steps.min(MOST_STEPS);
        let longest = (LONGEST_MS / f64::from(steps)).min(LONGEST_STEP_MS);
        Self {
            steps,
            step_ms: (workload.step_seconds * 1e3).min(longest).round() as u64,
            failed_share: workload.failed_attempts,
        }
    }
}

/// One way to run it.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsed {
    /// What sentences call the engine.
    pub label: String,
    /// The engine.
    pub engine: String,
    /// Its settings.
    pub settings: String,
    /// What happened meanwhile: `nothing`, or the kill of its worker.
    pub meanwhile: String,
    /// What the model says, seconds: the value, the lower and the upper end; `None` where a term of it was
    /// not measured.
    pub predicted_s: Option<[f64; 3]>,
    /// What it took, seconds; `None` where no run ended well.
    pub measured_s: Option<f64>,
    /// The same with its place.
    pub said: Text,
}

/// Each way that was rehearsed, in the order of the plan. `model` is that of the results that the advice is
/// from; of an engine that was tried as it is deployed, that option.
pub fn rehearsed(rehearsal: &Analysis, model: &Model) -> Vec<Rehearsed> {
    let mut ways: Vec<Rehearsed> = Vec::new();
    for trial in &rehearsal.plan.trials {
        let way = way(trial, rehearsal, model);
        let known = |each: &Rehearsed| {
            (&each.engine, &each.settings, &each.meanwhile)
                == (&way.engine, &way.settings, &way.meanwhile)
        };
        if trial.experiment == EXPERIMENT.name && !ways.iter().any(known) {
            ways.push(way);
        }
    }
    ways
}

fn way(trial: &TrialPlan, rehearsal: &Analysis, model: &Model) -> Rehearsed {
    let meanwhile = trial.factors.get("meanwhile").cloned();
    let meanwhile = meanwhile.unwrap_or_default();
    let measured = |metric: &str| {
        let mut all = rehearsal.measured(&trial.engine, EXPERIMENT.name, metric);
        all.find(|each| each.settings == trial.settings && each.has("meanwhile", &meanwhile))
    };
    let engines = &rehearsal.plan.engines;
    let engine = engines.iter().find(|each| each.name == trial.engine);
    let failures = measured(FAILURES).map_or(0.0, |each| each.estimate.value);
    let predicted =
        option_of(&trial.engine, model).and_then(|option| predicted(option, trial, failures));
    let time = measured(TIME);
    Rehearsed {
        label: engine.map_or_else(|| trial.engine.clone(), |engine| engine.label.clone()),
        engine: trial.engine.clone(),
        settings: trial.settings.clone(),
        predicted_s: predicted.map(|band| [band.value, band.low, band.high]),
        measured_s: time.map(|each| each.estimate.value / 1e3),
        said: time.map_or_else(|| Text::from("no run ended well"), said),
        meanwhile,
    }
}

fn said(time: &Measurement) -> Text {
    text![figure::value(
        time.estimate.value / 1e3,
        path::times(time, 1e-3)
    )]
}

fn option_of<'a>(engine: &str, model: &'a Model) -> Option<&'a ModelOption> {
    let of_engine = || model.options.iter().filter(|each| each.engine == engine);
    let deployed = of_engine().find(|each| each.execution.as_deref() == Some("deployed"));
    deployed.or_else(|| of_engine().next())
}

/// The time that the model says, and the waits that the policy has between attempts, which are none of its
/// terms.
fn predicted(option: &ModelOption, trial: &TrialPlan, failures: f64) -> Option<Band> {
    let of_trial = |name: &str| trial.parameters[name].as_f64();
    let steps = of_trial("steps")?;
    let day = Inputs {
        steps,
        step_s: of_trial("step_ms")? / 1e3,
        failed_share: failures / (steps + failures),
        kills_a_day: trial.faults.len() as f64,
        corrections_a_day: 0.0,
        waiting_runs: 0.0,
    };
    let waits_s = failures * of_trial("delay_ms")? / 1e3;
    let Band { value, low, high } = predict(option, &day).time_s?;
    Some(Band {
        value: value + waits_s,
        low: low + waits_s,
        high: high + waits_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_workload_within_a_minute() {
        let twin = |steps: u32, seconds: f64| {
            let text =
                format!("title = \"t\"\nsteps = {steps}\nstep_seconds = {seconds}\nruns_a_day = 1");
            let workload = Workload::parse("w", &text).expect("a workload");
            let Rehearsal { steps, step_ms, .. } = Rehearsal::of(&workload);
            (steps, step_ms)
        };
        assert_eq!(twin(3, 0.25), (3, 250));
        assert_eq!(twin(8, 3600.0), (8, 5_000));
        assert_eq!(twin(3650, 4.0), (50, 1_200));
    }
}
