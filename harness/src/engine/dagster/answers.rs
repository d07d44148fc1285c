//! Dagster's answers: a program of the project asks its instance and its asset graph.

use serde_json::json;

use super::Instance;
use super::project::text;
use crate::engine::answer::by_program;
use crate::engine::user_code;
use crate::engine::{Refreshed, Work};
use orchbench_evidence::experiment::observability::{Answer, Fact, Subject};

/// The programs of which the lines of user code are counted.
const PROGRAMS: [&str; 3] = ["approval", "engine/approve", "engine/answers"];

/// Records a person's word on a run.
pub(super) fn approve(instance: &Instance, work: &Work, who: &str) -> Result<(), String> {
    let word = json!({ "run": work.run, "source": work.source(), "who": who });
    instance
        .told("approve", "--word", &word.to_string())
        .map(drop)
}

/// The programs of which the lines of a refresh are counted.
const REFRESHING: [&str; 2] = ["refresh", "engine/refreshing"];

/// What of a run was called missing or stale before it was made.
pub(super) fn refreshed(instance: &Instance, work: &Work) -> Result<Refreshed, String> {
    let printed = instance.told("refreshed", "--run", &work.run)?;
    let called_stale =
        serde_json::from_str(&printed).map_err(|error| format!("run {}: {error}", work.run))?;
    Ok(Refreshed {
        called_stale,
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
    let printed = instance.told("answers", "--asked", &asked.to_string())?;
    let told: Vec<Option<Vec<Fact>>> =
        serde_json::from_str(&printed).map_err(|error| format!("its answers: {error}"))?;
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
