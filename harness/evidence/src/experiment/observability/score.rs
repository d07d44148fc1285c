//! How answers are scored.

use std::collections::BTreeMap;

use super::super::{EMULATED, NATIVE, UNSUPPORTED};
use super::expected::Facts;
use crate::measure::Answer;

/// How an answer is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Score {
    /// The engine has no answer.
    NotAnswerable,
    /// It differs from the right answer, or lacks a part of it.
    Wrong,
    /// It is right, and took user code.
    WithUserCode,
    /// It is right through the engine's own API.
    Right,
}

impl Score {
    pub(super) const ALL: [Self; 4] = [
        Self::Right,
        Self::WithUserCode,
        Self::Wrong,
        Self::NotAnswerable,
    ];

    /// As `question_score` has it.
    pub(super) fn value(self) -> f64 {
        match self {
            Self::NotAnswerable => 0.0,
            Self::Wrong => 1.0,
            Self::WithUserCode => 2.0,
            Self::Right => 3.0,
        }
    }

    /// The score of a value of `question_score`.
    pub(super) fn of(value: f64) -> Option<Self> {
        let same = |score: &Self| (score.value() - value).abs() < f64::EPSILON;
        Self::ALL.into_iter().find(same)
    }

    /// As a capability's level.
    pub(super) fn level(self) -> f64 {
        match self {
            Self::Right => NATIVE,
            Self::WithUserCode => EMULATED,
            Self::Wrong | Self::NotAnswerable => UNSUPPORTED,
        }
    }

    /// As the report says it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::WithUserCode => "only with user code",
            Self::Wrong => "wrong",
            Self::NotAnswerable => "not answerable",
        }
    }

    /// The metric that counts it.
    pub(super) fn metric(self) -> &'static str {
        match self {
            Self::Right => "questions_right",
            Self::WithUserCode => "questions_with_user_code",
            Self::Wrong => "questions_wrong",
            Self::NotAnswerable => "questions_not_answerable",
        }
    }
}

impl Answer {
    /// Right where it says all that is right, each in its time, and nothing else.
    pub(super) fn score(&self, right: &Facts) -> Score {
        let Some(facts) = &self.facts else {
            return Score::NotAnswerable;
        };
        let said: BTreeMap<&str, Option<u64>> = facts
            .iter()
            .map(|fact| (fact.what.as_str(), fact.at_ns))
            .collect();
        let in_time = |what: &str, within: &Option<(u64, u64)>| match within {
            None => said.contains_key(what),
            Some((from, to)) => said
                .get(what)
                .is_some_and(|at| at.is_some_and(|at| (*from..=*to).contains(&at))),
        };
        let all = right.iter().all(|(what, within)| in_time(what, within));
        match (all && said.len() == right.len(), self.user_code_lines) {
            (false, _) => Score::Wrong,
            (true, 0) => Score::Right,
            (true, _) => Score::WithUserCode,
        }
    }
}
