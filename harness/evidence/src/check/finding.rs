//! What a check found, before it is tied to trial and invariant.

use super::journal_integrity;
use crate::measure::TrialEvidence;
use crate::record::{Outcome, Verdict};

/// Lines of evidence that a verdict keeps.
const KEPT: usize = 20;

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The outcome.
    pub outcome: Outcome,
    /// True when a failure is what the trial is there to show.
    pub expected: bool,
    /// One sentence.
    pub summary: String,
    /// The records concerned, a line each.
    pub evidence: Vec<String>,
}

impl Finding {
    /// The invariant holds.
    pub fn pass(summary: impl Into<String>) -> Self {
        Self::of(Outcome::Pass, summary.into())
    }

    /// The evidence does not decide.
    pub fn unknown(summary: impl Into<String>) -> Self {
        Self::of(Outcome::Unknown, summary.into())
    }

    /// The invariant is broken.
    pub fn fail(summary: impl Into<String>) -> Self {
        Self::of(Outcome::Fail, summary.into())
    }

    /// Broken when there are problems (the first one is the summary), else `otherwise`.
    pub fn of_problems(problems: Vec<String>, otherwise: impl FnOnce() -> Self) -> Self {
        match problems.first() {
            None => otherwise(),
            Some(first) if problems.len() == 1 => Self::fail(first.clone()).with(problems),
            Some(first) => {
                Self::fail(format!("{first}; and {} more", problems.len() - 1)).with(problems)
            }
        }
    }

    /// The same with the records concerned.
    #[must_use]
    pub fn with(mut self, evidence: Vec<String>) -> Self {
        self.evidence = evidence;
        self
    }

    /// The same, as what the trial is there to show where `expected`.
    #[must_use]
    pub fn expected_if(mut self, expected: bool) -> Self {
        self.expected = expected;
        self
    }

    /// Unknown where the journal that decides is damaged; what was found stays as evidence.
    #[must_use]
    pub fn resting_on_journal(self, trial: &TrialEvidence) -> Self {
        let mut damage = journal_integrity::damage(trial);
        let Some(first) = damage.first() else {
            return self;
        };
        let summary = format!("the journal that decides is damaged: {first}");
        damage.push(format!("found nevertheless: {}", self.summary));
        Self::unknown(summary).with(damage)
    }

    /// The verdict on a trial.
    pub fn verdict(mut self, trial: &TrialEvidence, invariant: &str) -> Verdict {
        if self.evidence.len() > KEPT {
            let more = self.evidence.len() - (KEPT - 1);
            self.evidence.truncate(KEPT - 1);
            self.evidence.push(format!("… and {more} more"));
        }
        Verdict {
            trial: trial.plan.id.clone(),
            invariant: invariant.to_owned(),
            outcome: self.outcome,
            expected: self.expected,
            summary: self.summary,
            evidence: self.evidence,
        }
    }

    fn of(outcome: Outcome, summary: String) -> Self {
        Self {
            outcome,
            expected: false,
            summary,
            evidence: Vec::new(),
        }
    }
}
