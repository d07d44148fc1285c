//! With fencing on, a change never comes from an older owner: once a newer token has
//! written to a partition or a publication, no execution with an older one changes it.

use std::collections::BTreeMap;

use super::{Finding, Invariant};
use crate::measure::{Run, TrialEvidence};
use crate::record::AppliedRow;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "fencing",
    statement: "with fencing on, nothing changes under a token older than one that has written there",
    check,
};

/// Trials that say nothing of fencing have the sink's default, which is on.
fn check(trial: &TrialEvidence) -> Option<Finding> {
    if trial.factor("fencing") == "off" || trial.sources.is_empty() {
        return None;
    }
    let Some(applied) = &trial.applied else {
        return Some(Finding::unknown("the applied log is not in the folder"));
    };
    if applied.is_empty() {
        // Runs that failed before their first load have nothing to fence.
        let succeeded = |run: &Run<'_>| run.ended_well();
        let unknown = || Finding::unknown("a run succeeded, and the applied log has no commit");
        return trial.runs().iter().any(succeeded).then(unknown);
    }
    let mut rows: Vec<&AppliedRow> = applied.iter().collect();
    rows.sort_by_key(|row| row.seq);
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    let mut problems = Vec::new();
    for row in &rows {
        let target = target(trial, row);
        let token = newest.get(&target).copied().unwrap_or(0);
        if row.rows_changed > 0 && row.token < token {
            problems.push(format!(
                "{target}: commit {} of {}: expected a token of at least {token}, found {} changing {} rows",
                row.seq, row.key, row.token, row.rows_changed
            ));
        }
        newest.insert(target, token.max(row.token));
    }
    let passed = || {
        Finding::pass(format!(
            "{} commits to {} targets, tokens never going back where something changed",
            rows.len(),
            newest.len()
        ))
    };
    Some(Finding::of_problems(problems, passed))
}

/// What a commit writes to: a source's partition, or its publication.
fn target(trial: &TrialEvidence, row: &AppliedRow) -> String {
    let runs = trial.runs();
    let source = runs
        .iter()
        .find(|run| row.key.starts_with(&format!("{}/", run.id)))
        .and_then(|run| run.source)
        .unwrap_or("?");
    match row.partition {
        Some(day) => format!("source {source}, partition {day}"),
        None => format!("source {source}, publication"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    #[test]
    fn a_zombie_write_is_caught_with_fencing_and_is_legal_without() {
        let mut trial = TrialBuilder::good("t")
            .with_factor("fencing", "on")
            .evidence();
        let outcome = |trial: &TrialEvidence| check(trial).map(|found| found.outcome);
        assert_eq!(outcome(&trial), Some(Outcome::Pass));
        if let Some(applied) = &mut trial.applied {
            let mut zombie = applied[0].clone();
            applied[0].token = 2;
            zombie.seq = applied.len() as u64 + 1;
            applied.push(zombie);
        }
        assert_eq!(outcome(&trial), Some(Outcome::Fail));
        trial.plan.factors.insert("fencing".into(), "off".into());
        assert_eq!(outcome(&trial), None);
    }

    #[test]
    fn no_commit_is_no_pass() {
        let mut trial = TrialBuilder::good("t")
            .with_factor("fencing", "on")
            .evidence();
        trial.applied = Some(Vec::new());
        assert_eq!(
            check(&trial).map(|found| found.outcome),
            Some(Outcome::Unknown)
        );
    }
}
