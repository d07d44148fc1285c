//! `measurements.json`: samples by metric, and the estimates drawn from them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FormatVersion;

/// One measured value, as it was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Name of the metric, unit last: `run_ms`, `workflows_per_s`.
    pub metric: String,
    /// The value, in the unit of the metric's name.
    pub value: f64,
    /// What was varied within the trial, such as `steps` = `100`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// All samples of one metric under one condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurement {
    /// The experiment.
    pub experiment: String,
    /// The engine.
    pub engine: String,
    /// The settings' name.
    pub settings: String,
    /// Name of the metric, unit last.
    pub metric: String,
    /// The factors and labels that single out this condition.
    pub factors: BTreeMap<String, String>,
    /// Samples a trial (fresh process): the outer list is the unit of replication.
    pub trials: Vec<TrialSamples>,
    /// The population's median, estimated from the trials' medians, with its interval.
    pub estimate: Estimate,
}

impl Measurement {
    /// Its id, as claims cite it: `experiment/metric/engine/settings/factor=value,…`.
    pub fn id(&self) -> String {
        id(
            [&self.experiment, &self.metric, &self.engine, &self.settings],
            &self.factors,
        )
    }

    /// Whether a factor has this value.
    pub fn has(&self, factor: &str, value: &str) -> bool {
        self.factors.get(factor).is_some_and(|found| found == value)
    }

    /// Whether each of these factors has its value.
    pub fn has_all(&self, factors: &BTreeMap<String, String>) -> bool {
        factors.iter().all(|(name, value)| self.has(name, value))
    }
}

impl SelfComparison {
    /// The id of the measurement that it repeats.
    pub fn id(&self) -> String {
        id(
            [&self.experiment, &self.metric, &self.engine, &self.settings],
            &self.factors,
        )
    }
}

fn id(names: [&String; 4], factors: &BTreeMap<String, String>) -> String {
    let factors: Vec<String> = factors
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "{}/{}",
        names.map(String::as_str).join("/"),
        factors.join(",")
    )
}

/// The samples that one trial gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialSamples {
    /// The trial's id.
    pub trial: String,
    /// Its block, for pairing.
    pub block: u32,
    /// The values, in order of observation.
    pub values: Vec<f64>,
}

/// A point estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its interval, `None` where the trials are too few for one. It contains the estimate.
    pub interval: Option<Interval>,
    /// Number of trials.
    pub trials: usize,
    /// Number of samples.
    pub samples: usize,
}

/// An interval of confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Level, such as 0.95.
    pub level: f64,
}

/// Equal trials of a condition compared with each other (A/A), in pairs of a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SelfComparison {
    /// The experiment.
    pub experiment: String,
    /// The metric.
    pub metric: String,
    /// The engine.
    pub engine: String,
    /// The settings' name.
    pub settings: String,
    /// The factors of the condition.
    pub factors: BTreeMap<String, String>,
    /// Number of pairs.
    pub pairs: usize,
    /// The first trials' values over their twins'.
    pub ratio: f64,
    /// Its interval, `None` of fewer than three pairs.
    pub interval: Option<Interval>,
    /// The p-value of a ratio outside the equivalence margin.
    pub p: f64,
    /// Whether they differ, corrected for the number of comparisons of the experiment.
    pub decided: bool,
    /// Independent comparisons of three blocks each that the pairs make.
    pub groups: usize,
    /// How many of those are decided, each by itself.
    pub groups_decided: usize,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurements {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// All measurements, sorted by experiment, metric, engine, settings, factors.
    pub measurements: Vec<Measurement>,
    /// Equal trials compared, in the same order.
    #[serde(default)]
    pub self_comparisons: Vec<SelfComparison>,
}
