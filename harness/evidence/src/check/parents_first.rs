//! A step starts only after its parents committed, and what it read is what they made:
//! check and load record the digest of the data that they read, which is the digest that
//! transform recorded as made.

use std::collections::BTreeSet;

use orchbench_journal::{Day, StepName, idempotency_key};

use super::{Finding, Invariant};
use crate::measure::{Execution, Executions, Reach, TrialEvidence, parents};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "parents_first",
    statement: "a step is invoked after its parents ended well, and read what they made",
    check,
};

/// The parent whose recorded digest a step's own must equal. A naive sink's warehouse holds
/// more than the load's input, so its digest is not comparable.
fn same_data(step: StepName, naive: bool) -> Option<StepName> {
    match step {
        StepName::Check => Some(StepName::Transform),
        StepName::Load if !naive => Some(StepName::Check),
        _ => None,
    }
}

fn check(trial: &TrialEvidence) -> Option<Finding> {
    if !trial.journalled() {
        return None;
    }
    let executions = Executions::of(trial);
    let naive = trial.factor("sink") == "naive";
    let mut problems = Vec::new();
    let mut edges = 0;
    for (key, each) in &executions.by_key {
        for child in each {
            for (parent, reach) in parents(child.step) {
                for day in days(trial, child, *reach) {
                    edges += 1;
                    if ended_before(trial, &executions, child, *parent, day)
                        .next()
                        .is_none()
                    {
                        let day = day.map_or(String::new(), |day| format!(" of {day}"));
                        problems.push(format!(
                            "{key}: {} was invoked before {parent}{day} had ended well",
                            child.describe()
                        ));
                    }
                }
            }
            if let Some(parent) = same_data(child.step, naive) {
                problems.extend(stale(trial, &executions, key, child, parent));
            }
        }
    }
    let passed = || {
        Finding::pass(format!(
            "{edges} dependencies, each parent ended before its child began"
        ))
    };
    Some(Finding::of_problems(problems, passed).resting_on_journal(trial))
}

/// The partitions in which the child needs its parent.
fn days(trial: &TrialEvidence, child: &Execution, reach: Reach) -> Vec<Option<Day>> {
    match reach {
        Reach::Same => vec![child.partition],
        Reach::WholeRun => vec![None],
        Reach::EveryDay => {
            let runs = trial.runs();
            let source = runs
                .iter()
                .find(|run| run.id == child.run)
                .and_then(|run| run.source);
            let expected = source.and_then(|name| trial.sources.get(name)?.expected.clone());
            let days: BTreeSet<Day> = expected
                .iter()
                .flat_map(|rows| rows.iter().map(|row| row.day))
                .collect();
            days.into_iter().map(Some).collect()
        }
    }
}

/// The executions of a parent that ended well before the child was invoked: those of its own run, and of
/// one that rests on earlier runs, where it made the parent not itself, those of the last that did.
fn ended_before<'a>(
    trial: &'a TrialEvidence,
    executions: &'a Executions,
    child: &'a Execution,
    parent: StepName,
    day: Option<Day>,
) -> impl Iterator<Item = &'a Execution> {
    let runs = trial.rests_on(&child.run).into_iter();
    let mut made = runs.filter_map(|run| {
        let key = idempotency_key(run, parent, day);
        executions.by_key.get(&key)
    });
    made.next().into_iter().flatten().filter(|execution| {
        execution
            .ok_ns()
            .is_some_and(|t_ns| t_ns <= child.invoked_ns)
    })
}

fn stale(
    trial: &TrialEvidence,
    executions: &Executions,
    key: &str,
    child: &Execution,
    parent: StepName,
) -> Option<String> {
    let digest = child.output_digest.as_ref()?;
    let made: Vec<&String> = ended_before(trial, executions, child, parent, child.partition)
        .filter_map(|execution| execution.output_digest.as_ref())
        .collect();
    (!made.is_empty() && !made.contains(&digest)).then(|| {
        format!(
            "{key}: {} read other data than {parent} made: expected {}, found {digest}",
            child.describe(),
            made[0]
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;
    use orchbench_journal::{Kind, Record};

    fn outcome_after(change: impl Fn(&mut Record)) -> Option<Outcome> {
        let mut trial = TrialBuilder::good("t").evidence();
        trial
            .journal
            .iter_mut()
            .flat_map(|file| &mut file.records)
            .for_each(change);
        check(&trial).map(|found| found.outcome)
    }

    fn is(record: &Record, step: StepName, kind: Kind) -> bool {
        record.step == Some(step) && record.kind == kind
    }

    #[test]
    fn a_child_that_began_too_soon_is_caught() {
        assert_eq!(outcome_after(|_| {}), Some(Outcome::Pass));
        let too_soon = outcome_after(|record| {
            if is(record, StepName::Load, Kind::Invoke) {
                record.t_ns = 0;
            }
        });
        assert_eq!(too_soon, Some(Outcome::Fail));
    }

    #[test]
    fn a_publication_without_one_of_its_days_is_caught() {
        let unloaded = outcome_after(|record| {
            if is(record, StepName::Load, Kind::Ok) {
                record.kind = Kind::Error;
            }
        });
        assert_eq!(unloaded, Some(Outcome::Fail));
    }

    #[test]
    fn a_stale_parent_is_caught() {
        let stale = outcome_after(|record| {
            if is(record, StepName::Check, Kind::Ok) {
                record.output_digest = Some("of yesterday".into());
            }
        });
        assert_eq!(stale, Some(Outcome::Fail));
    }
}
