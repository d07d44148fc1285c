//! Timers: whether a run that waited for a time to pass went on once, how late, and by whom.

mod section;

use std::iter;

use orchbench_journal::{StepName, idempotency_key};

use super::repetition::repetition;
use super::{
    CAPABILITY_METRIC, Experiment, level_by_history, nothing_across, nothing_to_reach, sample,
};
use crate::measure::{Execution, Executions, Run, TrialEvidence};
use crate::record::Sample;
use crate::stats::{LEVEL, percentile};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "timers",
    needs_journal: true,
    metrics: &[
        CAPABILITY_METRIC,
        "timers_wrong",
        "timers_missed",
        "timer_late_ms",
        "timer_late_p99_ms",
        "runs_waiting",
        "time_skipped_ms",
        "idle_cpu_share",
        "idle_memory_mib",
        "idle_store_mib",
    ],
    compared_with_itself: &["timer_late_ms"],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// What goes before the wait, and what comes after it.
struct Around {
    before: StepName,
    after: StepName,
}

impl Around {
    /// By the program that waits: a reminder, else the pipeline.
    fn of(trial: &TrialEvidence) -> Self {
        let (before, after) = match trial.plan.parameters["program"].as_str() {
            Some("reminder") => (StepName::ExtractAirlines, StepName::Escalate),
            _ => (StepName::Publish, StepName::Announce),
        };
        Self { before, after }
    }
}

/// Runs of a trial from which on it has a 99th percentile.
const MANY: usize = 100;

/// How late a run that wakes in time may be, milliseconds.
const IN_TIME_MS: f64 = 1_000.0;

/// Adds for each run `timers_wrong` (0 where it ended well, and announced once and not before its time;
/// else 1), `timers_missed` (1 where that is wrong or came more than a second late), `timer_late_ms` (from
/// the time that was due to the first invocation of what comes after, where all is right), the level at
/// which its engine has the pattern ([`level`]). Of a hundred runs and more, `timer_late_p99_ms`. And what was
/// done again ([`repetition`]).
fn derive(trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let executions = Executions::of(trial);
    let around = Around::of(trial);
    let wait_ms = wait_ms(trial);
    let mut lates_ms = Vec::new();
    for run in trial.runs() {
        let late_ms = wait_ms.and_then(|wait_ms| late_ms(&executions, &around, run.id, wait_ms));
        let right = |late: &f64| *late >= 0.0 && came_out_right(&run, &around, &executions);
        let late_ms = late_ms.filter(right);
        let wrong = if late_ms.is_some() { 0.0 } else { 1.0 };
        let in_time = late_ms.is_some_and(|late| late <= IN_TIME_MS);
        samples.push(sample("timers_wrong", wrong, &[]));
        let missed = if in_time { 0.0 } else { 1.0 };
        samples.push(sample("timers_missed", missed, &[]));
        samples.extend(late_ms.map(|late| sample("timer_late_ms", late, &[])));
        lates_ms.extend(late_ms);
        let level = level(trial, &run, &around, late_ms.is_some());
        samples.extend(level.map(|level| sample(CAPABILITY_METRIC, level, &[])));
    }
    if lates_ms.len() >= MANY {
        let late = percentile(&lates_ms, 0.99, LEVEL);
        samples.extend(late.map(|late| sample("timer_late_p99_ms", late.value, &[])));
    }
    samples.extend(repetition(trial, &executions));
    samples
}

fn of_step<'a>(
    executions: &'a Executions,
    run: &str,
    step: StepName,
) -> impl Iterator<Item = &'a Execution> + use<'a> {
    let key = idempotency_key(run, step, None::<&str>);
    executions.by_key.get(&key).into_iter().flatten()
}

/// It ended well, and what the wait was for was done, and changed something once at most.
fn came_out_right(run: &Run<'_>, around: &Around, executions: &Executions) -> bool {
    let after = || of_step(executions, run.id, around.after);
    let changed = |each: &&Execution| each.changed.is_some_and(|changed| changed > 0);
    run.ended_ns.is_some()
        && run.failure.is_none()
        && after().any(|each| each.ok_ns().is_some())
        && after().filter(changed).count() <= 1
}

/// How long a run really had to wait: the embargo, less what the engine says to have skipped.
fn wait_ms(trial: &TrialEvidence) -> Option<f64> {
    let embargo_ms = trial.plan.parameters["embargo_s"].as_f64()? * 1e3;
    let skipped = trial.samples();
    let skipped = skipped
        .iter()
        .filter(|each| each.metric == "time_skipped_ms");
    let skipped_ms: f64 = skipped.map(|each| each.value).sum();
    Some(embargo_ms - skipped_ms)
}

/// How long after its time a run went on, below 0 where before; `None` where what comes before the wait was not
/// done or it did not go on. By the journal alone: the time is the end of what comes before, and the wait.
fn late_ms(executions: &Executions, around: &Around, run: &str, wait_ms: f64) -> Option<f64> {
    let before = of_step(executions, run, around.before).filter_map(Execution::ok_ns);
    let before_ns = before.max()?;
    let invoked = of_step(executions, run, around.after).map(|each| each.invoked_ns);
    let waited_ns = i128::from(invoked.min()?) - i128::from(before_ns);
    Some(waited_ns as f64 / 1e6 - wait_ms)
}

/// The level that a run shows; `None` where it came out right and its engine gives no account of it.
///
/// Native: by the engine's own history, what came after the wait was completed in the run that waited.
/// Emulated: in another run, or beside that history. Unsupported: it came early, not, or more than once.
fn level(trial: &TrialEvidence, run: &Run<'_>, around: &Around, right: bool) -> Option<f64> {
    let key = idempotency_key(run.id, around.after, None::<&str>);
    level_by_history(trial, run.id, right, iter::once(key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::{EMULATED, NATIVE, UNSUPPORTED};
    use super::*;
    use crate::check::mutation;
    use crate::record::EventBody;

    /// The recorded approval, read as a run that had to wait this long after it had published.
    fn after(embargo_ms: f64) -> TrialEvidence {
        let mut trial = mutation::recorded_trial("approval").expect("a recorded approval");
        trial.plan.experiment = EXPERIMENT.name.to_owned();
        trial.plan.parameters = serde_json::json!({ "embargo_s": embargo_ms / 1e3 });
        trial
    }

    /// How long after its publication that run announced, milliseconds.
    fn waited_ms() -> f64 {
        value(&after(0.0), "timer_late_ms").expect("no embargo, and right")
    }

    fn value(trial: &TrialEvidence, metric: &str) -> Option<f64> {
        let samples = derive(trial, Vec::new());
        let mut values = samples.iter().filter(|each| each.metric == metric);
        values.next().map(|each| each.value)
    }

    #[test]
    fn a_run_that_went_on_in_time_is_native_where_its_history_says_so() {
        let mut trial = after(waited_ms() - 10.0);
        assert_eq!(value(&trial, "timers_wrong"), Some(0.0));
        assert_eq!(value(&trial, "timers_missed"), Some(0.0));
        assert!(value(&trial, "timer_late_ms").is_some_and(|ms| (ms - 10.0).abs() < 1e-3));
        assert_eq!(value(&trial, CAPABILITY_METRIC), Some(NATIVE));
        mutation::in_another_run(&mut trial);
        assert_eq!(value(&trial, CAPABILITY_METRIC), Some(EMULATED));
    }

    #[test]
    fn one_that_went_on_before_its_time_or_not_is_unsupported() {
        let unsupported = |trial: &TrialEvidence| {
            assert_eq!(value(trial, "timers_wrong"), Some(1.0));
            assert_eq!(value(trial, "timers_missed"), Some(1.0));
            assert_eq!(value(trial, CAPABILITY_METRIC), Some(UNSUPPORTED));
            assert_eq!(value(trial, "timer_late_ms"), None);
        };
        unsupported(&after(waited_ms() + 1.0));
        let mut lost = after(0.0);
        for file in &mut lost.journal {
            let announces = |step| step == Some(StepName::Announce);
            file.records.retain(|record| !announces(record.step));
        }
        unsupported(&lost);
    }

    #[test]
    fn of_a_reminder_the_call_for_somebody_counts() {
        let mut trial = after(0.0);
        trial.plan.parameters["program"] = "reminder".into();
        assert_eq!(value(&trial, "timers_wrong"), Some(1.0));
        mutation::escalates_instead(&mut trial);
        assert_eq!(value(&trial, "timers_wrong"), Some(0.0));
        // From the end of the first step, and not of the publication.
        assert!(value(&trial, "timer_late_ms").is_some_and(|ms| ms > waited_ms()));
    }

    #[test]
    fn more_than_a_second_late_is_missed_and_skipped_time_is_not_waited_for() {
        let day_ms = 86_400_000.0;
        let mut trial = after(waited_ms() + day_ms);
        trial.events[1].body = EventBody::Sample(sample("time_skipped_ms", day_ms + 1_001.0, &[]));
        assert_eq!(value(&trial, "timers_wrong"), Some(0.0));
        assert_eq!(value(&trial, "timers_missed"), Some(1.0));
        assert!(value(&trial, "timer_late_ms").is_some_and(|ms| (ms - 1_001.0).abs() < 1e-3));
    }
}
