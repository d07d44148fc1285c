//! The checker: invariants over the evidence of a trial.
//!
//! Each invariant says pass, fail or unknown, with the records concerned. Where the journal
//! that a check rests on is damaged, the check says unknown, whatever it found: a missing
//! record can hide a violation, and can make one of what was none. A check that panics says unknown
//! as well, with the panic's words.

mod acknowledged_end;
mod attempts;
mod caught;
mod completeness;
mod conservation;
mod fault_hit;
mod fencing;
mod finding;
mod history_agrees;
mod journal_integrity;
pub mod mutation;
mod parents_first;
mod progress_resumes;
mod publication;
mod retry_after;
mod saga;
mod samples_agree;
mod signals_once;
mod single_change;

pub use finding::Finding;

use crate::measure::TrialEvidence;
use crate::record::{Outcome, Verdict};

/// Something that must hold in every trial to which it applies.
pub struct Invariant {
    /// Registered name.
    pub name: &'static str,
    /// What must hold, one sentence.
    pub statement: &'static str,
    /// `None` where the invariant does not apply to the trial.
    check: fn(&TrialEvidence) -> Option<Finding>,
}

/// All invariants, in alphabetical order.
pub fn all() -> [Invariant; 16] {
    [
        acknowledged_end::INVARIANT,
        attempts::INVARIANT,
        completeness::INVARIANT,
        conservation::INVARIANT,
        fault_hit::INVARIANT,
        fencing::INVARIANT,
        history_agrees::INVARIANT,
        journal_integrity::INVARIANT,
        parents_first::INVARIANT,
        progress_resumes::INVARIANT,
        publication::INVARIANT,
        retry_after::INVARIANT,
        saga::INVARIANT,
        samples_agree::INVARIANT,
        signals_once::INVARIANT,
        single_change::INVARIANT,
    ]
}

/// What the checker says of a trial that was made to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Checked {
    /// A verdict an invariant that applies.
    Verdicts(Vec<Verdict>),
    /// The fault hit nothing, so the trial counts for nothing: why.
    Void(String),
}

/// Checks a trial that was made to its end.
pub fn check(trial: &TrialEvidence) -> Checked {
    check_by(&all(), trial)
}

fn check_by(invariants: &[Invariant], trial: &TrialEvidence) -> Checked {
    if !trial.malformed.is_empty() {
        return Checked::Verdicts(unreadable(trial));
    }
    let mut verdicts = Vec::new();
    for invariant in invariants {
        let Some(finding) = caught::finding(invariant, trial) else {
            continue;
        };
        if invariant.name == fault_hit::INVARIANT.name && finding.outcome == Outcome::Fail {
            return Checked::Void(finding.summary);
        }
        verdicts.push(finding.verdict(trial, invariant.name));
    }
    Checked::Verdicts(verdicts)
}

/// The one thing that a trial whose engine gave out can still show: a run that was
/// acknowledged and for whose end the harness waited in vain.
pub fn stuck(trial: &TrialEvidence) -> Option<Verdict> {
    let stuck = trial.runs().iter().any(|run| run.stuck_ms.is_some());
    let finding = caught::finding(&acknowledged_end::INVARIANT, trial).filter(|_| stuck)?;
    Some(finding.verdict(trial, acknowledged_end::INVARIANT.name))
}

/// A trial with a file that cannot be read: unknown, with what was found where.
fn unreadable(trial: &TrialEvidence) -> Vec<Verdict> {
    all()
        .iter()
        .map(|invariant| {
            Finding::unknown(format!("cannot be read: {}", trial.malformed[0]))
                .with(trial.malformed.clone())
                .verdict(trial, invariant.name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;

    #[test]
    fn the_registry_is_in_alphabetical_order() {
        let names = all().map(|invariant| invariant.name);
        assert!(names.is_sorted(), "{names:?}");
    }

    fn scripted(name: &'static str, check: fn(&TrialEvidence) -> Option<Finding>) -> Invariant {
        Invariant {
            name,
            statement: "scripted",
            check,
        }
    }

    #[test]
    fn a_check_that_panics_says_unknown_and_the_others_are_made() {
        let trial = TrialBuilder::good("t").evidence();
        let invariants = [
            scripted("before", |_| Some(Finding::pass("held"))),
            scripted("literal", |_| panic!("no such step")),
            scripted("formatted", |trial| panic!("trial {}", trial.plan.id)),
            scripted("other", |_| std::panic::panic_any(7)),
            scripted("after", |_| Some(Finding::fail("broken"))),
        ];
        let Checked::Verdicts(verdicts) = check_by(&invariants, &trial) else {
            panic!("expected verdicts")
        };
        let found: Vec<_> = verdicts
            .iter()
            .map(|each| (each.outcome, each.summary.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (Outcome::Pass, "held"),
                (Outcome::Unknown, "the check panicked: no such step"),
                (Outcome::Unknown, "the check panicked: trial t"),
                (Outcome::Unknown, "the check panicked: without a message"),
                (Outcome::Fail, "broken"),
            ]
        );
    }
}
