//! Dagster's answers, from its instance and its asset graph.

use serde_json::json;

use super::Instance;
use super::project::text;
use crate::engine::answer::by_program;
use crate::engine::user_code;
use crate::engine::{Refreshed, Work};
use orchbench_evidence::experiment::observability::{Answer, Fact, Subject};

/// The programs of which the lines of user code are counted.
const PROGRAMS: [&str; 3] = ["approval", "engine/approve", "engine/answers"];

/// The programs of which the lines of a refresh are counted.
const REFRESHING: [&str; 2] = ["refresh", "engine/refreshing"];

/// What of a run was called missing or stale before it was made.
pub(super) fn refreshed(instance: &Instance, work: &Work) -> Result<Refreshed, String> {
    Ok(Refreshed {
        called_stale: instance.told("refreshed", &work.run)?,
        user_code_lines: user_code::lines(&REFRESHING.map(text).concat(), "refresh"),
    })
}

/// Answers questions about an instance.
pub(super) fn answers(
    instance: &Instance,
    questions: &[&str],
    subject: &Subject,
) -> Result<Vec<Answer>, String> {
    let asked = json!({
        "questions": questions,
        "subject": subject,
        "sources": instance.project.sources(),
    });
    let told: Vec<Option<Vec<Fact>>> = instance.told("answers", &asked)?;
    if told.len() != questions.len() {
        return Err(format!(
            "its answers: expected {}, found {}",
            questions.len(),
            told.len()
        ));
    }
    let program: String = PROGRAMS.map(text).concat();
    let answered = questions.iter().zip(told);
    Ok(answered
        .map(|(question, facts)| by_program(&program, question, facts))
        .collect())
}
