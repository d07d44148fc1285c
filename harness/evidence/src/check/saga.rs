//! A saga is all or nothing in net effect: when its run fails, each act that was begun is
//! undone after it, whether or not it is known to have happened, in the reverse order, once.

use orchbench_journal::StepName;

use super::{Finding, Invariant};
use crate::measure::{Execution, Executions, Run, TrialEvidence};
use crate::record::AppliedRow;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "saga",
    statement: "a failed saga undoes each act it began, in reverse order, once; one that ended well undoes none",
    check,
};

/// An act that was begun, and what undid it.
struct Act<'a> {
    key: &'a str,
    executions: &'a [Execution],
    undo_key: String,
    undos: &'a [Execution],
}

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let executions = Executions::of(trial);
    let undoes = |execution: &Execution| execution.step.undoes().is_some();
    if trial.factor("pattern") != "saga" && !executions.all().any(undoes) {
        return None;
    }
    let applied = trial.applied.as_deref().unwrap_or_default();
    let mut problems = Vec::new();
    let mut undone = 0;
    let mut judged = 0;
    for run in trial.runs().iter().filter(|run| run.ended_ns.is_some()) {
        let acts = acts(&executions, run);
        judged += acts.len();
        if run.failure.is_none() {
            problems.extend(acts.iter().filter_map(undone_for_nothing));
            continue;
        }
        undone += acts.len();
        problems.extend(acts.iter().filter_map(skipped));
        problems.extend(
            acts.windows(2)
                .filter_map(|pair| disorder(&pair[0], &pair[1])),
        );
        problems.extend(acts.iter().filter_map(|act| net_effect(act, applied)));
    }
    let passed = || {
        if judged == 0 {
            return Finding::unknown("no act of a saga whose run ended is in the journal");
        }
        Finding::pass(format!(
            "{judged} acts begun, {undone} of them undone in reverse order"
        ))
    };
    Some(Finding::of_problems(problems, passed).resting_on_journal(trial))
}

/// The acts of a run that were begun, in that order.
fn acts<'a>(executions: &'a Executions, run: &Run<'_>) -> Vec<Act<'a>> {
    let mut acts: Vec<Act<'a>> = executions
        .by_key
        .iter()
        .filter(|(_, each)| each[0].run == run.id)
        .filter_map(|(key, each)| {
            let undo_key = key.replacen(
                &format!("/{}/", each[0].step),
                &format!("/{}/", undo_of(each[0].step)?),
                1,
            );
            let undos = executions.by_key.get(&undo_key);
            Some(Act {
                key,
                executions: each,
                undos: undos.map_or(&[], Vec::as_slice),
                undo_key,
            })
        })
        .collect();
    acts.sort_by_key(|act| act.executions[0].invoked_ns);
    acts
}

fn undo_of(act: StepName) -> Option<StepName> {
    let mut compensations = StepName::BESIDE.into_iter();
    compensations.find(|step| step.undoes() == Some(act))
}

fn undone_for_nothing(act: &Act<'_>) -> Option<String> {
    let undo = act.undos.first()?;
    Some(format!(
        "{}: {}: undone though the run ended well",
        act.undo_key,
        undo.describe()
    ))
}

fn skipped(act: &Act<'_>) -> Option<String> {
    let begun_ns = act.executions[0].invoked_ns;
    let mut held = act.undos.iter().filter_map(Execution::ok_ns);
    (!held.any(|t_ns| t_ns > begun_ns)).then(|| {
        format!(
            "{}: begun, and the run failed: expected {} to hold after it, found {} executions and none that ended well",
            act.key,
            act.undo_key,
            act.undos.len()
        )
    })
}

/// The later act is undone before the undoing of the earlier one begins.
fn disorder(earlier: &Act<'_>, later: &Act<'_>) -> Option<String> {
    let first = earlier.undos.first()?;
    let held_ns = later.undos.iter().filter_map(Execution::ok_ns).min()?;
    (first.invoked_ns < held_ns).then(|| {
        format!(
            "{}: {}: expected it after {} had held, found it before",
            earlier.undo_key,
            first.describe(),
            later.undo_key
        )
    })
}

/// By the applied log: what the act changed is put back once, after it. (Of the announcement
/// the applied log knows nothing: for it the journal alone has to do.)
fn net_effect(act: &Act<'_>, applied: &[AppliedRow]) -> Option<String> {
    let changes = |key: &str| {
        let rows = applied.iter();
        let seqs = rows.filter(|row| row.key == key && row.rows_changed > 0);
        seqs.map(|row| row.seq).collect::<Vec<u64>>()
    };
    let (acted, undone) = (changes(act.key), changes(&act.undo_key));
    if undone.len() > 1 {
        return Some(format!(
            "{}: expected at most 1 change, found {}",
            act.undo_key,
            undone.len()
        ));
    }
    let last = acted.iter().max()?;
    (!undone.iter().any(|seq| seq > last) && !superseded(act, applied, *last)).then(|| {
        format!(
            "{}: commit {last} changed something that {} did not put back",
            act.key, act.undo_key
        )
    })
}

/// Another run wrote to the act's target after it: its work stays.
fn superseded(act: &Act<'_>, applied: &[AppliedRow], last: u64) -> bool {
    let acted = &act.executions[0];
    applied.iter().any(|row| {
        row.seq > last
            && row.partition == acted.partition
            && row.step == acted.step.to_string()
            && row.key != act.key
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::mutation;
    use crate::record::Outcome;

    fn saga() -> TrialEvidence {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = mutation::recorded(place.path()).expect("the recorded folder");
        let plan = folder.plan().expect("its plan");
        let saga = plan.trials.iter().find(|trial| trial.id == "saga");
        crate::measure::Evidence::new(&folder, &plan.engines).trial(saga.expect("a saga"))
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
