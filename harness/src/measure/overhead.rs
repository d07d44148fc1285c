//! Overhead: what a run and a step cost, from T = start + k·steps.

use super::sample;
use crate::record::Sample;
use crate::stats::fit_line;

/// Adds `start_ms`, `step_ms` and `fit_residual_ratio` (the largest relative distance of a
/// point from the line) to the trial's `run_ms` samples; nothing where there is no line.
pub(super) fn derive(mut samples: Vec<Sample>) -> Vec<Sample> {
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
