//! Planted faults: what the checker must catch, each by the invariant that names it.
//!
//! A mutation is planted in a copy of a trial in which every invariant that applies holds.
//! Two kinds: what an engine or a sink could have done wrong is planted in the evidence as
//! it was read, with the journal's seals made to fit, so that only the invariant concerned
//! can notice; damage to the evidence itself is planted in a copy of the files. The first
//! must give "fail", the second must give "unknown": damage says nothing about the engine.

mod damage;
mod recorded;
mod results;
mod steps;
mod table;

use std::collections::BTreeMap;

use super::{Checked, check, fault_hit};
use crate::measure::{Evidence, TrialEvidence};
use crate::record::{EventBody, Outcome, ResultsFolder, TrialPlan};

pub use recorded::recorded;
#[cfg(test)]
pub(crate) use recorded::{escalates_instead, in_another_run, recorded_trial};
pub use table::{markdown, text};

/// A planted fault.
pub struct Mutation {
    /// Registered name.
    pub name: &'static str,
    /// What is planted, one phrase.
    pub what: &'static str,
    /// The invariant that must catch it.
    pub caught_by: &'static str,
    plant: Plant,
}

enum Plant {
    /// Into the evidence; false where the trial has nothing to plant it in.
    Evidence(fn(&mut TrialEvidence) -> bool),
    /// Into the trial's files below the folder.
    Files(fn(&ResultsFolder, &TrialPlan) -> anyhow::Result<bool>),
}

/// What became of a mutation.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The mutation.
    pub mutation: &'static str,
    /// What was planted.
    pub what: &'static str,
    /// The invariant that must catch it.
    pub caught_by: &'static str,
    /// The trial that it was planted in; `None` where no trial has anything to plant it in.
    pub trial: Option<String>,
    /// What the checker said of the mutated trial, by invariant; those that do not apply are
    /// left out.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Whether the invariant that must catch it did.
    pub caught: bool,
}

/// A folder without a trial to plant faults in.
#[derive(Debug, thiserror::Error)]
#[error("{folder}: expected a trial in which every invariant holds, found none to plant faults in")]
pub struct NothingGood {
    /// The folder.
    pub folder: String,
}

/// All mutations: those of the evidence by subject, then damage.
pub fn all() -> Vec<Mutation> {
    [results::ALL.as_slice(), &steps::ALL, &damage::ALL]
        .into_iter()
        .flatten()
        .map(|(name, what, caught_by, plant)| Mutation {
            name,
            what,
            caught_by,
            plant: match plant {
                Plant::Evidence(plant) => Plant::Evidence(*plant),
                Plant::Files(plant) => Plant::Files(*plant),
            },
        })
        .collect()
}

/// How a file of mutations lists them: name, what, the invariant, the planting.
type Entry = (&'static str, &'static str, &'static str, Plant);

/// Plants every mutation in the first good trial of the folder that has something to plant
/// it in, and checks.
///
/// # Errors
/// When the folder cannot be read, no trial in it is good, or a copy cannot be written.
pub fn score(folder: &ResultsFolder) -> anyhow::Result<Vec<Score>> {
    let good = good_trials(folder)?;
    all()
        .into_iter()
        .map(|mutation| score_one(folder, &mutation, &good))
        .collect()
}

/// The trials in which everything that applies holds.
fn good_trials(folder: &ResultsFolder) -> anyhow::Result<Vec<TrialEvidence>> {
    let plan = folder.plan()?;
    let mut evidence = Evidence::new(folder, &plan.engines);
    let trials: Vec<TrialEvidence> = plan
        .trials
        .iter()
        .map(|plan| evidence.trial(plan))
        .filter(|trial| {
            let outcomes = outcomes(trial);
            trial.completed()
                && !outcomes.is_empty()
                && outcomes.values().all(|outcome| *outcome == Outcome::Pass)
        })
        .collect();
    if trials.is_empty() {
        let folder = folder.root().display();
        return Err(NothingGood {
            folder: folder.to_string(),
        }
        .into());
    }
    Ok(trials)
}

fn score_one(
    folder: &ResultsFolder,
    mutation: &Mutation,
    good: &[TrialEvidence],
) -> anyhow::Result<Score> {
    let mut score = Score {
        mutation: mutation.name,
        what: mutation.what,
        caught_by: mutation.caught_by,
        trial: None,
        outcomes: BTreeMap::new(),
        caught: false,
    };
    for trial in good {
        // Only where the invariant held before can it be the one that notices.
        if outcomes(trial).get(mutation.caught_by) != Some(&Outcome::Pass) {
            continue;
        }
        let (planted, wanted) = match mutation.plant {
            Plant::Evidence(plant) => {
                let mut copy = trial.clone();
                let planted = plant(&mut copy);
                reseal(&mut copy);
                (planted.then(|| outcomes(&copy)), Outcome::Fail)
            }
            Plant::Files(plant) => (damaged(folder, trial, plant)?, Outcome::Unknown),
        };
        if let Some(outcomes) = planted {
            score.caught = outcomes.get(mutation.caught_by) == Some(&wanted);
            score.trial = Some(trial.plan.id.clone());
            score.outcomes = outcomes;
            break;
        }
    }
    Ok(score)
}

/// What the checker says of a copy of the trial with damaged files.
fn damaged(
    folder: &ResultsFolder,
    trial: &TrialEvidence,
    plant: fn(&ResultsFolder, &TrialPlan) -> anyhow::Result<bool>,
) -> anyhow::Result<Option<BTreeMap<String, Outcome>>> {
    let place = tempfile::tempdir()?;
    let copy = damage::copy(folder, trial, place.path())?;
    if !plant(&copy, &trial.plan)? {
        return Ok(None);
    }
    let mut evidence = Evidence::new(&copy, trial.engine.as_slice());
    Ok(Some(outcomes(&evidence.trial(&trial.plan))))
}

/// The checker's word by invariant; a void trial is one whose fault did not hit.
fn outcomes(trial: &TrialEvidence) -> BTreeMap<String, Outcome> {
    match check(trial) {
        Checked::Void(_) => BTreeMap::from([(fault_hit::INVARIANT.name.to_owned(), Outcome::Fail)]),
        Checked::Verdicts(verdicts) => verdicts
            .into_iter()
            .map(|verdict| (verdict.invariant, verdict.outcome))
            .collect(),
    }
}

/// Makes the seals fit the journal again, so that a planted fault is not noticed as damage.
pub(crate) fn reseal(trial: &mut TrialEvidence) {
    for event in &mut trial.events {
        let EventBody::JournalSealed { files } = &mut event.body else {
            continue;
        };
        for seal in files {
            let file = trial.journal.iter().find(|file| file.name == seal.file);
            let Some(file) = file else { continue };
            seal.records = file.records.len() as u64;
            let last = file.records.last();
            seal.last_checksum = last.map_or(String::new(), |last| last.checksum.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Packing;

    fn scored() -> Vec<Score> {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = recorded(place.path()).expect("the recorded folder");
        score(&folder).expect("a score")
    }

    #[test]
    fn every_mutation_is_caught_by_the_invariant_that_names_it() {
        let missed: Vec<Score> = scored().into_iter().filter(|each| !each.caught).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn packed_trials_score_as_open_ones() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = recorded(place.path()).expect("the recorded folder");
        let plan = folder.plan().expect("its plan");
        folder.pack(&plan, Packing::RunOver).expect("a pack");
        assert_eq!(score(&folder).expect("a score"), scored());
    }

    #[test]
    fn every_invariant_has_a_mutation() {
        let mutations = all();
        for invariant in super::super::all() {
            let mut names = mutations.iter().map(|mutation| mutation.caught_by);
            assert!(
                names.any(|name| name == invariant.name),
                "{} has none",
                invariant.name
            );
        }
    }

    #[test]
    fn the_written_table_is_the_generated_one() {
        let generated = markdown(&scored());
        assert_eq!(
            generated,
            include_str!("MUTATIONS.md"),
            "write it again: orchbench check --mutations --markdown > harness/evidence/src/check/MUTATIONS.md"
        );
    }
}
