//! `measurements.json`: samples by metric, and the estimates drawn from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One measured value, as it was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Point estimate (median of trial medians) with its interval.
    pub estimate: Estimate,
}

impl Measurement {
    /// Its id, as claims cite it: `experiment/metric/engine/settings/factor=value,…`.
    pub fn id(&self) -> String {
        let factors: Vec<String> = self
            .factors
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!(
            "{}/{}/{}/{}/{}",
            self.experiment,
            self.metric,
            self.engine,
            self.settings,
            factors.join(",")
        )
    }
}

/// The samples that one trial gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialSamples {
    /// The trial's id.
    pub trial: String,
    /// Its block, for pairing.
    pub block: u32,
    /// The values, in order of observation.
    pub values: Vec<f64>,
}

/// A point estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its interval, `None` where the trials are too few for one.
    pub interval: Option<Interval>,
    /// Number of trials.
    pub trials: usize,
    /// Number of samples.
    pub samples: usize,
}

/// An interval of confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Level, such as 0.95.
    pub level: f64,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// All measurements, sorted by experiment, metric, engine, settings, factors.
    pub measurements: Vec<Measurement>,
}
