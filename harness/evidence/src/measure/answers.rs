//! What an engine answered to questions, as a trial recorded it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TrialEvidence;
use crate::record::{EventBody, Sample, TrialPlan};

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
    /// All of them, in the order in which they are asked under.
    pub const ALL: [Self; 3] = [Self::Present, Self::WorkerDead, Self::RunGone];

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

/// What an engine answered while everything was there.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The trial as it was planned.
    pub plan: TrialPlan,
    /// The last answer to each question, by its id.
    pub answers: BTreeMap<String, Answer>,
}

impl Told {
    /// Of a trial in which something was asked; `None` of any other.
    pub fn of(trial: &TrialEvidence) -> Option<Self> {
        let present = answers(trial).into_iter().filter_map(|(place, answer)| {
            let (condition, question) = place;
            (condition == Condition::Present).then_some((question, answer.1))
        });
        let answers: BTreeMap<String, Answer> = present.collect();
        (!answers.is_empty()).then(|| Self {
            plan: trial.plan.clone(),
            answers,
        })
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
pub fn answers(trial: &TrialEvidence) -> BTreeMap<(Condition, String), (u64, Answer)> {
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
