//! Samples of many trials, gathered by condition.

use std::collections::BTreeMap;

use super::throughput::PERCENTILES;
use crate::record::{Estimate, Interval, Measurement, Sample, TrialPlan, TrialSamples};
use crate::stats::{LEVEL, estimate, percentile};

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

    /// One measurement a condition, sorted by experiment, metric, engine, settings and
    /// factors. Percentiles of latency are taken over the merged samples, with intervals
    /// by order statistics; everything else is the median of the trials' medians.
    pub fn measurements(self, seed: u64) -> Vec<Measurement> {
        let pooled: BTreeMap<Key, Vec<f64>> = self
            .groups
            .iter()
            .filter(|(key, _)| key.metric == "latency_ms")
            .map(|(key, trials)| {
                (
                    key.clone(),
                    trials
                        .iter()
                        .flat_map(|trial| trial.values.clone())
                        .collect(),
                )
            })
            .collect();
        self.groups
            .into_iter()
            .map(|(key, trials)| {
                let latencies = Key {
                    metric: "latency_ms".to_owned(),
                    ..key.clone()
                };
                let estimate = PERCENTILES
                    .iter()
                    .find(|(metric, _)| *metric == key.metric)
                    .zip(pooled.get(&latencies))
                    .and_then(|((_, p), values)| merged(values, *p, trials.len()))
                    .unwrap_or_else(|| estimate(&trials, seed));
                Measurement {
                    experiment: key.experiment,
                    engine: key.engine,
                    settings: key.settings,
                    metric: key.metric,
                    factors: key.factors,
                    trials,
                    estimate,
                }
            })
            .collect()
    }
}

fn merged(values: &[f64], p: f64, trials: usize) -> Option<Estimate> {
    let found = percentile(values, p, LEVEL)?;
    Some(Estimate {
        value: found.value,
        interval: found.interval.map(|(low, high)| Interval {
            low,
            high,
            level: LEVEL,
        }),
        trials,
        samples: values.len(),
    })
}

/// A measurement's id, as claims cite it: `experiment/metric/engine/settings/factor=value,…`.
pub fn id(measurement: &Measurement) -> String {
    let factors: Vec<String> = measurement
        .factors
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "{}/{}/{}/{}/{}",
        measurement.experiment,
        measurement.metric,
        measurement.engine,
        measurement.settings,
        factors.join(",")
    )
}
