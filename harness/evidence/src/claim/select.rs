//! The measurements and verdicts that a side of a claim names.

use std::collections::BTreeMap;

use super::SideOf;
use crate::record::{Estimate, Measurement, Plan, TrialPlan, TrialSamples};
use crate::stats::{Pair, estimate};

/// The measurements of one side.
pub(super) struct Selected<'a> {
    pub measurements: Vec<&'a Measurement>,
}

impl<'a> Selected<'a> {
    /// The measurements of a metric under the side's conditions.
    pub fn of(
        measurements: &'a [Measurement],
        experiment: &str,
        metric: &str,
        side: &SideOf,
    ) -> Self {
        let measurements = measurements
            .iter()
            .filter(|each| {
                each.experiment == experiment
                    && each.metric == metric
                    && each.engine == side.engine
                    && each.settings == side.settings
                    && each.factors.get("scenario") == Some(&side.scenario)
                    && contains(&each.factors, &side.factors)
            })
            .collect();
        Self { measurements }
    }

    /// The side's own estimate over all its trials.
    pub fn estimate(&self, seed: u64) -> Estimate {
        let trials: Vec<TrialSamples> = self
            .measurements
            .iter()
            .flat_map(|each| each.trials.clone())
            .collect();
        match self.measurements.as_slice() {
            [one] => one.estimate.clone(),
            _ => estimate(&trials, seed),
        }
    }

    /// Every value.
    pub fn values(&self) -> Vec<f64> {
        let trials = self.measurements.iter().flat_map(|each| &each.trials);
        trials.flat_map(|trial| trial.values.clone()).collect()
    }

    /// Ids of the measurements.
    pub fn ids(&self) -> Vec<String> {
        self.measurements.iter().map(|each| each.id()).collect()
    }
}

/// Trials of the same block under the same remaining conditions, in pairs.
pub(super) fn pairs(a: &Selected<'_>, b: &Selected<'_>, sides: [&SideOf; 2]) -> Vec<Pair> {
    let fixed = |name: &String| {
        name == "scenario" || sides.iter().any(|side| side.factors.contains_key(name))
    };
    let by_block = |selected: &Selected<'_>| {
        let mut found: BTreeMap<(u32, BTreeMap<String, String>), Vec<f64>> = BTreeMap::new();
        for measurement in &selected.measurements {
            let mut rest = measurement.factors.clone();
            rest.retain(|name, _| !fixed(name));
            for trial in &measurement.trials {
                found
                    .entry((trial.block, rest.clone()))
                    .or_default()
                    .extend(&trial.values);
            }
        }
        found
    };
    let mut seconds = by_block(b);
    by_block(a)
        .into_iter()
        .filter_map(|(key, values)| {
            Some(Pair {
                a: values,
                b: seconds.remove(&key)?,
            })
        })
        .collect()
}

/// Ids of the planned trials of a side.
pub(super) fn trials<'a>(plan: &'a Plan, experiment: &str, side: &SideOf) -> Vec<&'a str> {
    let of_side = |trial: &&TrialPlan| {
        trial.experiment == experiment
            && trial.engine == side.engine
            && trial.settings == side.settings
            && trial.scenario == side.scenario
            && contains(&trial.factors, &side.factors)
    };
    plan.trials
        .iter()
        .filter(of_side)
        .map(|trial| trial.id.as_str())
        .collect()
}

fn contains(all: &BTreeMap<String, String>, some: &BTreeMap<String, String>) -> bool {
    some.iter()
        .all(|(name, value)| all.get(name) == Some(value))
}
