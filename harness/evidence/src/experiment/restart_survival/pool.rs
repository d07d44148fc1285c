//! Conditions pooled: kills at one point are no replicate of kills at another.

use std::collections::BTreeMap;

use super::EXPERIMENT;
use crate::document::chart::Point;
use crate::document::{Span, Text, figure, path};
use crate::record::{Estimate, Measurement, TrialSamples};
use crate::stats::estimate;

/// The factors that stay apart; over every other one the conditions are pooled.
const APART: [&str; 5] = ["arm", "execution", "fault", "plan", "scenario"];

/// A condition without its crash point: engine, settings, and factors of which the pooled ones
/// are `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pool {
    factors: BTreeMap<String, String>,
    engine: String,
    settings: String,
}

/// One metric's measurements in one pool.
#[derive(Debug, Clone)]
pub(super) struct Pooled<'a> {
    measurements: Vec<&'a Measurement>,
    /// The measurement's path with `*` for what is pooled.
    path: String,
}

/// A metric's measurements, by pool.
pub(super) fn pooled<'a>(
    measurements: impl IntoIterator<Item = &'a Measurement>,
    metric: &str,
) -> BTreeMap<Pool, Pooled<'a>> {
    let mut pools: BTreeMap<Pool, Pooled<'a>> = BTreeMap::new();
    for each in measurements {
        if each.experiment != EXPERIMENT.name || each.metric != metric {
            continue;
        }
        let pool = Pool::of(each);
        let path = pool.path(metric);
        let measurements = Vec::new();
        let pooled = pools.entry(pool).or_insert(Pooled { measurements, path });
        pooled.measurements.push(each);
    }
    pools
}

impl Pool {
    fn of(each: &Measurement) -> Self {
        let free = |name: &String| !APART.contains(&name.as_str());
        let factors = each.factors.iter().map(|(name, value)| {
            let value = if free(name) { "*" } else { value };
            (name.clone(), value.to_owned())
        });
        Self {
            factors: factors.collect(),
            engine: each.engine.clone(),
            settings: each.settings.clone(),
        }
    }

    /// The words that lead its row of a table.
    pub fn label(&self) -> Text {
        Text::from(path::label(&self.engine, &self.settings, &self.factors))
    }

    /// The words that lead its row of a chart: the same values, without names.
    pub fn words(&self) -> String {
        let values = self.factors.values().filter(|value| *value != "*");
        let values: Vec<&str> = values.map(String::as_str).collect();
        format!("{} ({}): {}", self.engine, self.settings, values.join(", "))
    }

    fn path(&self, metric: &str) -> String {
        path::measurement(&Measurement {
            experiment: EXPERIMENT.name.to_owned(),
            metric: metric.to_owned(),
            engine: self.engine.clone(),
            settings: self.settings.clone(),
            factors: self.factors.clone(),
            trials: Vec::new(),
            estimate: Estimate {
                value: 0.0,
                interval: None,
                trials: 0,
                samples: 0,
            },
        })
    }
}

impl Pooled<'_> {
    fn values(&self) -> Vec<f64> {
        let trials = self.measurements.iter().flat_map(|each| &each.trials);
        trials.flat_map(|trial| trial.values.clone()).collect()
    }

    fn place(&self, statistic: &str) -> String {
        format!("{}:{statistic}", self.path)
    }

    /// The sum of all samples, which are counts.
    pub fn sum(&self) -> Span {
        figure::count(
            self.values().iter().sum::<f64>() as usize,
            self.place("sum"),
        )
    }

    /// How many samples there are.
    pub fn count(&self) -> Span {
        figure::count(self.values().len(), self.place("count"))
    }

    /// How many samples are zero.
    pub fn zeros(&self) -> Span {
        let values = self.values();
        let zeros = values.iter().filter(|value| **value <= 0.0).count();
        figure::count(zeros, self.place("zeros"))
    }

    /// The share of the samples above zero.
    pub fn share(&self) -> Span {
        let values = self.values();
        let above = values.iter().filter(|value| **value > 0.0).count();
        figure::share(above, values.len(), self.place("share"))
    }

    /// The estimate over blocks: what a block's trials gave is averaged first, so that n is
    /// the number of blocks.
    fn estimated(&self) -> Estimate {
        let mut blocks: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for trial in self.measurements.iter().flat_map(|each| &each.trials) {
            blocks.entry(trial.block).or_default().extend(&trial.values);
        }
        let blocks: Vec<TrialSamples> = blocks
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(block, values)| TrialSamples {
                trial: format!("block {block}"),
                block,
                values: vec![values.iter().sum::<f64>() / values.len() as f64],
            })
            .collect();
        estimate(&blocks)
    }

    /// The estimate over blocks, as a figure.
    pub fn estimate(&self) -> Span {
        let Estimate {
            value, interval, ..
        } = self.estimated();
        figure::estimate_of(value, interval, self.path.as_str())
    }

    /// The number of blocks.
    pub fn blocks(&self) -> Span {
        figure::count(self.estimated().trials, self.place("n"))
    }

    /// The estimate over blocks, as a point of a chart.
    pub fn point(&self) -> Point {
        let estimate = self.estimated();
        Point::new(
            estimate.value,
            estimate.interval,
            estimate.trials,
            self.place("n"),
        )
    }
}
