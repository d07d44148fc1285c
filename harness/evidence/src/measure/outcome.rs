//! What a trial's runs came to: right or wrong, rows lost, changes doubled.

use std::collections::{BTreeMap, BTreeSet};

use super::{Executions, Run, SourceEvidence, TrialEvidence};

/// Keys under which more than one execution changed rows, with the number of changes;
/// `None` without an applied log.
pub fn doubled_keys(trial: &TrialEvidence) -> Option<BTreeMap<&str, usize>> {
    let mut changes: BTreeMap<&str, usize> = BTreeMap::new();
    for row in trial.applied.as_ref()? {
        if row.rows_changed > 0 {
            *changes.entry(&row.key).or_default() += 1;
        }
    }
    changes.retain(|_, count| *count > 1);
    Some(changes)
}

/// Commits that changed nothing, as an earlier one of the same key had changed all; `None`
/// without an applied log.
pub fn redundant_commits(trial: &TrialEvidence) -> Option<usize> {
    let mut changed = BTreeSet::new();
    let mut redundant = 0;
    for row in trial.applied.as_ref()? {
        if row.rows_changed > 0 {
            changed.insert(&row.key);
        } else if changed.contains(&row.key) {
            redundant += 1;
        }
    }
    Some(redundant)
}

/// Expected rows that are not in the warehouse as expected, by key; `None` when rows or
/// expectation are not in the folder.
pub fn missing_rows(source: &SourceEvidence) -> Option<usize> {
    if source.is_as_expected() {
        return Some(0);
    }
    let rows: BTreeSet<_> = source.rows.as_ref()?.iter().collect();
    let expected = source.expected.as_ref()?;
    Some(expected.iter().filter(|row| !rows.contains(row)).count())
}

/// Whether a run ended well and the warehouse has exactly its source's rows. Without kept
/// rows the run's own word has to do.
pub fn ended_right(trial: &TrialEvidence, run: &Run<'_>) -> bool {
    let as_expected = |source: &SourceEvidence| {
        let count = |rows: &Vec<_>| rows.len();
        missing_rows(source).is_none_or(|missing| {
            missing == 0 && source.rows.as_ref().map(count) == source.expected.as_deref().map(count)
        })
    };
    let whole = run
        .source
        .and_then(|source| trial.sources.get(source))
        .is_none_or(as_expected);
    run.ended_well() && whole
}

/// The step because of which the policy lets a run fail: one that met a non-retryable
/// error, or had all its attempts and failed each time. `None` when the journal shows
/// none, so that the engine gave up by itself.
pub fn failed_by_policy(run: &Run<'_>, executions: &Executions) -> Option<String> {
    executions.by_key.iter().find_map(|(key, each)| {
        let last = each.last().filter(|last| last.run == run.id)?;
        let name = last.error_type()?;
        let fatal = run.retry.non_retryable.iter().any(|known| known == name);
        let exhausted = run.retry.max_attempts > 0 && each.len() >= run.retry.max_attempts as usize;
        (fatal || exhausted).then(|| format!("{key}: {name} at {}", last.describe()))
    })
}
