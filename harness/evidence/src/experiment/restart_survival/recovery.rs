//! Restart survival: what a kill cost, and what it broke.

use super::super::repetition::repetition;
use super::super::sample;
use crate::measure::{
    Execution, Executions, Run, TrialEvidence, between_ms, ended_right, missing_rows, struck_ns,
};
use crate::record::{EventBody, Sample};

/// Adds the counts `kills_wrong` (1 where a run that it hit ended wrong, else 0), `rows_lost`, those of what was
/// done again ([`repetition`]), the `wasted_work_ratio`, and the times of recovery:
/// `recovery_ms` from the kill to the end of the last run, where all of them succeeded, split for a
/// killed worker into
/// `detect_and_reschedule_ms`, `reexecute_ms` and `catch_up_ms`; the first of them into
/// `detect_ms` and `reschedule_ms` where it is known when the engine noted the loss.
pub(super) fn derive(trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let runs = trial.runs();
    if !runs.is_empty() {
        // A kill under several runs is one kill.
        let wrong = runs.iter().any(|run| !ended_right(trial, run));
        samples.push(sample("kills_wrong", f64::from(u8::from(wrong)), &[]));
    }
    let lost: Option<usize> = trial.sources.values().map(missing_rows).sum();
    if let Some(lost) = lost {
        samples.push(sample("rows_lost", lost as f64, &[]));
    }
    let executions = Executions::of(trial);
    samples.extend(repetition(trial, &executions));
    if let Some(share) = wasted_work(&executions) {
        samples.push(sample("wasted_work_ratio", share, &[]));
    }
    if trial.plan.side_by_side > 1 {
        // Times of trials that are not alone on the machine are those of a loaded one.
        return samples;
    }
    // A run that failed has not recovered, however soon it said so.
    let succeeded = |run: &Run<'_>| run.ended_ns.filter(|_| run.failure.is_none());
    let ends_ns: Option<Vec<u64>> = runs.iter().map(succeeded).collect();
    let Some(last_end_ns) = ends_ns.and_then(|ends_ns| ends_ns.into_iter().max()) else {
        return samples;
    };
    match Crash::first(&executions) {
        Some(crash) => {
            let recovery_ms = between_ms(crash.t_ns, last_end_ns);
            samples.push(sample("recovery_ms", recovery_ms, &[]));
            samples.extend(crash.split(trial, last_end_ns));
        }
        None => {
            if let Some(killed_ns) = struck_ns(trial, &executions) {
                samples.push(sample(
                    "recovery_ms",
                    between_ms(killed_ns, last_end_ns),
                    &[],
                ));
            }
        }
    }
    samples
}

/// The first crash of a trial, by the journal.
struct Crash<'a> {
    key: &'a str,
    attempt: u32,
    t_ns: u64,
    /// All executions of its key.
    each: &'a [Execution],
}

impl<'a> Crash<'a> {
    fn first(executions: &'a Executions) -> Option<Self> {
        let by_key = executions.by_key.iter();
        let crashes = by_key.flat_map(|(key, each)| {
            each.iter().filter_map(move |execution| {
                Some(Self {
                    key,
                    attempt: execution.attempt,
                    t_ns: execution.crash?.1,
                    each,
                })
            })
        });
        crashes.min_by_key(|crash| crash.t_ns)
    }

    /// Crash → the engine notes it → next invocation under the same key → its end → the run's
    /// end. Empty when the step was not executed again.
    fn split(&self, trial: &TrialEvidence, end_ns: u64) -> Vec<Sample> {
        let again = self.each.iter().filter(|each| each.invoked_ns > self.t_ns);
        let next = again.min_by_key(|each| each.invoked_ns);
        let ended = next.and_then(|next| Some((next.invoked_ns, next.finish.as_ref()?.t_ns)));
        let Some((invoked_ns, ended_ns)) = ended else {
            return Vec::new();
        };
        let mut parts = vec![
            ("detect_and_reschedule_ms", self.t_ns, invoked_ns),
            ("reexecute_ms", invoked_ns, ended_ns),
            ("catch_up_ms", ended_ns, end_ns),
        ];
        let noted_ns = self.noted_ns(trial);
        if let Some(noted_ns) = noted_ns.filter(|ns| (self.t_ns..=invoked_ns).contains(ns)) {
            parts.push(("detect_ms", self.t_ns, noted_ns));
            parts.push(("reschedule_ms", noted_ns, invoked_ns));
        }
        let parts = parts.into_iter();
        parts
            .map(|(metric, from_ns, to_ns)| sample(metric, between_ms(from_ns, to_ns), &[]))
            .collect()
    }

    /// When the engine noted the loss, by its own account.
    fn noted_ns(&self, trial: &TrialEvidence) -> Option<u64> {
        let accounts = trial.events.iter().filter_map(|event| match &event.body {
            EventBody::EngineHistory { steps, .. } => Some(steps),
            _ => None,
        });
        accounts
            .flatten()
            .filter(|step| step.key == self.key)
            .flat_map(|step| &step.failed)
            .find(|failed| failed.attempt == self.attempt)
            .map(|failed| failed.noted_ns)
    }
}

/// The share of the time spent in steps that went into executions other than the one that
/// each key needs, its last that ended well. `None` when no time was spent.
fn wasted_work(executions: &Executions) -> Option<f64> {
    let spent_ns = |execution: &Execution| {
        let finished = execution.finish.as_ref().map(|finish| finish.t_ns);
        let ended = finished.or(execution.crash.map(|(_, t_ns)| t_ns));
        let spent_ns = ended.map_or(0, |t_ns| t_ns.saturating_sub(execution.invoked_ns));
        u128::from(spent_ns)
    };
    let total: u128 = executions.all().map(spent_ns).sum();
    let useful: u128 = executions
        .by_key
        .values()
        .filter_map(|each| each.iter().rfind(|execution| execution.ok_ns().is_some()))
        .map(spent_ns)
        .sum();
    (total > 0).then(|| (total - useful) as f64 / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::RunFailure;

    fn recovery_ms(trial: &TrialEvidence) -> Option<f64> {
        let samples = derive(trial, Vec::new());
        let mut found = samples.iter().filter(|each| each.metric == "recovery_ms");
        found.next().map(|each| each.value)
    }

    #[test]
    fn a_run_that_failed_has_not_recovered() {
        let mut trial = TrialBuilder::killed("t").evidence();
        assert!(recovery_ms(&trial).is_some_and(|ms| ms > 0.0));
        for event in &mut trial.events {
            if let EventBody::RunEnded { failure, .. } = &mut event.body {
                *failure = Some(RunFailure {
                    error_type: "RunLost".into(),
                    message: "its worker died".into(),
                });
            }
        }
        assert_eq!(recovery_ms(&trial), None);
    }
}
