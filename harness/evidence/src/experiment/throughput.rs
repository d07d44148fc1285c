//! Throughput: the knee of the closed-loop ladder, and latency in open loops.
//!
//! A point of an open loop decides nothing where the engine fell behind its offer, or where the
//! generator itself was late: its latencies are then left out, and the report says so.

mod section;

use std::collections::BTreeMap;

use super::{Experiment, cost, nothing_across, nothing_to_reach, sample};
use crate::measure::TrialEvidence;
use crate::record::{Sample, Warning};
use crate::stats::{Knee, LEVEL, knee, percentile};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "throughput",
    needs_journal: false,
    metrics: &[
        "runs_per_s",
        "fewest_runs_a_lane",
        "partitions_per_s",
        "capacity_runs_per_s",
        "capacity_partitions_per_s",
        "knee_reached",
        "knee_in_flight",
        "offered_runs_per_s",
        "achieved_ratio",
        "backlog_runs",
        "generator_lateness_p99_ms",
        "latency_p50_ms",
        "latency_p95_ms",
        "latency_p99_ms",
    ],
    compared_with_itself: &["capacity_runs_per_s"],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Completions in the window over offered runs from which on an open-loop point counts.
pub(crate) const ACHIEVED: f64 = 0.99;
/// The generator was late where the 99th percentile of its lateness exceeds this share of the
/// median latency: by the equivalence margin, it could make a difference of its own.
const LATE: f64 = 0.05;

/// Percentiles of a trial's latencies, in the order of reports.
const PERCENTILES: [(&str, f64); 3] = [
    ("latency_p50_ms", 0.5),
    ("latency_p95_ms", 0.95),
    ("latency_p99_ms", 0.99),
];

/// From the rungs: `capacity_…`, the highest rate of the ladder, and where the knee is. From each
/// open loop (singled out by its labels): `achieved_ratio`, `backlog_runs`,
/// `generator_lateness_p99_ms` and, where the point counts, the percentiles of its latencies.
fn derive(_trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    let mut samples = ladder(&observed, "runs_per_s");
    samples.extend(ladder(&observed, "partitions_per_s"));
    let mut loops: BTreeMap<BTreeMap<String, String>, Loop> = BTreeMap::new();
    for each in cost::derive(observed) {
        let of = |loops: &mut BTreeMap<_, Loop>, change: fn(&mut Loop, f64)| {
            change(loops.entry(each.labels.clone()).or_default(), each.value);
        };
        match each.metric.as_str() {
            "offered_runs" => of(&mut loops, |found, runs| found.offered = runs),
            "completed_runs" => of(&mut loops, |found, runs| found.completed = runs),
            "generator_lateness_ms" => of(&mut loops, |found, ms| found.lateness_ms.push(ms)),
            "latency_ms" => of(&mut loops, |found, ms| found.latencies_ms.push(ms)),
            // What the checker holds the counts against.
            "intended_ms" | "window_ms" => {}
            _ => samples.push(each),
        }
    }
    for (labels, seen) in loops {
        let labels: Vec<(&str, &str)> = labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        samples.extend(seen.samples(&labels));
    }
    samples
}

/// What one open loop saw.
#[derive(Default)]
struct Loop {
    offered: f64,
    completed: f64,
    latencies_ms: Vec<f64>,
    lateness_ms: Vec<f64>,
}

impl Loop {
    fn samples(&self, labels: &[(&str, &str)]) -> Vec<Sample> {
        if self.offered <= 0.0 {
            return Vec::new();
        }
        let at = |values: &[f64], p: f64| percentile(values, p, LEVEL).map(|found| found.value);
        let achieved = self.completed / self.offered;
        let lateness_ms = at(&self.lateness_ms, 0.99).unwrap_or(0.0);
        let mut samples = vec![
            sample("achieved_ratio", achieved, labels),
            sample("backlog_runs", self.offered - self.completed, labels),
            sample("generator_lateness_p99_ms", lateness_ms, labels),
        ];
        let middle_ms = at(&self.latencies_ms, 0.5).unwrap_or(0.0);
        if achieved >= ACHIEVED && lateness_ms <= LATE * middle_ms {
            samples.extend(PERCENTILES.iter().filter_map(|(metric, p)| {
                at(&self.latencies_ms, *p).map(|value| sample(metric, value, labels))
            }));
        }
        samples
    }
}

/// Points of a trial's open loops that decide nothing, and why.
pub(crate) fn undecided_points(trial: &str, samples: &[Sample]) -> Vec<Warning> {
    let loops = samples
        .iter()
        .filter(|each| each.metric == "achieved_ratio");
    loops
        .filter(|point| {
            let counts =
                |each: &&Sample| each.metric == PERCENTILES[0].0 && each.labels == point.labels;
            !samples.iter().any(|each| counts(&each))
        })
        .map(|point| {
            let lateness = samples.iter().find(|each| {
                each.metric == "generator_lateness_p99_ms" && each.labels == point.labels
            });
            let load = point.labels.get("load").cloned().unwrap_or_default();
            if point.value < ACHIEVED {
                Warning::BehindOffer {
                    trial: trial.to_owned(),
                    load,
                    achieved_percent: (point.value * 100.0) as u32,
                }
            } else {
                Warning::GeneratorLate {
                    trial: trial.to_owned(),
                    load,
                    lateness_us: lateness.map_or(0, |each| (each.value * 1e3) as u64),
                }
            }
        })
        .collect()
}

/// The highest rate of a ladder, and its knee: 1 with the lanes, or 0 where it was not reached.
fn ladder(observed: &[Sample], metric: &str) -> Vec<Sample> {
    let mut rungs: Vec<(u32, f64)> = observed
        .iter()
        .filter(|sample| sample.metric == metric)
        .filter_map(|sample| Some((sample.labels.get("in_flight")?.parse().ok()?, sample.value)))
        .collect();
    rungs.sort_by_key(|(lanes, _)| *lanes);
    let Some(capacity) = rungs.iter().map(|(_, rate)| *rate).max_by(f64::total_cmp) else {
        return Vec::new();
    };
    let mut samples = vec![sample(&format!("capacity_{metric}"), capacity, &[])];
    if metric == "runs_per_s" {
        let reached = match knee(&rungs) {
            Knee::At { lanes, .. } => {
                samples.push(sample("knee_in_flight", f64::from(lanes), &[]));
                1.0
            }
            Knee::NotReached => 0.0,
        };
        samples.push(sample("knee_reached", reached, &[]));
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(offered: f64, completed: f64, late_ms: f64) -> Vec<Sample> {
        let loop_ = Loop {
            offered,
            completed,
            latencies_ms: vec![10.0; completed as usize],
            lateness_ms: vec![late_ms; offered as usize],
        };
        loop_.samples(&[("load", "half")])
    }

    fn has(samples: &[Sample], metric: &str) -> bool {
        samples.iter().any(|each| each.metric == metric)
    }

    #[test]
    fn a_point_behind_its_offer_decides_nothing() {
        let behind = seen(400.0, 20.0, 0.1);
        assert!(
            behind
                .iter()
                .any(|each| each.metric == "achieved_ratio" && each.value == 0.05)
        );
        assert!(!has(&behind, "latency_p50_ms"));
        assert!(matches!(
            undecided_points("t", &behind).as_slice(),
            [Warning::BehindOffer {
                achieved_percent: 5,
                ..
            }]
        ));
        let fine = seen(400.0, 399.0, 0.1);
        assert!(has(&fine, "latency_p99_ms") && undecided_points("t", &fine).is_empty());
    }

    #[test]
    fn a_point_whose_generator_was_late_decides_nothing() {
        let late = seen(400.0, 400.0, 2.0);
        assert!(!has(&late, "latency_p50_ms"));
        assert!(matches!(
            undecided_points("t", &late).as_slice(),
            [Warning::GeneratorLate {
                lateness_us: 2_000,
                ..
            }]
        ));
    }
}
