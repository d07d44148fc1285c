//! The engine's own history agrees with the journal: the same outcome of the run, and for
//! each step that ended well the same attempt, with nothing executed that the engine does
//! not know of. Trials whose engine history is not on record are not judged.

use std::collections::BTreeSet;

use super::{Finding, Invariant};
use crate::measure::{Executions, TrialEvidence};
use crate::record::{EventBody, HistoryStep};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "history_agrees",
    statement: "the engine's history and the journal agree on outcome, steps and attempts",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let executions = Executions::of(trial);
    let runs = trial.runs();
    let mut compared = 0;
    let mut problems = Vec::new();
    let mut histories = 0;
    for event in &trial.events {
        let EventBody::EngineHistory {
            run,
            succeeded,
            steps,
        } = &event.body
        else {
            continue;
        };
        histories += 1;
        compared += steps.len();
        // A run that did not end is another invariant's matter.
        if let Some(ended) = runs.iter().find(|each| each.id == run)
            && ended.ended_ns.is_some()
            && ended.failure.is_none() != *succeeded
        {
            problems.push(format!(
                "run {run}: expected the history to say succeeded = {}, found {succeeded}",
                ended.failure.is_none()
            ));
        }
        problems.extend(steps.iter().filter_map(|step| differs(step, &executions)));
        problems.extend(unknown_to_engine(run, steps, &executions));
    }
    if histories == 0 {
        return None;
    }
    let passed = || {
        if compared == 0 {
            return Finding::unknown("the engine's history has no step to compare");
        }
        Finding::pass(format!("{compared} steps, in history and journal alike"))
    };
    Some(Finding::of_problems(problems, passed).resting_on_journal(trial))
}

/// The engine may count an attempt that died before the step was invoked, never fewer than
/// the journal has; what it calls completed ended well in the attempt that it names.
fn differs(step: &HistoryStep, executions: &Executions) -> Option<String> {
    let key = &step.key;
    let each = executions.by_key.get(key).map_or(&[][..], Vec::as_slice);
    let newest = each.iter().map(|execution| execution.attempt).max();
    if newest > Some(step.attempts) {
        return Some(format!(
            "{key}: expected at most the {} attempts of the history, found attempt {}",
            step.attempts,
            newest.unwrap_or_default()
        ));
    }
    let ended_well = each
        .iter()
        .any(|execution| execution.attempt == step.attempts && execution.ok_ns().is_some());
    (step.completed && !ended_well).then(|| {
        format!(
            "{key}: completed in attempt {} by the history, expected the journal to show that it ended well, found {} executions without",
            step.attempts,
            each.len()
        )
    })
}

fn unknown_to_engine(run: &str, steps: &[HistoryStep], executions: &Executions) -> Vec<String> {
    let known: BTreeSet<&str> = steps.iter().map(|step| step.key.as_str()).collect();
    executions
        .by_key
        .iter()
        .filter(|(key, each)| each[0].run == run && !known.contains(key.as_str()))
        .map(|(key, each)| {
            format!(
                "{key}: {}: executed, and the engine's history does not have it",
                each[0].describe()
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::{Event, Outcome};

    #[test]
    fn a_history_without_steps_is_no_pass_and_one_without_the_journals_steps_is_caught() {
        let mut trial = TrialBuilder::good("t").evidence();
        let outcome = |trial: &TrialEvidence| check(trial).map(|found| found.outcome);
        assert_eq!(outcome(&trial), None);
        let body = EventBody::EngineHistory {
            run: "r1".into(),
            succeeded: true,
            steps: Vec::new(),
        };
        trial.events.push(Event { t_ns: 1, body });
        assert_eq!(outcome(&trial), Some(Outcome::Fail));
        for file in &mut trial.journal {
            file.records.retain(|record| record.step.is_none());
        }
        super::super::mutation::reseal(&mut trial);
        assert_eq!(outcome(&trial), Some(Outcome::Unknown));
    }
}
