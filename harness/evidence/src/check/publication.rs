//! What is published is what was loaded: the digest of a publication, computed again from
//! the digests of the loads before it, is the one that the publication and the run's
//! summary say.

use orchbench_journal::partitions_digest;
use orchbench_journal::{Day, StepName};

use super::{Finding, Invariant};
use crate::measure::{Execution, Executions, TrialEvidence};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "publication",
    statement: "a publication's digest is that of the loads before it, and the summary's",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    // The naive sink publishes what is there, whatever the loads said.
    if !trial.journalled() || trial.factor("sink") == "naive" {
        return None;
    }
    let executions = Executions::of(trial);
    let published: Vec<&Execution> = executions
        .all()
        .filter(|execution| execution.step == StepName::Publish && execution.ok_ns().is_some())
        .collect();
    if published.is_empty() {
        return None;
    }
    let mut problems = Vec::new();
    for each in &published {
        let expected = recomputed(trial, &executions, each);
        let found = each.output_digest.as_deref().unwrap_or_default();
        if expected != found {
            problems.push(format!(
                "run {}: publish, {}: expected digest {expected} of the loads before it, found {found}",
                each.run,
                each.describe()
            ));
        }
        problems.extend(summary_differs(trial, &each.run, found));
    }
    let passed = || {
        Finding::pass(format!(
            "{} publications, each with the digest of its loads",
            published.len()
        ))
    };
    Some(Finding::of_problems(problems, passed).resting_on_journal(trial))
}

/// The digest over the last good load of each day before the publication was invoked.
fn recomputed(trial: &TrialEvidence, executions: &Executions, publish: &Execution) -> String {
    let runs = trial.rests_on(&publish.run);
    let mut loads: Vec<(Day, u64, &str)> = executions
        .all()
        .filter(|execution| execution.step == StepName::Load)
        .filter(|execution| runs.contains(&execution.run.as_str()))
        .filter_map(|execution| {
            let ended_ns = execution
                .ok_ns()
                .filter(|t_ns| *t_ns <= publish.invoked_ns)?;
            let digest = execution.output_digest.as_deref()?;
            Some((execution.partition?, ended_ns, digest))
        })
        .collect();
    // Of one day the last one is kept.
    loads.sort_by_key(|(day, ended_ns, _)| (*day, std::cmp::Reverse(*ended_ns)));
    loads.dedup_by_key(|(day, _, _)| *day);
    partitions_digest(loads.iter().map(|(day, _, digest)| (*day, *digest)))
}

fn summary_differs(trial: &TrialEvidence, run: &str, published: &str) -> Option<String> {
    let runs = trial.runs();
    let summary = runs.iter().find(|each| each.id == run)?.summary?;
    (summary.digest != published).then(|| {
        format!(
            "run {run}: expected the published digest {published} in the summary, found {}",
            summary.digest
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    #[test]
    fn another_digest_than_that_of_the_loads_is_caught() {
        let mut trial = TrialBuilder::good("t").evidence();
        assert_eq!(
            check(&trial).map(|found| found.outcome),
            Some(Outcome::Pass)
        );
        for record in trial.journal.iter_mut().flat_map(|file| &mut file.records) {
            if record.step == Some(StepName::Publish) && record.output_digest.is_some() {
                record.output_digest = Some("of something else".into());
            }
        }
        assert_eq!(
            check(&trial).map(|found| found.outcome),
            Some(Outcome::Fail)
        );
    }
}
