//! What was counted while a trial was made agrees with what was recorded of each run: a count
//! that was changed afterwards would change what the trial is taken to show.

use std::collections::BTreeMap;

use super::{Finding, Invariant};
use crate::measure::TrialEvidence;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "samples_agree",
    statement: "counts of an open loop agree with the starts and ends of its runs",
    check,
};

/// What one open loop recorded; times in milliseconds.
#[derive(Default)]
struct Loop {
    window_ms: f64,
    offered: Option<f64>,
    completed: Option<f64>,
    lateness: usize,
    intended_ms: Vec<f64>,
    latency_ms: Vec<f64>,
}

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let samples = trial.samples();
    let mut loops: BTreeMap<&BTreeMap<String, String>, Loop> = BTreeMap::new();
    for sample in &samples {
        if !sample.labels.contains_key("load") {
            continue;
        }
        let found = loops.entry(&sample.labels).or_default();
        match sample.metric.as_str() {
            "window_ms" => found.window_ms = sample.value,
            "offered_runs" => found.offered = Some(sample.value),
            "completed_runs" => found.completed = Some(sample.value),
            "generator_lateness_ms" => found.lateness += 1,
            "intended_ms" => found.intended_ms.push(sample.value),
            "latency_ms" => found.latency_ms.push(sample.value),
            _ => {}
        }
    }
    if loops.is_empty() {
        return None;
    }
    let problems: Vec<String> = loops
        .iter()
        .flat_map(|(labels, found)| {
            let load = labels.get("load").map_or("", String::as_str);
            found
                .problems()
                .into_iter()
                .map(move |problem| format!("open loop at {load}: {problem}"))
        })
        .collect();
    let passed = || Finding::pass(format!("{} open loops, each as its runs say", loops.len()));
    Some(Finding::of_problems(problems, passed))
}

impl Loop {
    fn problems(&self) -> Vec<String> {
        let within = self
            .intended_ms
            .iter()
            .zip(&self.latency_ms)
            .filter(|(intended, latency)| *intended + *latency <= self.window_ms)
            .count();
        let pairs = [
            ("runs offered", self.lateness, self.offered),
            ("runs completed in the window", within, self.completed),
            (
                "latencies",
                self.intended_ms.len(),
                Some(self.latency_ms.len() as f64),
            ),
        ];
        pairs
            .into_iter()
            .filter(|(_, expected, found)| *found != Some(*expected as f64))
            .map(|(what, expected, found)| {
                let found = found.map_or("none".to_owned(), |found| found.to_string());
                format!("{what}: expected {expected} by its runs, found {found}")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::{EventBody, Outcome};

    #[test]
    fn a_changed_count_is_caught() {
        let mut trial = TrialBuilder::throughput("t", 40.0, 80, 0.97).evidence();
        let outcome = |trial: &TrialEvidence| check(trial).map(|found| found.outcome);
        assert_eq!(outcome(&trial), Some(Outcome::Pass));
        for event in &mut trial.events {
            if let EventBody::Sample(sample) = &mut event.body
                && sample.metric == "completed_runs"
            {
                sample.value -= 1.0;
            }
        }
        assert_eq!(outcome(&trial), Some(Outcome::Fail));
    }
}
