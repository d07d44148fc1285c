//! Observability: a fixed list of questions, asked of each engine through its own API, and scored
//! against the journal.

mod expected;
mod question;
mod score;
mod section;
mod subject;
mod told;

use super::{CAPABILITY_METRIC, Experiment, NATIVE, nothing_across, nothing_to_reach, sample};
use crate::measure::{TrialEvidence, answers};
use crate::record::Sample;

pub use self::question::{About, Question, When, questions};
pub use self::subject::{Subject, piece};
pub use crate::measure::{ANSWER, Answer, Condition, Fact};

use self::expected::Expected;
use self::score::Score;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "observability",
    needs_journal: true,
    metrics: &[
        CAPABILITY_METRIC,
        "question_score",
        "user_code_lines",
        "questions_right",
        "questions_with_user_code",
        "questions_wrong",
        "questions_not_answerable",
    ],
    compared_with_itself: &[],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// In the place of the recorded answers: under each condition of each question its
/// `question_score` ([`Score`]) and, where the answer took any, the `user_code_lines`; how many
/// questions have each score; and, where everything is there, the level of each pattern, which is
/// that of the worst answer that it stands and falls with. A question that the evidence has no right
/// answer to is left out.
fn derive(trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    let mut samples: Vec<Sample> = observed
        .into_iter()
        .filter(|each| each.metric != ANSWER)
        .collect();
    let Ok(subject) = serde_json::from_value::<Subject>(trial.plan.parameters.clone()) else {
        return samples;
    };
    let answers = answers(trial);
    let expected = Expected::of(trial, &subject);
    for condition in Condition::ALL {
        let asked = answers.keys().any(|(of, _)| *of == condition);
        if !asked && condition != Condition::Present {
            continue;
        }
        let mut scores = Vec::new();
        for question in questions() {
            let answer = answers.get(&(condition, question.id.clone()));
            let asked_ns = answer.map_or(0, |(asked_ns, _)| *asked_ns);
            let right = expected.facts(&question.id, asked_ns);
            if right.is_empty() {
                continue;
            }
            let score = answer.map_or(Score::NotAnswerable, |(_, answer)| answer.score(&right));
            scores.push((question, score));
            let lines = answer.map_or(0, |(_, answer)| answer.user_code_lines);
            samples.extend(scored(question, condition, score, lines));
        }
        samples.extend(totals(&scores, condition));
        if condition == Condition::Present {
            samples.extend(levels(&scores));
        }
    }
    samples
}

fn scored(question: &Question, condition: Condition, score: Score, lines: u32) -> Vec<Sample> {
    let labels = [
        ("about", question.about.as_str()),
        ("condition", condition.as_str()),
        ("question", question.id.as_str()),
    ];
    let mut samples = vec![sample("question_score", score.value(), &labels)];
    if score == Score::WithUserCode {
        samples.push(sample("user_code_lines", f64::from(lines), &labels));
    }
    samples
}

/// How many questions have each score.
fn totals(scores: &[(&Question, Score)], condition: Condition) -> Vec<Sample> {
    if scores.is_empty() {
        return Vec::new();
    }
    let labels = [("condition", condition.as_str())];
    Score::ALL
        .into_iter()
        .map(|score| {
            let count = scores.iter().filter(|(_, found)| *found == score).count();
            sample(score.metric(), count as f64, &labels)
        })
        .collect()
}

/// The level of each pattern: native where every answer is right through the engine's own API,
/// emulated where user code was needed for one, unsupported where one is wrong or missing.
fn levels(scores: &[(&Question, Score)]) -> Vec<Sample> {
    let mut patterns: Vec<&str> = scores
        .iter()
        .flat_map(|(question, _)| question.patterns.iter().map(String::as_str))
        .collect();
    patterns.sort_unstable();
    patterns.dedup();
    patterns
        .into_iter()
        .map(|pattern| {
            let of_pattern = scores
                .iter()
                .filter(|(question, _)| question.patterns.iter().any(|each| each == pattern));
            let level = of_pattern
                .map(|(_, score)| score.level())
                .fold(NATIVE, f64::min);
            sample(CAPABILITY_METRIC, level, &[("pattern", pattern)])
        })
        .collect()
}

#[cfg(test)]
mod tests;
