//! Nothing lost, nothing extra, nothing torn: after a run that succeeded, the warehouse
//! has exactly the expected rows, by key and digest. After a run that the policy let fail,
//! each partition is whole or absent.

use std::collections::BTreeMap;

use orchbench_journal::Day;

use super::{Finding, Invariant};
use crate::measure::{Executions, SourceEvidence, TrialEvidence, failed_by_policy};
use crate::record::WarehouseRow;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "completeness",
    statement: "every expected row is in the warehouse once, by key and digest; no partition is torn",
    check,
};

/// Keys that a problem names.
const NAMED_KEYS: usize = 3;

fn check(trial: &TrialEvidence) -> Option<Finding> {
    if trial.sources.is_empty() {
        return None;
    }
    let naive = trial.factor("sink") == "naive";
    let mut problems = Vec::new();
    let mut rows_found = 0;
    let mut absent = 0;
    let mut only_lost = true;
    for (name, source) in &trial.sources {
        let (Some(rows), Some(expected)) = (&source.rows, &source.expected) else {
            return Some(not_recorded(name, source));
        };
        rows_found += rows.len();
        if source.is_as_expected() {
            continue;
        }
        let may_be_absent = let_fail(trial, name);
        let may_be_lost = lost(trial, name);
        let partitions = Partitions::of(rows, expected);
        for (day, partition) in &partitions.0 {
            if may_be_absent && partition.found.is_empty() {
                absent += 1;
            } else if let Some(problem) = partition.problem(name, *day) {
                only_lost &= may_be_lost && partition.found.is_empty();
                problems.push(problem);
            }
        }
    }
    let passed = || {
        let absent = if absent == 0 {
            String::new()
        } else {
            format!("; {absent} partitions absent after a failure that the policy allows")
        };
        Finding::pass(format!("{rows_found} rows, each as expected{absent}"))
    };
    let expected = naive || (only_lost && !problems.is_empty());
    let finding = Finding::of_problems(problems, passed).expected_if(expected);
    // Whether a partition may be absent after a failure is for the journal to say.
    let journal_decides =
        trial.journalled() && trial.runs().iter().any(|run| run.failure.is_some());
    Some(if journal_decides {
        finding.resting_on_journal(trial)
    } else {
        finding
    })
}

fn not_recorded(name: &str, source: &SourceEvidence) -> Finding {
    let what = if source.rows.is_none() {
        "the trial's rows"
    } else {
        "the expected rows"
    };
    Finding::unknown(format!("source {name}: {what} are not in the folder"))
}

/// Whether every run of the source failed, each for a reason that the policy allows.
fn let_fail(trial: &TrialEvidence, source: &str) -> bool {
    let executions = Executions::of(trial);
    trial
        .runs()
        .iter()
        .filter(|run| run.source == Some(source))
        .all(|run| run.failure.is_some() && failed_by_policy(run, &executions).is_some())
}

/// Whether no run of the source has an end, and the fault may have taken them along.
fn lost(trial: &TrialEvidence, source: &str) -> bool {
    let runs = trial.runs();
    let mut own = runs.iter().filter(|run| run.source == Some(source));
    trial.may_lose_runs() && own.all(|run| run.ended_ns.is_none())
}

struct Partitions<'a>(BTreeMap<Day, Partition<'a>>);

/// One partition: its rows by key, found and expected.
#[derive(Default)]
struct Partition<'a> {
    found: BTreeMap<&'a str, Vec<&'a str>>,
    expected: BTreeMap<&'a str, &'a str>,
}

impl<'a> Partitions<'a> {
    fn of(rows: &'a [WarehouseRow], expected: &'a [WarehouseRow]) -> Self {
        let mut partitions: BTreeMap<Day, Partition<'a>> = BTreeMap::new();
        for row in expected {
            let partition = partitions.entry(row.day).or_default();
            partition.expected.insert(&row.key, &row.digest);
        }
        for row in rows {
            let partition = partitions.entry(row.day).or_default();
            partition
                .found
                .entry(&row.key)
                .or_default()
                .push(&row.digest);
        }
        Self(partitions)
    }
}

impl Partition<'_> {
    fn problem(&self, source: &str, day: Day) -> Option<String> {
        let missing: Vec<&str> = self
            .expected
            .keys()
            .filter(|key| !self.found.contains_key(*key))
            .copied()
            .collect();
        let extra: Vec<&str> = self
            .found
            .keys()
            .filter(|key| !self.expected.contains_key(*key))
            .copied()
            .collect();
        let doubled: Vec<&str> = self
            .found
            .iter()
            .filter(|(_, digests)| digests.len() > 1)
            .map(|(key, _)| *key)
            .collect();
        let changed: Vec<&str> = self
            .found
            .iter()
            .filter(|(key, digests)| {
                self.expected
                    .get(*key)
                    .is_some_and(|digest| digests.iter().any(|found| found != digest))
            })
            .map(|(key, _)| *key)
            .collect();
        let parts: Vec<String> = [
            (missing, "missing"),
            (extra, "not expected"),
            (doubled, "there more than once"),
            (changed, "with other contents"),
        ]
        .into_iter()
        .filter(|(keys, _)| !keys.is_empty())
        .map(|(keys, what)| format!("{} {what} ({})", keys.len(), named(&keys)))
        .collect();
        let found: usize = self.found.values().map(Vec::len).sum();
        (!parts.is_empty()).then(|| {
            format!(
                "source {source}: partition {day}: expected {} rows, found {found}: {}",
                self.expected.len(),
                parts.join(", ")
            )
        })
    }
}

fn named(keys: &[&str]) -> String {
    let mut named = keys[..keys.len().min(NAMED_KEYS)].join(", ");
    if keys.len() > NAMED_KEYS {
        named.push_str(", …");
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    fn fails_with(trial: &TrialEvidence, words: &[&str]) {
        let found = check(trial);
        let summary = found.as_ref().map_or("", |found| found.summary.as_str());
        assert_eq!(
            found.as_ref().map(|found| found.outcome),
            Some(Outcome::Fail),
            "{summary}"
        );
        for word in words {
            assert!(summary.contains(word), "{summary:?} lacks {word:?}");
        }
    }

    fn rows(trial: &mut TrialEvidence) -> &mut Vec<WarehouseRow> {
        let source = trial
            .sources
            .values_mut()
            .next()
            .and_then(|source| source.rows.as_mut());
        source.unwrap_or_else(|| unreachable!("the fixture has rows"))
    }

    #[test]
    fn a_good_trial_passes() {
        let found = check(&TrialBuilder::good("t").evidence());
        assert_eq!(found.map(|found| found.outcome), Some(Outcome::Pass));
    }

    #[test]
    fn a_dropped_row_is_caught_with_its_partition() {
        let mut trial = TrialBuilder::good("t").evidence();
        rows(&mut trial).remove(1);
        fails_with(
            &trial,
            &[
                "partition 2013-01-01",
                "expected 3 rows, found 2",
                "1 missing",
            ],
        );
    }

    #[test]
    fn a_doubled_row_is_caught() {
        let mut trial = TrialBuilder::good("t").evidence();
        let row = rows(&mut trial)[0].clone();
        rows(&mut trial).push(row);
        fails_with(&trial, &["1 there more than once"]);
    }

    #[test]
    fn a_changed_row_is_caught() {
        let mut trial = TrialBuilder::good("t").evidence();
        rows(&mut trial)[0].digest = "other".into();
        fails_with(&trial, &["1 with other contents"]);
    }

    /// Loads two rows of a partition, and no more.
    fn tear(trial: &mut TrialEvidence) {
        let whole = TrialBuilder::good("t").evidence();
        let torn = whole
            .sources
            .values()
            .next()
            .and_then(|source| source.rows.clone());
        rows(trial).extend(torn.into_iter().flatten().take(2));
    }

    #[test]
    fn after_an_allowed_failure_an_absent_partition_passes_and_a_torn_one_is_caught() {
        let mut trial = TrialBuilder::fatal("t").evidence();
        assert_eq!(
            check(&trial).map(|found| found.outcome),
            Some(Outcome::Pass)
        );
        tear(&mut trial);
        fails_with(&trial, &["expected 3 rows, found 2"]);
    }

    #[test]
    fn what_a_lost_run_had_not_loaded_is_missing_as_expected_and_torn_is_not() {
        let mut trial = TrialBuilder::good("t").without_run_end().evidence();
        trial
            .plan
            .factors
            .insert("fault".into(), "kill-worker".into());
        rows(&mut trial).clear();
        let expected = |trial: &TrialEvidence| {
            let found = check(trial).filter(|found| found.outcome == Outcome::Fail);
            found.map(|found| found.expected)
        };
        // Its engine says that a run goes on.
        assert_eq!(expected(&trial), Some(false));
        if let Some(engine) = &mut trial.engine {
            engine.resumes.clear();
        }
        assert_eq!(expected(&trial), Some(true));
        tear(&mut trial);
        assert_eq!(expected(&trial), Some(false));
    }

    #[test]
    fn rows_that_were_not_kept_are_unknown() {
        let mut trial = TrialBuilder::good("t").evidence();
        for source in trial.sources.values_mut() {
            source.rows = None;
        }
        assert_eq!(
            check(&trial).map(|found| found.outcome),
            Some(Outcome::Unknown)
        );
    }
}
