//! A saga is all or nothing in net effect: when its run fails, each act that was begun is
//! undone after it, whether or not it is known to have happened, in the reverse order, once. One whose
//! run has no end is whole, or undone like that.

use super::{Finding, Invariant};
use crate::measure::{Act, Execution, Executions, Saga, TrialEvidence, sagas};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "saga",
    statement: "a saga that failed undoes each act it began, in reverse order, once; one that ended well undoes none; one without an end is whole or undone",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let executions = Executions::of(trial);
    let undoes =
        |execution: &Execution| execution.step.undoes().is_some() || execution.step.is_of_order();
    if trial.factor("pattern") != INVARIANT.name && !executions.all().any(undoes) {
        return None;
    }
    let sagas = sagas(trial, &executions);
    let judged: usize = sagas.iter().map(|saga| saga.acts.len()).sum();
    let failed = sagas.iter().filter(|saga| saga.run.failure.is_some());
    let undone: usize = failed.map(|saga| saga.acts.len()).sum();
    let problems: Vec<String> = sagas.iter().flat_map(problems).collect();
    let passed = || {
        if judged == 0 {
            return Finding::unknown("no act of a saga is in the journal");
        }
        Finding::pass(format!(
            "{judged} acts begun, {undone} of them undone in reverse order"
        ))
    };
    // What undoes a run may go with the process that held it.
    let finding = Finding::of_problems(problems, passed).expected_if(trial.may_lose_runs());
    Some(finding.resting_on_journal(trial))
}

fn problems(saga: &Saga<'_>) -> Vec<String> {
    let ended = saga.run.ended_ns.is_some();
    if ended && saga.run.failure.is_none() {
        let undone = saga.acts.iter().filter_map(undone_for_nothing);
        return undone.chain(unfinished(saga)).collect();
    }
    if !ended && saga.is_whole() {
        return Vec::new();
    }
    let became = if ended { "failed" } else { "has no end" };
    let skipped = saga.acts.iter().filter_map(|act| skipped(act, became));
    let disorders = saga
        .disorders()
        .map(|(earlier, later)| disorder(earlier, later));
    let net_effects = saga.acts.iter().filter_map(net_effect);
    skipped.chain(disorders).chain(net_effects).collect()
}

fn undone_for_nothing(act: &Act<'_>) -> Option<String> {
    let undo = act.undos.first()?;
    Some(format!(
        "{}: {}: undone though the run ended well",
        act.undo_key,
        undo.describe()
    ))
}

/// A run of acts alone that ended well and is not whole: an effect of it lacks, by the services' own ledger.
fn unfinished(saga: &Saga<'_>) -> Vec<String> {
    let acts = saga.acts.iter();
    let lacking = acts.filter(|act| act.step().is_of_order() && act.last_change().is_none());
    lacking
        .map(|act| {
            format!(
                "{}: the run ended well, expected the service to have done it, found no such effect",
                act.key
            )
        })
        .collect()
}

fn skipped(act: &Act<'_>, became: &str) -> Option<String> {
    act.undone_ns().is_none().then(|| {
        format!(
            "{}: begun, and the run {became}: expected {} to hold after it, found {} executions and none that ended well",
            act.key,
            act.undo_key,
            act.undos.len()
        )
    })
}

/// The later act is undone before the undoing of the earlier one begins.
fn disorder(earlier: &Act<'_>, later: &Act<'_>) -> String {
    let first = earlier.undos.first().map(Execution::describe);
    format!(
        "{}: {}: expected it after {} had held, found it before",
        earlier.undo_key,
        first.unwrap_or_default(),
        later.undo_key
    )
}

/// By the applied log: what the act changed is put back once, after it. (Of the announcement
/// the applied log knows nothing: for it the journal alone has to do.)
fn net_effect(act: &Act<'_>) -> Option<String> {
    if act.is_undone_twice() {
        return Some(format!(
            "{}: expected at most 1 change, found more",
            act.undo_key
        ));
    }
    let last = act.last_change().filter(|_| act.is_left())?;
    Some(format!(
        "{}: commit {last} changed something that {} did not put back",
        act.key, act.undo_key
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::mutation;
    use crate::record::Outcome;

    fn saga() -> TrialEvidence {
        mutation::recorded_trial("saga").expect("a recorded saga")
    }

    #[test]
    fn a_saga_that_ended_well_must_not_be_undone() {
        let mut trial = saga();
        assert_eq!(
            check(&trial).map(|found| found.outcome),
            Some(Outcome::Pass)
        );
        for event in &mut trial.events {
            if let crate::record::EventBody::RunEnded { failure, .. } = &mut event.body {
                *failure = None;
            }
        }
        assert_eq!(
            check(&trial).map(|found| found.outcome),
            Some(Outcome::Fail)
        );
    }
}
