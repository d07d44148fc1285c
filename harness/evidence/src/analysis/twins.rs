//! A/A: equal trials of one block compared with each other. Whatever decides between those would
//! decide between anything, so where they are decided their experiment decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment;
use crate::record::{Measurement, Plan, SelfComparison, TrialPlan, TrialSamples};
use crate::stats::{Pair, Side, holm, paired_ratio};

/// Pairs of an independent comparison, as many as a claim needs at least.
const GROUP: usize = 3;

/// Compares each twin with the condition that it repeats, by the metrics that its experiment names.
pub(super) fn compare(measurements: &[Measurement], twins: &[Measurement]) -> Vec<SelfComparison> {
    let compared = |each: &&Measurement| {
        experiment::named(&each.experiment)
            .is_some_and(|known| known.compared_with_itself.contains(&each.metric.as_str()))
    };
    let mut comparisons: Vec<SelfComparison> = twins
        .iter()
        .filter(compared)
        .filter_map(|twin| {
            let first = measurements.iter().find(|each| each.id() == twin.id())?;
            comparison(first, twin)
        })
        .collect();
    decide(&mut comparisons);
    comparisons
}

fn comparison(first: &Measurement, twin: &Measurement) -> Option<SelfComparison> {
    let pairs = pairs(&first.trials, &twin.trials);
    let ratio = paired_ratio(&pairs)?;
    let groups: Vec<&[Pair]> = pairs.chunks_exact(GROUP).collect();
    let decided = |group: &&&[Pair]| {
        paired_ratio(group).is_some_and(|ratio| matches!(ratio.larger(), Side::A | Side::B))
    };
    Some(SelfComparison {
        experiment: first.experiment.clone(),
        metric: first.metric.clone(),
        engine: first.engine.clone(),
        settings: first.settings.clone(),
        factors: first.factors.clone(),
        pairs: ratio.pairs,
        ratio: ratio.value,
        interval: ratio.interval,
        p: ratio.p_outside(),
        decided: false,
        groups: groups.len(),
        groups_decided: groups.iter().filter(decided).count(),
    })
}

fn pairs(first: &[TrialSamples], twin: &[TrialSamples]) -> Vec<Pair> {
    first
        .iter()
        .filter_map(|trial| {
            let other = twin.iter().find(|other| other.block == trial.block)?;
            Some(Pair {
                block: trial.block,
                name: format!("block {}", trial.block),
                a: trial.values.clone(),
                b: other.values.clone(),
            })
        })
        .collect()
}

/// Which comparisons are decided, corrected for their number within an experiment (Holm).
fn decide(comparisons: &mut [SelfComparison]) {
    let mut by_experiment: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, each) in comparisons.iter().enumerate() {
        by_experiment
            .entry(each.experiment.clone())
            .or_default()
            .push(index);
    }
    for indices in by_experiment.values() {
        let p: Vec<f64> = indices.iter().map(|index| comparisons[*index].p).collect();
        for (index, step) in indices.iter().zip(holm(&p)) {
            comparisons[*index].decided = step.decided();
        }
    }
}

/// Why experiments decide nothing, by name: their equal trials differ, or some of them are missing.
pub(super) fn undecidable(
    plan: &Plan,
    counted: &[String],
    comparisons: &[SelfComparison],
) -> BTreeMap<String, String> {
    let mut why: BTreeMap<String, String> = BTreeMap::new();
    for each in comparisons.iter().filter(|each| each.decided) {
        let reason = format!(
            "equal trials of {} ({}) differ by a factor of {:.2} in {}",
            each.engine, each.settings, each.ratio, each.metric
        );
        why.insert(each.experiment.clone(), reason);
    }
    for experiment in experiment::all() {
        // A void trial is made again under another id, in the same block.
        let blocks = |counts: &dyn Fn(&&TrialPlan) -> bool| -> BTreeSet<String> {
            let twins = plan.trials.iter().filter(|each| each.twin);
            let own = twins.filter(|each| each.experiment == experiment.name);
            own.filter(counts)
                .map(|each| stem(&each.id).to_owned())
                .collect()
        };
        let planned = blocks(&|_| true);
        let made = blocks(&|each| counted.contains(&each.id));
        let missing = planned.len() - made.len();
        if missing > 0 {
            let reason = format!(
                "{missing} of its {} equal trials do not count",
                planned.len()
            );
            why.entry(experiment.name.to_owned()).or_insert(reason);
        }
    }
    why
}

/// A trial's id without the number of its repetition.
fn stem(id: &str) -> &str {
    id.rsplit_once('~').map_or(id, |(stem, _)| stem)
}
