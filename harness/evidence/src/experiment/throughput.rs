//! Throughput: the knee of the closed-loop ladder, and latency in the open loop.
//!
//! Each trial offers a share of its own peak, so the offered rates differ between trials
//! by a few percent; latencies are pooled under the label `load` and the rates stand
//! beside them. Latencies of a trial that did not achieve 0.99 of its offer count for
//! nothing: they would describe the backlog.

use std::collections::BTreeMap;

mod section;

use super::{Experiment, nothing_to_reach, sample};
use crate::measure::TrialEvidence;
use crate::record::Sample;
use crate::stats::percentile;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "throughput",
    needs_journal: false,
    derive,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Achieved over offered rate from which on an open-loop point counts.
pub(crate) const ACHIEVED: f64 = 0.99;
/// The open loop's load, as reports call it.
const LOAD: &str = "open loop at half of the peak";

fn derive(_trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    let achieved: BTreeMap<String, f64> = observed
        .iter()
        .filter(|sample| sample.metric == "achieved_ratio")
        .map(|sample| (rate(sample), sample.value))
        .collect();
    let mut samples = peaks(&observed);
    let mut latencies = Vec::new();
    for mut each in observed {
        match each.metric.as_str() {
            "latency_ms" => {
                if achieved
                    .get(&rate(&each))
                    .is_some_and(|ratio| *ratio >= ACHIEVED)
                {
                    latencies.push(each.value);
                    samples.push(sample("latency_ms", each.value, &[("load", LOAD)]));
                }
            }
            "achieved_ratio" | "offered_runs_per_s" => {
                each.labels = BTreeMap::from([("load".to_owned(), LOAD.to_owned())]);
                samples.push(each);
            }
            _ => samples.push(each),
        }
    }
    for (metric, p) in PERCENTILES {
        if let Some(found) = percentile(&latencies, p, crate::stats::LEVEL) {
            samples.push(sample(metric, found.value, &[("load", LOAD)]));
        }
    }
    samples
}

/// Metrics that are percentiles of `latency_ms`, in the order of reports.
pub(crate) const PERCENTILES: [(&str, f64); 3] = [
    ("latency_p50_ms", 0.5),
    ("latency_p95_ms", 0.95),
    ("latency_p99_ms", 0.99),
];

fn rate(sample: &Sample) -> String {
    sample.labels.get("rate_per_s").cloned().unwrap_or_default()
}

/// The knee: the highest rate of the ladder.
fn peaks(observed: &[Sample]) -> Vec<Sample> {
    ["partitions_per_s", "runs_per_s"]
        .iter()
        .filter_map(|metric| {
            let peak = observed
                .iter()
                .filter(|sample| sample.metric == *metric)
                .map(|sample| sample.value)
                .max_by(f64::total_cmp)?;
            Some(sample(&format!("peak_{metric}"), peak, &[]))
        })
        .collect()
}
