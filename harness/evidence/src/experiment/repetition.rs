//! What an engine did again.

use super::sample;
use crate::measure::{Executions, TrialEvidence, doubled_keys, redundant_commits};
use crate::record::Sample;

/// Their names.
pub(super) const METRICS: &[&str] = &[
    "executions_repeated",
    "executions_overlapping",
    "commits_redundant",
    "changes_doubled",
];

/// What was done again, and whether that changed anything: `executions_repeated`,
/// `executions_overlapping`, `commits_redundant`, `changes_doubled`. What the folder cannot
/// tell is left out.
pub(super) fn repetition(trial: &TrialEvidence, executions: &Executions) -> Vec<Sample> {
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
