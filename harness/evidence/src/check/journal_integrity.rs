//! The witness is whole: sequence numbers without gaps, the checksum chain unbroken, every
//! file as it was sealed. Damage is unknown, never pass, and never a broken invariant of
//! the engine: it says nothing about what the engine did.

use super::{Finding, Invariant};
use crate::experiment;
use crate::measure::TrialEvidence;
use crate::record::EventBody;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "journal_integrity",
    statement: "the effect journal has no gap, its checksums chain, and its files are as sealed",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let needed = experiment::named(&trial.plan.experiment).is_some_and(|each| each.needs_journal);
    if !needed && !trial.journalled() {
        return None;
    }
    let problems = damage(trial);
    let records: usize = trial.journal.iter().map(|file| file.records.len()).sum();
    Some(match problems.first() {
        None => Finding::pass(format!(
            "{records} records in {} files, as sealed",
            trial.journal.len()
        )),
        Some(first) => Finding::unknown(first.clone()).with(problems),
    })
}

/// Every sign that the journal is not what was written, with file and line.
pub(super) fn damage(trial: &TrialEvidence) -> Vec<String> {
    let place = format!("{}/journal", trial.plan.id);
    let mut problems: Vec<String> = trial.journal_problems().cloned().collect();
    problems.extend(missing_files(trial, &place));
    match trial.seals() {
        None => problems.push(format!(
            "{place}: expected a seal in the events, found none"
        )),
        Some(seals) => {
            for seal in &seals {
                let Some(file) = trial.journal.iter().find(|file| file.name == seal.file) else {
                    problems.push(format!(
                        "{place}/{}: sealed, but the file is missing",
                        seal.file
                    ));
                    continue;
                };
                let records = file.records.len() as u64;
                let last = file
                    .records
                    .last()
                    .map_or("", |record| record.checksum.as_str());
                if records != seal.records {
                    problems.push(format!(
                        "{place}/{}: expected {} records as sealed, found {records}",
                        seal.file, seal.records
                    ));
                } else if last != seal.last_checksum {
                    problems.push(format!(
                        "{place}/{}: expected the last checksum {} as sealed, found {last}",
                        seal.file, seal.last_checksum
                    ));
                }
            }
            for file in &trial.journal {
                if !seals.iter().any(|seal| seal.file == file.name) {
                    problems.push(format!("{place}/{}: not among the sealed files", file.name));
                }
            }
        }
    }
    problems
}

/// Files that workers said they write and that are not there.
fn missing_files(trial: &TrialEvidence, place: &str) -> Vec<String> {
    trial
        .events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::WorkerReady {
                journal: Some(name),
                pid,
                ..
            } => Some((name, pid)),
            _ => None,
        })
        .filter(|(name, _)| !trial.journal.iter().any(|file| file.name == **name))
        .map(|(name, pid)| format!("{place}/{name}: the journal of worker {pid} is missing"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    fn unknown_with(trial: &TrialEvidence, word: &str) {
        let found = check(trial);
        let summary = found.as_ref().map_or("", |found| found.summary.as_str());
        assert_eq!(
            found.as_ref().map(|found| found.outcome),
            Some(Outcome::Unknown),
            "{summary}"
        );
        assert!(summary.contains(word), "{summary:?} lacks {word:?}");
    }

    #[test]
    fn a_whole_journal_passes() {
        let found = check(&TrialBuilder::good("t").evidence());
        assert_eq!(found.map(|found| found.outcome), Some(Outcome::Pass));
    }

    #[test]
    fn a_removed_last_line_is_caught_by_the_seal() {
        let mut trial = TrialBuilder::good("t").evidence();
        trial.journal[0].records.pop();
        unknown_with(&trial, "records as sealed");
    }

    #[test]
    fn a_missing_file_is_caught() {
        let mut trial = TrialBuilder::good("t").evidence();
        trial.journal.clear();
        unknown_with(&trial, "missing");
    }

    #[test]
    fn a_damaged_journal_takes_the_pass_from_checks_that_rest_on_it() {
        let mut trial = TrialBuilder::good("t").evidence();
        trial.journal[0]
            .problems
            .push("t/journal/1-7.jsonl: line 3: expected seq 3, found 4".into());
        unknown_with(&trial, "line 3");
        if let super::super::Checked::Verdicts(verdicts) = super::super::check(&trial) {
            let resting: Vec<_> = verdicts
                .iter()
                .filter(|verdict| {
                    ["attempts", "parents_first"].contains(&verdict.invariant.as_str())
                })
                .map(|verdict| verdict.outcome)
                .collect();
            assert_eq!(resting, [Outcome::Unknown, Outcome::Unknown]);
        }
    }
}
