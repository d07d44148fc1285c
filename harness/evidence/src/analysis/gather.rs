//! Samples of many trials, gathered by condition.

use std::collections::BTreeMap;

use crate::record::{Measurement, Sample, TrialPlan, TrialSamples};
use crate::stats::estimate;

/// Gathers samples trial by trial; a trial's evidence need not be kept.
#[derive(Debug, Default)]
pub struct Conditions {
    groups: BTreeMap<Key, Vec<TrialSamples>>,
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
    pub fn add(&mut self, plan: &TrialPlan, samples: Vec<Sample>) {
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
            let trials = self.groups.entry(key).or_default();
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

    /// One measurement a condition, sorted by experiment, metric, engine, settings and factors:
    /// the median of the trials' medians.
    pub fn measurements(self, seed: u64) -> Vec<Measurement> {
        self.groups
            .into_iter()
            .map(|(key, trials)| Measurement {
                estimate: estimate(&trials, seed),
                experiment: key.experiment,
                engine: key.engine,
                settings: key.settings,
                metric: key.metric,
                factors: key.factors,
                trials,
            })
            .collect()
    }
}
