//! From what happened to figures: the evidence of a trial, the samples that follow from
//! it, and one [`Measurement`] a condition.
//!
//! Only completed trials are measured. A condition is singled out by experiment, scenario,
//! engine, settings, the trial's factors and the sample's labels; the scenario stands
//! among the factors, as two scenarios may try the same factors with other parameters.

mod condition;
mod evidence;
mod executions;
mod outcome;
mod overhead;
mod read;
mod restart_survival;
mod retries;
mod throughput;

#[cfg(test)]
use crate as harness;
#[cfg(test)]
#[path = "../tests/fixtures/results.rs"]
pub(crate) mod fixture;

use std::collections::BTreeMap;

pub use condition::{Conditions, id};
pub use evidence::{End, JournalFile, Run, SourceEvidence, TrialEvidence};
pub use executions::{Execution, Executions, Finish};
pub use outcome::{
    doubled_keys, ended_right, failed_by_policy, missing_rows, redundant_commits,
    scheduled_delay_ms,
};
pub use read::Evidence;

use crate::record::{EventBody, Sample};

/// Everything that one completed trial measured: its own samples and what follows from
/// events and journal.
pub fn samples(trial: &TrialEvidence) -> Vec<Sample> {
    let observed: Vec<Sample> = trial
        .events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Sample(sample) => Some(sample.clone()),
            _ => None,
        })
        .collect();
    match trial.plan.experiment.as_str() {
        "overhead" => overhead::derive(observed),
        "restart-survival" => restart_survival::derive(trial, observed),
        "retries" => retries::derive(trial, observed),
        "throughput" => throughput::derive(observed),
        _ => observed,
    }
}

/// What was done again, and whether that changed anything: `executions_repeated`,
/// `executions_overlapping`, `commits_redundant`, `changes_doubled`. What the folder cannot
/// tell is left out.
fn repetition(trial: &TrialEvidence, executions: &Executions) -> Vec<Sample> {
    let counts = [
        ("executions_repeated", Some(executions.repeated())),
        ("executions_overlapping", Some(executions.overlaps())),
        ("commits_redundant", redundant_commits(trial)),
        (
            "changes_doubled",
            doubled_keys(trial).map(|keys| keys.len()),
        ),
    ];
    counts
        .into_iter()
        .filter_map(|(metric, count)| Some(sample(metric, count? as f64, &[])))
        .collect()
}

/// A sample with labels.
fn sample(metric: &str, value: f64, labels: &[(&str, &str)]) -> Sample {
    Sample {
        metric: metric.to_owned(),
        value,
        labels: labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
    }
}

/// Nanoseconds between two instants as milliseconds, 0 when they are the other way round.
pub(crate) fn between_ms(from_ns: u64, to_ns: u64) -> f64 {
    to_ns.saturating_sub(from_ns) as f64 / 1e6
}
