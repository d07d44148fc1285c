//! Waiting: whether a run went on once, when a person had said so, and by whom.

mod section;

use std::iter;

use orchbench_journal::{StepName, idempotency_key};

use super::repetition::repetition;
use super::{
    CAPABILITY_METRIC, Experiment, level_by_history, nothing_across, nothing_to_reach, sample,
};
use crate::measure::{Executions, Run, Signal, TrialEvidence, between_ms, signals};
use crate::record::Sample;

/// Whether the engine took a word that came too late.
const LATE_WORD: &str = "late_word_taken";

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "waiting",
    needs_journal: true,
    metrics: &[CAPABILITY_METRIC, "approvals_wrong", "wake_ms", LATE_WORD],
    compared_with_itself: &["wake_ms"],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Adds for each run `approvals_wrong` (0 where it ended well and what a word was to release was
/// executed after it and took effect once; else 1), the level at which its engine has the pattern
/// ([`level`]), `wake_ms` (from the word's acknowledgement to the first step that was invoked after it,
/// where all is right and the trial was alone on the machine); and what was done again
/// ([`repetition`]).
fn derive(trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let executions = Executions::of(trial);
    let signals = signals(trial, &executions);
    if trial.factor("words") == "too-late" {
        samples.extend(of_late_words(trial, &executions));
        samples.extend(repetition(trial, &executions));
        return samples;
    }
    for run in trial.runs() {
        let word = signals.iter().find(|signal| signal.run == run.id);
        let word = word.filter(|word| came_out_right(&run, word));
        let wrong = if word.is_some() { 0.0 } else { 1.0 };
        samples.push(sample("approvals_wrong", wrong, &[]));
        samples.extend(level(trial, word, &run).map(|level| sample(CAPABILITY_METRIC, level, &[])));
        // Times of trials that are not alone on the machine are those of a loaded one.
        let alone = trial.plan.side_by_side <= 1;
        let wake_ms = word
            .filter(|_| alone)
            .and_then(|word| wake_ms(&executions, word));
        samples.extend(wake_ms.map(|ms| sample("wake_ms", ms, &[])));
    }
    samples.extend(repetition(trial, &executions));
    samples
}

/// The same of a run whose word came when it waited no longer: it is wrong where no such word was said, where it did
/// not end well, where what the word was to release was begun, or where nobody was told, or twice, that none had come.
/// Who told them is who gave up.
fn of_late_words(trial: &TrialEvidence, executions: &Executions) -> Vec<Sample> {
    let said = trial.samples().iter().any(|each| each.metric == LATE_WORD);
    let mut samples = Vec::new();
    for run in trial.runs() {
        let of = |step| {
            let key = idempotency_key(run.id, step, None::<&str>);
            let found = executions.by_key.get(&key);
            (found.map_or(&[][..], Vec::as_slice), key)
        };
        let (told, key) = of(StepName::Escalate);
        let (released, _) = of(StepName::Announce);
        let told = told.iter().filter(|each| each.ok_ns().is_some()).count();
        let ended_well = run.ended_well();
        let right = said && ended_well && released.is_empty() && told == 1;
        let wrong = if right { 0.0 } else { 1.0 };
        samples.push(sample("approvals_wrong", wrong, &[]));
        let level = level_by_history(trial, run.id, right, iter::once(key.as_str()));
        samples.extend(level.map(|level| sample(CAPABILITY_METRIC, level, &[])));
    }
    samples
}

/// Whether a run ended well, and what its word was to release took effect after it, once.
pub(super) fn came_out_right(run: &Run<'_>, word: &Signal<'_>) -> bool {
    run.ended_well() && word.problem().is_none()
}

/// The level that a run shows; `None` where it came out right and its engine gives no account of it.
///
/// Native: by the engine's own history, what the word released was completed in the run that waited.
/// Emulated: it went on in another run, or beside that history. Unsupported: it did not wait, did not go
/// on, or more than once.
fn level(trial: &TrialEvidence, word: Option<&Signal<'_>>, run: &Run<'_>) -> Option<f64> {
    let key = word.map(|word| idempotency_key(run.id, word.releases, None::<&str>));
    level_by_history(trial, run.id, word.is_some(), key.as_deref().into_iter())
}

fn wake_ms(executions: &Executions, word: &Signal<'_>) -> Option<f64> {
    let of_run = executions.all().filter(|each| each.run == word.run);
    let after = of_run.filter(|each| each.invoked_ns >= word.sent_ns);
    let first_ns = after.map(|each| each.invoked_ns).min()?;
    // The effect may come before the acknowledgement is seen.
    Some(between_ms(word.acknowledged_ns, first_ns))
}

#[cfg(test)]
mod tests {
    use super::super::{EMULATED, NATIVE, UNSUPPORTED};
    use super::*;
    use crate::check::mutation;
    use crate::record::EventBody;

    /// The recorded approval: its publication waited for the word.
    fn approval() -> TrialEvidence {
        let mut trial = mutation::recorded_trial("approval").expect("a recorded approval");
        trial.plan.experiment = EXPERIMENT.name.to_owned();
        trial
    }

    fn value(trial: &TrialEvidence, metric: &str) -> Option<f64> {
        let samples = derive(trial, Vec::new());
        let mut values = samples.iter().filter(|each| each.metric == metric);
        values.next().map(|each| each.value)
    }

    #[test]
    fn a_run_that_went_on_after_its_word_is_native_where_its_history_says_so() {
        let mut trial = approval();
        assert_eq!(value(&trial, "approvals_wrong"), Some(0.0));
        assert_eq!(value(&trial, CAPABILITY_METRIC), Some(NATIVE));
        assert!(value(&trial, "wake_ms").is_some_and(|ms| ms >= 0.0));
        mutation::in_another_run(&mut trial);
        assert_eq!(value(&trial, CAPABILITY_METRIC), Some(EMULATED));
    }

    #[test]
    fn of_a_word_that_came_too_late_nothing_may_come() {
        let mut trial = approval();
        let words = ("words".to_owned(), "too-late".to_owned());
        trial.plan.factors.extend([words]);
        trial.events[1].body = EventBody::Sample(sample(LATE_WORD, 1.0, &[]));
        assert_eq!(value(&trial, "approvals_wrong"), Some(1.0));
        assert_eq!(value(&trial, CAPABILITY_METRIC), Some(UNSUPPORTED));
        mutation::escalates_instead(&mut trial);
        assert_eq!(value(&trial, "approvals_wrong"), Some(0.0));
        // Its history has not been changed, so that it was told of beside it.
        assert_eq!(value(&trial, CAPABILITY_METRIC), Some(EMULATED));
        for file in &mut trial.journal {
            let told = |step| step == Some(StepName::Escalate);
            file.records.retain(|record| !told(record.step));
        }
        assert_eq!(value(&trial, "approvals_wrong"), Some(1.0));
    }

    #[test]
    fn one_that_did_not_wait_or_did_not_go_on_is_unsupported() {
        let unsupported = |trial: &TrialEvidence| {
            assert_eq!(value(trial, "approvals_wrong"), Some(1.0));
            assert_eq!(value(trial, CAPABILITY_METRIC), Some(UNSUPPORTED));
            assert_eq!(value(trial, "wake_ms"), None);
        };
        let mut unheard = approval();
        let said = |body: &EventBody| matches!(body, EventBody::SignalAcknowledged { .. });
        unheard.events.retain(|event| !said(&event.body));
        unsupported(&unheard);
        let mut early = approval();
        for event in &mut early.events {
            if let EventBody::SignalAcknowledged { sent_ns, .. } = &mut event.body {
                *sent_ns = u64::MAX;
            }
        }
        unsupported(&early);
        let mut lost = approval();
        for file in &mut lost.journal {
            file.records
                .retain(|record| record.step != Some(StepName::Publish));
        }
        unsupported(&lost);
    }
}
