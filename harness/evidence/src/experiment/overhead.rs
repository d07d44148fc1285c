//! Overhead: what a run and a step cost, in time and beside it.

mod section;

use super::blocks::by_blocks;
use super::{Experiment, cost, nothing_to_reach, sample};
use crate::measure::TrialEvidence;
use crate::record::{Measurement, Sample};
use crate::stats::{fit_line, step_from_difference};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "overhead",
    needs_journal: false,
    metrics: &[
        "run_ms",
        "step_ms",
        "step_over_in_process_ratio",
        "step_by_line",
        "start_ms",
        "fit_residual_ratio",
        "warm_up_runs",
        "warm_up_flat",
    ],
    compared_with_itself: &["step_ms"],
    derive,
    across,
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

/// What a step costs in a process of the worker, by which the other executions are held.
const IN_PROCESS: &str = "in-process";

/// `step_over_in_process_ratio`: what a step costs in an execution over what it costs in-process, in the
/// same block and scenario on the same engine; under the same settings, else under the default ones.
fn across(measurements: &[Measurement]) -> Vec<Measurement> {
    let steps = || measurements.iter().filter(|each| each.metric == "step_ms");
    let execution = |each: &Measurement| each.factors.get("execution").cloned();
    let mut ratios = Vec::new();
    for elsewhere in steps() {
        if execution(elsewhere).is_none_or(|name| name == IN_PROCESS) {
            continue;
        }
        let in_process = |base: &&Measurement| {
            let rest = |each: &Measurement| {
                let mut factors = each.factors.clone();
                factors.remove("execution");
                factors
            };
            base.engine == elsewhere.engine
                && execution(base).is_none_or(|name| name == IN_PROCESS)
                && rest(base) == rest(elsewhere)
        };
        let under = |settings: &str| {
            let mut bases = steps().filter(in_process);
            bases.find(|base| base.settings == settings)
        };
        let base = under(&elsewhere.settings).or_else(|| under("default"));
        // A block in which a step cost nothing in-process has no ratio.
        let ratio = |step: f64, base: f64| (base > 0.0).then(|| step / base);
        let over = |base| by_blocks("step_over_in_process_ratio", elsewhere, base, ratio);
        ratios.extend(base.and_then(over));
    }
    ratios
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::record::TrialSamples;
    use crate::stats::estimate;

    fn steps(settings: &str, execution: Option<&str>, times: &[f64]) -> Measurement {
        let trials: Vec<TrialSamples> = (0..)
            .zip(times)
            .map(|(block, time)| TrialSamples {
                trial: format!("{settings}.{block}"),
                block,
                values: vec![*time],
            })
            .collect();
        let execution = execution.map(|name| ("execution".to_owned(), name.to_owned()));
        Measurement {
            experiment: EXPERIMENT.name.to_owned(),
            engine: "e".to_owned(),
            settings: settings.to_owned(),
            metric: "step_ms".to_owned(),
            factors: BTreeMap::from_iter(execution),
            estimate: estimate(&trials),
            trials,
        }
    }

    #[test]
    fn an_execution_is_held_against_in_process_in_its_block() {
        let of = |base: Measurement| {
            let elsewhere = steps("tuned", Some("multiprocess"), &[60.0, 90.0, 50.0]);
            let found = across(&[base, elsewhere]);
            let trials = found.into_iter().flat_map(|each| each.trials);
            trials
                .map(|trial| (trial.block, trial.values[0]))
                .collect::<Vec<_>>()
        };
        // Where the settings have none of their own, the default ones do; so does an engine of which
        // in-process is the only way and no factor.
        let held = [(0, 3.0), (1, 3.0)];
        assert_eq!(
            of(steps("default", Some(IN_PROCESS), &[20.0, 30.0, 0.0])),
            held
        );
        assert_eq!(of(steps("tuned", None, &[20.0, 30.0, -1.0])), held);
        assert!(of(steps("other", None, &[20.0])).is_empty());
    }
}
