//! Deployment: whether a run that waited when other code was deployed went on by its own, and a run that began
//! after that had the new.

mod section;

use std::iter;

use orchbench_journal::{StepName, idempotency_key};

use super::repetition::repetition;
use super::waiting::came_out_right;
use super::{
    CAPABILITY_METRIC, Experiment, UNSUPPORTED, level_by_history, nothing_across, nothing_to_reach,
    sample,
};
use crate::measure::{Executions, Run, TrialEvidence, signals};
use crate::record::Sample;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "deploy",
    needs_journal: true,
    metrics: &[
        CAPABILITY_METRIC,
        "old_runs_wrong",
        "new_runs_wrong",
        "rolled_back",
    ],
    compared_with_itself: &[],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// What the new code does and the old one does not.
const TELLS: StepName = StepName::Escalate;

/// Whether a run is the one that began before the deployment, by its name.
fn is_old(run: &Run<'_>) -> bool {
    run.id.ends_with(".old")
}

/// Adds `old_runs_wrong` (0 where the run that waited ended well, what its word released took effect after it
/// and once, and it did nothing of the new code; else 1), `new_runs_wrong` (likewise, where it did that), the
/// level at which the engine has the pattern ([`level`]); and what was done again ([`repetition`]).
fn derive(trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let executions = Executions::of(trial);
    let signals = signals(trial, &executions);
    let mut all_right = true;
    for run in trial.runs() {
        let mut words = signals.iter().filter(|signal| signal.run == run.id);
        let told = executions
            .by_key
            .get(&idempotency_key(run.id, TELLS, None::<&str>))
            .is_some_and(|told| told.iter().any(|each| each.ok_ns().is_some()));
        let released = words.next().is_some_and(|word| came_out_right(&run, word));
        let right = released && told != is_old(&run);
        all_right &= right;
        let metric = match is_old(&run) {
            true => "old_runs_wrong",
            false => "new_runs_wrong",
        };
        samples.push(sample(metric, f64::from(u8::from(!right)), &[]));
    }
    let level = level(trial, &samples, all_right);
    samples.extend(level.map(|level| sample(CAPABILITY_METRIC, level, &[])));
    samples.extend(repetition(trial, &executions));
    samples
}

/// Native: all came out right without a way back, and by the engine's own history what the word released was
/// completed in the run that waited. Emulated: it came in another run. Unsupported: the deployment had to be
/// taken back, or a run was wrong.
fn level(trial: &TrialEvidence, samples: &[Sample], all_right: bool) -> Option<f64> {
    let was_taken_back = |each: &Sample| each.metric == "rolled_back" && each.value > 0.0;
    if samples.iter().any(was_taken_back) {
        return Some(UNSUPPORTED);
    }
    let runs = trial.runs();
    let old = runs.iter().find(|run| is_old(run))?;
    let key = idempotency_key(old.id, StepName::Announce, None::<&str>);
    level_by_history(trial, old.id, all_right, iter::once(key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::{EMULATED, NATIVE};
    use super::*;
    use crate::check::mutation;
    use crate::record::EventBody;

    /// The recorded approval under another name, with one run.
    fn approval(name: &str) -> TrialEvidence {
        let mut trial = mutation::recorded_trial("approval").expect("a recorded approval");
        trial.plan.experiment = EXPERIMENT.name.to_owned();
        let old = trial.runs()[0].id.to_owned();
        let text = serde_json::to_string(&trial.events).expect("events");
        trial.events = serde_json::from_str(&text.replace(&old, name)).expect("events");
        for file in &mut trial.journal {
            let text = serde_json::to_string(&file.records).expect("records");
            file.records = serde_json::from_str(&text.replace(&old, name)).expect("records");
        }
        trial
    }

    fn value(trial: &TrialEvidence, metric: &str) -> Option<f64> {
        let samples = derive(trial, trial.samples());
        let mut values = samples.iter().filter(|each| each.metric == metric);
        values.next().map(|each| each.value)
    }

    /// The same, in which one of its extractions is that somebody was told.
    fn told(name: &str) -> TrialEvidence {
        let mut trial = approval(name);
        let records = trial.journal.iter_mut().flat_map(|file| &mut file.records);
        for record in records.filter(|record| record.step == Some(StepName::ExtractPlanes)) {
            record.step = Some(TELLS);
            record.key = Some(idempotency_key(name, TELLS, None::<&str>));
        }
        trial
    }

    #[test]
    fn an_old_run_goes_on_by_its_own_code_and_a_new_one_has_the_new() {
        let mut old = approval("a.old");
        assert_eq!(value(&old, "old_runs_wrong"), Some(0.0));
        assert_eq!(value(&old, CAPABILITY_METRIC), Some(NATIVE));
        assert_eq!(value(&told("a.old"), "old_runs_wrong"), Some(1.0));
        assert_eq!(value(&told("a.old"), CAPABILITY_METRIC), Some(UNSUPPORTED));
        assert_eq!(value(&told("a.new"), "new_runs_wrong"), Some(0.0));
        assert_eq!(value(&approval("a.new"), "new_runs_wrong"), Some(1.0));
        mutation::in_another_run(&mut old);
        assert_eq!(value(&old, CAPABILITY_METRIC), Some(EMULATED));
    }

    #[test]
    fn a_deployment_that_was_taken_back_is_unsupported_also_where_all_ended_right() {
        let mut old = approval("a.old");
        old.events[1].body = EventBody::Sample(sample("rolled_back", 1.0, &[]));
        assert_eq!(value(&old, "old_runs_wrong"), Some(0.0));
        assert_eq!(value(&old, CAPABILITY_METRIC), Some(UNSUPPORTED));
    }
}
