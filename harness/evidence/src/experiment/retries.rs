//! Retries: attempts and gaps, from the journal alone; and the time that failures add.

mod section;
mod spacing;

use super::blocks::by_blocks;
use super::repetition::repetition;
use super::{CAPABILITY_METRIC, Experiment, nothing_to_reach, sample};
use crate::measure::{Executions, TrialEvidence, between_ms, ended_right};
use crate::record::{Measurement, Sample};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "retries",
    needs_journal: true,
    metrics: &[
        "run_ms",
        "added_ms",
        "attempts",
        "failed_share",
        "retry_gap_ms",
        "retry_gap_excess_ms",
        CAPABILITY_METRIC,
    ],
    compared_with_itself: &["run_ms"],
    derive,
    across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// The case without failures, that the other rates are held against.
pub(crate) const NO_FAILURES: &str = "rate-0.00";

/// Adds, for every step with a failed attempt, `attempts`, and `retry_gap_ms` (from the end of that one to
/// the invocation of the next) and `retry_gap_excess_ms` (that gap beyond the policy's delay). In the
/// `rate-…` cases instead of `attempts` the `failed_share`, the
/// share of attempts that failed as it came out, and what was done again ([`repetition`]). A
/// `run_ms` of a run that failed says nothing about the cost of retries and is left out there. Times of
/// trials that were not alone on the machine are left out. Where a program shows how delays can be asked for,
/// the level at which its engine does that ([`spacing::level`]).
fn derive(trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    let runs = trial.runs();
    let all_right = runs.iter().all(|run| ended_right(trial, run));
    let rated = trial.factor("case").starts_with("rate-");
    let alone = trial.plan.side_by_side <= 1;
    let mut samples: Vec<Sample> = observed
        .into_iter()
        .filter(|each| each.metric != "run_ms" || alone && (all_right || !rated))
        .collect();
    let executions = Executions::of(trial);
    if rated {
        samples.extend(repetition(trial, &executions));
        let failed = executions
            .all()
            .filter(|each| each.error().is_some())
            .count();
        let share = failed as f64 / executions.count().max(1) as f64;
        samples.push(sample("failed_share", share, &[]));
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
        for pair in each.windows(2).filter(|_| alone) {
            if let Some((failed_ns, _)) = pair[0].error() {
                let gap_ms = between_ms(failed_ns, pair[1].invoked_ns);
                samples.push(sample("retry_gap_ms", gap_ms, &[]));
                let delay_ms = trial.scheduled_delay_ms(retry, pair[0].attempt);
                samples.extend(
                    delay_ms.map(|delay_ms| sample("retry_gap_excess_ms", gap_ms - delay_ms, &[])),
                );
            }
        }
    }
    let level = spacing::level(trial, &executions, &runs);
    samples.extend(level.map(|level| sample(CAPABILITY_METRIC, level, &[])));
    samples
}

/// `added_ms`: a run's time at a share of failing attempts less that of the failure-free run of
/// the same block, on the same engine and settings.
fn across(measurements: &[Measurement]) -> Vec<Measurement> {
    let case = |each: &Measurement| each.factors.get("case").cloned().unwrap_or_default();
    let runs = || measurements.iter().filter(|each| each.metric == "run_ms");
    let mut added = Vec::new();
    for rated in runs().filter(|each| case(each).starts_with("rate-") && case(each) != NO_FAILURES)
    {
        let base = runs().find(|base| {
            case(base) == NO_FAILURES
                && base.engine == rated.engine
                && base.settings == rated.settings
                && base.factors.get("scenario") == rated.factors.get("scenario")
        });
        let more = |base| by_blocks("added_ms", rated, base, |run, base| Some(run - base));
        added.extend(base.and_then(more));
    }
    added
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::TrialSamples;
    use crate::stats::estimate;

    fn runs(case: &str, times: &[f64]) -> Measurement {
        let trials: Vec<TrialSamples> = (0..)
            .zip(times)
            .map(|(block, time)| TrialSamples {
                trial: format!("{case}.{block}"),
                block,
                values: vec![*time],
            })
            .collect();
        Measurement {
            experiment: "retries".to_owned(),
            engine: "e".to_owned(),
            settings: "default".to_owned(),
            metric: "run_ms".to_owned(),
            factors: BTreeMap::from([("case".to_owned(), case.to_owned())]),
            estimate: estimate(&trials),
            trials,
        }
    }

    #[test]
    fn of_trials_that_are_not_alone_there_are_counts_and_no_times() {
        let metrics = |side_by_side| {
            let mut trial = TrialBuilder::retried("t").evidence();
            trial.plan.side_by_side = side_by_side;
            let samples = derive(&trial, vec![sample("run_ms", 5.0, &[])]).into_iter();
            samples.map(|each| each.metric).collect::<Vec<_>>()
        };
        assert_eq!(
            metrics(1),
            ["run_ms", "attempts", "retry_gap_ms", "retry_gap_excess_ms"]
        );
        assert_eq!(metrics(3), ["attempts"]);
    }

    #[test]
    fn what_failures_add_is_held_against_the_same_block() {
        let measured = [
            runs(NO_FAILURES, &[100.0, 200.0, 300.0]),
            runs("rate-0.30", &[150.0, 260.0, 340.0]),
        ];
        let added = across(&measured);
        let values: Vec<f64> = added
            .iter()
            .flat_map(|each| &each.trials)
            .flat_map(|trial| trial.values.clone())
            .collect();
        assert_eq!(values, [50.0, 60.0, 40.0]);
        assert_eq!(added.len(), 1);
    }
}
