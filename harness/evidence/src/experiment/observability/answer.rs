//! Answers as a trial recorded them, and how they are scored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::{EMULATED, NATIVE, UNSUPPORTED};
use super::expected::Facts;
use crate::measure::TrialEvidence;
use crate::record::{EventBody, Sample};

/// The metric under which a trial records an answer: the value is how many lines of user code it
/// took, the label `question` its id, `condition` under which it was asked, and `facts` what was
/// answered as JSON; without the latter the engine has no answer.
pub const ANSWER: &str = "answer";

/// Under what a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Everything is there.
    Present,
    /// Every worker was killed.
    WorkerDead,
    /// The run was deleted through the engine's own API.
    RunGone,
}

impl Condition {
    pub(super) const ALL: [Self; 3] = [Self::Present, Self::WorkerDead, Self::RunGone];

    /// As labels say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::WorkerDead => "worker-dead",
            Self::RunGone => "run-gone",
        }
    }
}

/// An engine's answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question's id.
    pub question: String,
    /// What it says; `None` where the engine has no answer.
    pub facts: Option<Vec<Fact>>,
    /// Lines of user code that it took beside the engine's own API.
    pub user_code_lines: u32,
}

/// One statement of an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What it says, in the words of the journal, such as `load/2013-01-01 attempt 1 ok`.
    pub what: String,
    /// When, CLOCK_MONOTONIC, of a question about time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ns: Option<u64>,
}

impl From<String> for Fact {
    fn from(what: String) -> Self {
        Self { what, at_ns: None }
    }
}

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
    /// The answer of an engine that has none.
    pub fn none(question: &str) -> Self {
        Self {
            question: question.to_owned(),
            facts: None,
            user_code_lines: 0,
        }
    }

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

    /// The answer that a trial recorded; `None` where it cannot be read.
    fn read(sample: &Sample) -> Option<Self> {
        let facts = sample.labels.get("facts");
        Some(Self {
            question: sample.labels.get("question")?.clone(),
            facts: facts
                .map(|facts| serde_json::from_str(facts))
                .transpose()
                .ok()?,
            user_code_lines: sample.value as u32,
        })
    }
}

/// The last answer to each question under each condition, with when it was recorded.
pub(super) fn recorded(trial: &TrialEvidence) -> BTreeMap<(Condition, String), (u64, Answer)> {
    let mut answers = BTreeMap::new();
    for event in &trial.events {
        if let EventBody::Sample(sample) = &event.body
            && sample.metric == ANSWER
            && let Some(condition) = condition(sample)
            && let Some(answer) = Answer::read(sample)
        {
            answers.insert((condition, answer.question.clone()), (event.t_ns, answer));
        }
    }
    answers
}

fn condition(sample: &Sample) -> Option<Condition> {
    let named = sample.labels.get("condition")?;
    Condition::ALL
        .into_iter()
        .find(|each| each.as_str() == named)
}
