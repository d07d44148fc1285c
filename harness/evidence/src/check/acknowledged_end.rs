//! Every acknowledged start ends: once an engine has said that it took a run over, the
//! run succeeds, or fails for a reason that the policy allows.

use super::{Finding, Invariant};
use crate::measure::{Executions, TrialEvidence, failed_by_policy};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "acknowledged_end",
    statement: "every acknowledged run ends, and fails only where the retry policy lets it",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let runs = trial.runs();
    if runs.is_empty() {
        return None;
    }
    let executions = Executions::of(trial);
    let problems: Vec<String> = runs
        .iter()
        .filter_map(|run| {
            if run.ended_ns.is_none() {
                return Some(match run.stuck_ms {
                    Some(waited_ms) => format!("run {} did not end within {waited_ms} ms", run.id),
                    None => format!("run {} was acknowledged and has no end", run.id),
                });
            }
            let failure = run.failure?;
            // Without a journal nothing can say whether the policy was followed.
            let excused = !trial.journalled() || failed_by_policy(run, &executions).is_some();
            (!excused).then(|| {
                format!(
                    "run {} failed though no step had used up its policy: {}: {}",
                    run.id, failure.error_type, failure.message
                )
            })
        })
        .collect();
    let passed = || {
        Finding::pass(format!(
            "{} of {} acknowledged runs ended",
            runs.len(),
            runs.len()
        ))
    };
    let lost = runs.iter().any(|run| run.ended_ns.is_none());
    let finding = Finding::of_problems(problems, passed).expected_if(trial.may_lose_runs());
    // Only whether a failure is excused rests on the journal; a missing end does not.
    let journal_decides =
        !lost && runs.iter().any(|run| run.failure.is_some()) && trial.journalled();
    Some(if journal_decides {
        finding.resting_on_journal(trial)
    } else {
        finding
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    #[test]
    fn a_lost_run_is_caught() {
        let good = TrialBuilder::retried("t");
        assert_eq!(
            check(&good.evidence()).map(|found| found.outcome),
            Some(Outcome::Pass)
        );
        let lost = good.without_run_end().evidence();
        let found = check(&lost);
        assert!(found.is_some_and(
            |found| found.outcome == Outcome::Fail && found.summary.contains("no end")
        ),);
    }

    #[test]
    fn giving_up_before_the_policy_does_is_caught() {
        let found = check(
            &TrialBuilder::retried("t")
                .failing_run("Injected")
                .evidence(),
        );
        assert!(found.is_some_and(|found| found.outcome == Outcome::Fail));
    }
}
