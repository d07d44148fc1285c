//! Retries: attempts and gaps, from the journal alone.

mod section;

use super::repetition::repetition;
use super::{Experiment, nothing_to_reach, sample};
use crate::measure::{Executions, TrialEvidence, between_ms, ended_right, scheduled_delay_ms};
use crate::record::Sample;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "retries",
    needs_journal: true,
    derive,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Adds, for every step that was attempted more than once, `attempts`, `retry_gap_ms`
/// (from the end of a failed attempt to the invocation of the next) and
/// `retry_gap_excess_ms` (that gap beyond the policy's delay); for a step that failed at
/// once, its single attempt. In the `rate-…` cases, also what was done again
/// ([`repetition`]). A `run_ms` of a run that failed says
/// nothing about the cost of retries and is left out there.
fn derive(trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    let runs = trial.runs();
    let all_right = runs.iter().all(|run| ended_right(trial, run));
    let rated = trial.factor("case").starts_with("rate-");
    let mut samples: Vec<Sample> = observed
        .into_iter()
        .filter(|each| each.metric != "run_ms" || all_right || !rated)
        .collect();
    let executions = Executions::of(trial);
    if rated {
        samples.extend(repetition(trial, &executions));
    }
    for each in executions.by_key.values() {
        let failed = each.iter().any(|execution| execution.error().is_some());
        if failed && !rated {
            samples.push(sample("attempts", each.len() as f64, &[]));
        }
        let Some(retry) = runs
            .iter()
            .find(|run| run.id == each[0].run)
            .map(|run| run.retry)
        else {
            continue;
        };
        for pair in each.windows(2) {
            if let Some((failed_ns, _)) = pair[0].error() {
                let gap_ms = between_ms(failed_ns, pair[1].invoked_ns);
                let delay_ms = scheduled_delay_ms(&trial.plan.engine, retry, pair[0].attempt);
                samples.push(sample("retry_gap_ms", gap_ms, &[]));
                samples.push(sample("retry_gap_excess_ms", gap_ms - delay_ms, &[]));
            }
        }
    }
    samples
}
