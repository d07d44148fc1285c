//! Overhead: what a run and a step cost, in time and beside it.

mod section;

use super::{Experiment, cost, nothing_across, nothing_to_reach, sample};
use crate::measure::TrialEvidence;
use crate::record::Sample;
use crate::stats::{fit_line, step_from_difference};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "overhead",
    needs_journal: false,
    metrics: &[
        "run_ms",
        "step_ms",
        "step_by_line",
        "start_ms",
        "fit_residual_ratio",
        "warm_up_runs",
        "warm_up_flat",
    ],
    compared_with_itself: &["step_ms"],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Adds, from the trial's `run_ms` at each number of steps: `step_ms`, what a step costs; where the
/// times are a line T = start + k·steps ([`fit_line`]'s conditions) its slope, with `start_ms` and
/// `fit_residual_ratio`; else the difference of the two largest numbers of steps
/// ([`step_from_difference`]). `step_by_line` says which, 1 or 0. And the [`cost`].
fn derive(_trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    let points: Vec<(u32, f64)> = observed
        .iter()
        .filter(|sample| sample.metric == "run_ms")
        .filter_map(|sample| Some((sample.labels.get("steps")?.parse().ok()?, sample.value)))
        .collect();
    let mut samples = cost::derive(observed);
    match fit_line(&points) {
        Ok(fit) => {
            samples.push(sample("step_ms", fit.step, &[]));
            samples.push(sample("start_ms", fit.start, &[]));
            samples.push(sample("fit_residual_ratio", fit.worst_residual, &[]));
            samples.push(sample("step_by_line", 1.0, &[]));
        }
        Err(_) => {
            if let Some(cost) = step_from_difference(&points) {
                samples.push(sample("step_ms", cost.step, &[]));
                samples.push(sample("step_by_line", 0.0, &[]));
            }
        }
    }
    samples
}
