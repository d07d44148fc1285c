//! What is made of each experiment's trials: one file an experiment; the registry below is in
//! alphabetical order. The harness has a descriptor of the same name that plans and makes them.

mod blocks;
mod change;
mod cost;
mod dbt;
mod deploy;
pub mod effort;
mod limits;
mod microservices;
pub mod observability;
pub mod overhead;
pub(crate) mod rehearsal;
mod repetition;
pub mod restart_survival;
pub mod retries;
mod saga;
pub mod throughput;
mod timers;
mod waiting;

use std::collections::BTreeMap;

use crate::document::{Block, Text, figure, path, text};
use crate::measure::TrialEvidence;
use crate::record::{EngineRecord, Measurement, Plan, Sample, TrialPlan};
use crate::results::Analysis;

/// What sentences call the engines that are such.
fn labels(plan: &Plan, are: impl Fn(&EngineRecord) -> bool) -> String {
    let engines = plan.engines.iter().filter(|engine| are(engine));
    let labels: Vec<&str> = engines.map(|engine| engine.label.as_str()).collect();
    labels.join(", ")
}

/// The first of each that have a key in common, in their order.
fn first_of_each<T, K: PartialEq>(
    all: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let mut first: Vec<T> = Vec::new();
    for each in all {
        if !first.iter().any(|other| key(other) == key(&each)) {
            first.push(each);
        }
    }
    first
}

/// Of which server and store the figures of the engines with one are; nothing where there was none.
pub fn server_note(analysis: &Analysis) -> Option<Text> {
    let server = analysis.environment.server.as_ref()?;
    Some(text![
        " The figures of ",
        labels(&analysis.plan, |engine| engine.server),
        " are of ",
        figure::quoted(&server.version, path::environment("server/version")),
        " on ",
        figure::quoted(&server.store, path::environment("server/store"))
    ])
}

/// What stands beside every figure that compares the costs of engines: where each of them runs.
pub fn places(plan: &Plan) -> String {
    let place = |each: &EngineRecord| format!("{}, {}", each.label, each.place);
    let places: Vec<String> = plan.engines.iter().map(place).collect();
    format!("Where they run: {}.", places.join("; "))
}

/// What is made of an experiment's trials.
pub struct Experiment {
    /// Registered name, the same as the harness's.
    pub name: &'static str,
    /// Whether its trials cannot be judged without a journal.
    pub needs_journal: bool,
    /// Names of the metrics that its trials end up with, those of [`cost`] and of what was done
    /// again left out.
    metrics: &'static [&'static str],
    /// The metrics by which equal trials are compared (A/A); where those differ, the experiment
    /// decides nothing.
    pub compared_with_itself: &'static [&'static str],
    /// From what was observed in a trial, and from its events and journal, to its samples.
    derive: fn(&TrialEvidence, Vec<Sample>) -> Vec<Sample>,
    /// What follows from several conditions together, such as a difference within a block.
    pub across: fn(&[Measurement]) -> Vec<Measurement>,
    /// Its section of the report.
    pub section: fn(&Analysis) -> anyhow::Result<Vec<Block>>,
    /// What its planned trials were to reach and did not; the second argument has the ids of the
    /// trials that count.
    pub unreached: fn(&[TrialPlan], &[String]) -> Vec<Unreached>,
}

/// A part of an experiment with points that no trial reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// Scenario, engine and execution.
    pub part: String,
    /// `load/after_effect` and the like.
    pub points: Vec<String>,
}

/// The metric under which a program records how its engine does a pattern, with the factor `pattern`:
/// [`NATIVE`], [`EMULATED`] or [`UNSUPPORTED`]. It follows from what the program had to do, by the
/// journal and the engine's own history, and from no descriptor.
pub const CAPABILITY_METRIC: &str = "capability_level";
/// By constructs of the engine's own, in the run that was asked for.
pub(crate) const NATIVE: f64 = 2.0;
/// By user code around it: another run, a hook, a sensor.
pub(crate) const EMULATED: f64 = 1.0;
/// Not at all.
pub(crate) const UNSUPPORTED: f64 = 0.0;

/// The level that a program shows; `None` where it came out right and its engine gives no account of the
/// run. [`NATIVE`] where by the engine's own history the run itself completed each of these steps, by
/// their keys; [`EMULATED`] where one of them came in another run, or beside that history; [`UNSUPPORTED`]
/// where the program came out wrong.
fn level_by_history<'a>(
    trial: &TrialEvidence,
    run: &str,
    right: bool,
    mut steps: impl Iterator<Item = &'a str>,
) -> Option<f64> {
    if !right {
        return Some(UNSUPPORTED);
    }
    let own = trial.completed_itself(run)?;
    let native = steps.all(|key| own.contains(key));
    Some(if native { NATIVE } else { EMULATED })
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

/// The experiment of a name.
pub fn named(name: &str) -> Option<Experiment> {
    all().into_iter().find(|each| each.name == name)
}

/// Everything that one completed trial measured: its own samples and what follows from
/// events and journal.
pub fn samples(trial: &TrialEvidence) -> Vec<Sample> {
    let observed = trial.samples();
    match named(&trial.plan.experiment) {
        Some(experiment) => (experiment.derive)(trial, observed),
        None => observed,
    }
}

/// Names of all metrics, for claims that name one.
pub fn metrics() -> Vec<&'static str> {
    let mut names: Vec<&str> = all()
        .iter()
        .flat_map(|each| each.metrics)
        .copied()
        .collect();
    names.extend(cost::METRICS);
    names.extend(repetition::METRICS);
    names.sort_unstable();
    names.dedup();
    names
}

/// For experiments without such metrics.
fn nothing_across(_measurements: &[Measurement]) -> Vec<Measurement> {
    Vec::new()
}

/// For experiments whose trials need not reach anything in particular.
fn nothing_to_reach(_planned: &[TrialPlan], _counted: &[String]) -> Vec<Unreached> {
    Vec::new()
}

/// A sample with labels.
fn sample(metric: &str, value: f64, labels: &[(&str, &str)]) -> Sample {
    Sample {
        metric: metric.to_owned(),
        value,
        labels: labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_in_alphabetical_order() {
        let names = all().map(|experiment| experiment.name);
        assert!(names.is_sorted(), "{names:?}");
    }
}
