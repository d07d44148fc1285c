//! Saga: what is left of a run that failed half-way, and who put back what.

mod level;
mod section;

use super::repetition::repetition;
use super::{CAPABILITY_METRIC, Experiment, nothing_across, nothing_to_reach, sample};
use crate::measure::{Executions, Saga, TrialEvidence, between_ms, sagas};
use crate::record::Sample;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "saga",
    needs_journal: true,
    metrics: &[CAPABILITY_METRIC, "sagas_wrong", "effects_left", "undo_ms"],
    compared_with_itself: &["undo_ms"],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Adds for each saga `sagas_wrong` (0 where its net effect is all or nothing as its end says, undone
/// in reverse and once; else 1), `effects_left` (acts of one that did not end well whose effect
/// nothing put back; 0 where all of it stands) and `undo_ms` (from the failure that nothing cured to
/// the end of the last compensation, where all are undone and the trial was alone on the machine); what was done again ([`repetition`]); and,
/// of a trial without a fault, the level at which its engine has the pattern ([`level::of`]).
fn derive(trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let executions = Executions::of(trial);
    for saga in &sagas(trial, &executions) {
        let wrong = if saga.came_out_right() { 0.0 } else { 1.0 };
        samples.push(sample("sagas_wrong", wrong, &[]));
        samples.push(sample("effects_left", effects_left(saga) as f64, &[]));
        // Times of trials that are not alone on the machine are those of a loaded one.
        let undo_ms = undo_ms(saga).filter(|_| trial.plan.side_by_side <= 1);
        samples.extend(undo_ms.map(|ms| sample("undo_ms", ms, &[])));
        samples.extend(level::of(trial, saga).map(|level| sample(CAPABILITY_METRIC, level, &[])));
    }
    samples.extend(repetition(trial, &executions));
    samples
}

fn effects_left(saga: &Saga<'_>) -> usize {
    let ended_well = saga.run.ended_well();
    if ended_well || saga.is_whole() {
        return 0;
    }
    saga.left()
}

fn undo_ms(saga: &Saga<'_>) -> Option<f64> {
    saga.run.failure?;
    let errors = saga.acts.iter().flat_map(|act| act.executions);
    let failed_ns = errors.filter_map(|each| Some(each.error()?.0)).max()?;
    let undone: Option<Vec<u64>> = saga.acts.iter().map(|act| act.undone_ns()).collect();
    Some(between_ms(failed_ns, undone?.into_iter().max()?))
}

#[cfg(test)]
mod tests {
    use orchbench_journal::{CrashPoint, Kind, StepName};

    use super::*;
    use crate::check::mutation;
    use crate::record::EventBody;

    /// The recorded saga: its announcement failed for good, before its effect.
    fn saga() -> TrialEvidence {
        mutation::recorded_trial("saga").expect("a recorded saga")
    }

    fn value(trial: &TrialEvidence, metric: &str) -> Option<f64> {
        let samples = derive(trial, Vec::new());
        let mut values = samples.iter().filter(|each| each.metric == metric);
        values.next().map(|each| each.value)
    }

    fn without(trial: &mut TrialEvidence, steps: &[StepName]) {
        for file in &mut trial.journal {
            let kept = |step: Option<StepName>| step.is_none_or(|step| !steps.contains(&step));
            file.records.retain(|record| kept(record.step));
        }
        let names: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let applied = trial.applied.as_mut().expect("an applied log");
        applied.retain(|row| !names.contains(&row.step));
    }

    fn without_end(trial: &mut TrialEvidence) {
        let ended = |body: &EventBody| matches!(body, EventBody::RunEnded { .. });
        trial.events.retain(|event| !ended(&event.body));
    }

    #[test]
    fn a_saga_that_was_undone_left_nothing() {
        let trial = saga();
        assert_eq!(value(&trial, "sagas_wrong"), Some(0.0));
        assert_eq!(value(&trial, "effects_left"), Some(0.0));
        assert!(value(&trial, "undo_ms").is_some_and(|ms| ms > 0.0));
        // A kill is no part of what an engine can do.
        assert_eq!(value(&trial, CAPABILITY_METRIC), None);
    }

    #[test]
    fn what_nothing_put_back_is_counted_also_where_the_run_has_no_end() {
        let undos = [
            StepName::UndoAnnounce,
            StepName::UndoPublish,
            StepName::UndoLoad,
        ];
        let mut trial = saga();
        without(&mut trial, &undos[1..]);
        assert_eq!(value(&trial, "sagas_wrong"), Some(1.0));
        assert_eq!(value(&trial, "effects_left"), Some(2.0));
        assert_eq!(value(&trial, "undo_ms"), None);
        // Nothing tells whether an announcement that was begun has happened, unless it died before.
        without(&mut trial, &undos);
        assert_eq!(value(&trial, "effects_left"), Some(3.0));
        without_end(&mut trial);
        assert_eq!(value(&trial, "effects_left"), Some(3.0));
        assert_eq!(value(&trial, "sagas_wrong"), Some(1.0));
        for record in trial.journal.iter_mut().flat_map(|file| &mut file.records) {
            if record.step == Some(StepName::Announce) && record.kind == Kind::Error {
                record.kind = Kind::Crash;
                record.point = Some(CrashPoint::BeforeEffect);
            }
        }
        assert_eq!(value(&trial, "effects_left"), Some(2.0));
    }

    #[test]
    fn one_without_an_end_is_right_where_it_is_whole_or_undone() {
        let mut undone = saga();
        without_end(&mut undone);
        assert_eq!(value(&undone, "sagas_wrong"), Some(0.0));
        let mut whole = undone;
        let undos = [
            StepName::UndoAnnounce,
            StepName::UndoPublish,
            StepName::UndoLoad,
        ];
        without(&mut whole, &undos);
        for record in whole.journal.iter_mut().flat_map(|file| &mut file.records) {
            if record.step == Some(StepName::Announce) && record.kind == Kind::Error {
                record.kind = Kind::Ok;
            }
        }
        assert_eq!(value(&whole, "sagas_wrong"), Some(0.0));
        assert_eq!(value(&whole, "effects_left"), Some(0.0));
    }
}
