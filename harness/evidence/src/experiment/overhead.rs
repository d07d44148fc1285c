//! Overhead: what a run and a step cost, from T = start + k·steps.

mod section;

use super::{Experiment, nothing_to_reach, sample};
use crate::measure::TrialEvidence;
use crate::record::Sample;
use crate::stats::fit_line;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "overhead",
    needs_journal: false,
    derive,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Adds `start_ms`, `step_ms` and `fit_residual_ratio` (the largest relative distance of a
/// point from the line) to the trial's `run_ms` samples; nothing where there is no line.
fn derive(_trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let points: Vec<(u32, f64)> = samples
        .iter()
        .filter(|sample| sample.metric == "run_ms")
        .filter_map(|sample| Some((sample.labels.get("steps")?.parse().ok()?, sample.value)))
        .collect();
    if let Some(fit) = fit_line(&points) {
        samples.push(sample("start_ms", fit.start, &[]));
        samples.push(sample("step_ms", fit.step, &[]));
        samples.push(sample("fit_residual_ratio", fit.worst_residual, &[]));
    }
    samples
}
