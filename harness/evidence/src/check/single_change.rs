//! One state change a step: executing a step again is legal, changing rows twice under one
//! idempotency key is not. Executions, overlaps and commits that changed nothing are
//! counted apart.

use super::{Finding, Invariant};
use crate::measure::{Executions, TrialEvidence, doubled_keys, redundant_commits};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "single_change",
    statement: "at most one execution changes rows, or has an effect at a service, under one idempotency key",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    if trial.sources.is_empty() && !trial.calls_services() {
        return None;
    }
    let naive = trial.factor("sink") == "naive";
    let (Some(applied), Some(doubled)) = (&trial.applied, doubled_keys(trial)) else {
        return Some(Finding::unknown("the applied log is not in the folder"));
    };
    let problems: Vec<String> = doubled
        .iter()
        .map(|(key, count)| format!("{key}: expected at most 1 change, found {count}"))
        .collect();
    let passed = || {
        let executions = Executions::of(trial);
        let redundant = redundant_commits(trial).unwrap_or_default();
        Finding::pass(format!(
            "{} commits, {redundant} without change; {} repeated executions, {} overlapping",
            applied.len(),
            executions.repeated(),
            executions.overlaps()
        ))
    };
    Some(Finding::of_problems(problems, passed).expected_if(naive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    #[test]
    fn a_second_change_is_caught_and_a_second_commit_is_not() {
        let mut trial = TrialBuilder::good("t").evidence();
        let outcome =
            |trial: &TrialEvidence| check(trial).map(|found| (found.outcome, found.expected));
        assert_eq!(outcome(&trial), Some((Outcome::Pass, false)));
        let mut again = trial
            .applied
            .iter()
            .flatten()
            .next()
            .cloned()
            .into_iter()
            .collect::<Vec<_>>();
        again[0].rows_changed = 0;
        trial
            .applied
            .iter_mut()
            .for_each(|applied| applied.append(&mut again.clone()));
        assert_eq!(outcome(&trial), Some((Outcome::Pass, false)));
        again[0].rows_changed = 3;
        trial
            .applied
            .iter_mut()
            .for_each(|applied| applied.append(&mut again.clone()));
        assert_eq!(outcome(&trial), Some((Outcome::Fail, false)));
        trial.plan.factors.insert("sink".into(), "naive".into());
        assert_eq!(outcome(&trial), Some((Outcome::Fail, true)));
    }
}
