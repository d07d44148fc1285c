//! Samples of many trials, gathered by condition.
//!
//! A condition is singled out by experiment, scenario, engine, settings, the trial's factors and
//! the sample's labels; the scenario stands among the factors, as two scenarios may try the same
//! factors with other parameters. Twins (the second of two equal trials) stand apart: they are
//! there to be compared with the first, and count in no estimate.

use std::collections::BTreeMap;

use super::twins;
use crate::experiment;
use crate::record::{Measurement, Sample, SelfComparison, TrialPlan, TrialSamples};
use crate::stats::estimate;

/// Gathers samples trial by trial; a trial's evidence need not be kept.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    groups: BTreeMap<Key, Vec<TrialSamples>>,
    twins: BTreeMap<Key, Vec<TrialSamples>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    experiment: String,
    metric: String,
    engine: String,
    settings: String,
    factors: BTreeMap<String, String>,
}

impl Conditions {
    /// Adds the samples of one completed trial.
    pub(super) fn add(&mut self, plan: &TrialPlan, samples: Vec<Sample>) {
        let groups = if plan.twin {
            &mut self.twins
        } else {
            &mut self.groups
        };
        for sample in samples {
            let mut factors = plan.factors.clone();
            factors.insert("scenario".to_owned(), plan.scenario.clone());
            factors.extend(sample.labels);
            let key = Key {
                experiment: plan.experiment.clone(),
                metric: sample.metric,
                engine: plan.engine.clone(),
                settings: plan.settings.clone(),
                factors,
            };
            let trials = groups.entry(key).or_default();
            match trials.last_mut().filter(|trial| trial.trial == plan.id) {
                Some(trial) => trial.values.push(sample.value),
                None => trials.push(TrialSamples {
                    trial: plan.id.clone(),
                    block: plan.block,
                    values: vec![sample.value],
                }),
            }
        }
    }

    /// One measurement a condition, sorted by experiment, metric, engine, settings and factors,
    /// with what the experiments derive across conditions; and the equal trials compared.
    pub(super) fn measurements(self) -> (Vec<Measurement>, Vec<SelfComparison>) {
        let mut measurements = measured(self.groups);
        for experiment in experiment::all() {
            let own: Vec<Measurement> = measurements
                .iter()
                .filter(|each| each.experiment == experiment.name)
                .cloned()
                .collect();
            measurements.extend((experiment.across)(&own));
        }
        measurements.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        let compared = twins::compare(&measurements, &measured(self.twins));
        (measurements, compared)
    }
}

type SortKey<'a> = (
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    &'a BTreeMap<String, String>,
);

fn sort_key(each: &Measurement) -> SortKey<'_> {
    (
        &each.experiment,
        &each.metric,
        &each.engine,
        &each.settings,
        &each.factors,
    )
}

fn measured(groups: BTreeMap<Key, Vec<TrialSamples>>) -> Vec<Measurement> {
    groups
        .into_iter()
        .map(|(key, trials)| Measurement {
            estimate: estimate(&trials),
            experiment: key.experiment,
            engine: key.engine,
            settings: key.settings,
            metric: key.metric,
            factors: key.factors,
            trials,
        })
        .collect()
}
