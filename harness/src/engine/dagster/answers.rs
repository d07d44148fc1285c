//! Dagster's answers: a program of the project asks its instance and its asset graph.

use std::path::Path;

use serde_json::json;

use super::project::{Project, text};
use crate::engine::Work;
use crate::engine::answer::by_program;
use orchbench_evidence::experiment::observability::{Answer, Fact, Subject};

/// The programs of which the lines of user code are counted.
const PROGRAMS: [&str; 2] = ["approve", "answers"];

/// Records a person's word on a run.
pub(super) fn approve(
    project: &Project,
    home: &Path,
    work: &Work,
    who: &str,
) -> Result<bool, String> {
    let word = json!({ "run": work.run, "source": work.source(), "who": who }).to_string();
    let words = [
        "--home".as_ref(),
        home.as_os_str(),
        "--word".as_ref(),
        word.as_ref(),
    ];
    project.told("approve", &words, &home.join("approve.log"))?;
    Ok(true)
}

/// Deletes what Dagster keeps of a run.
pub(super) fn forget(project: &Project, home: &Path, work: &Work) -> Result<bool, String> {
    let words = [
        "--home".as_ref(),
        home.as_os_str(),
        "--run".as_ref(),
        work.run.as_ref(),
    ];
    project.told("forget", &words, &home.join("forget.log"))?;
    Ok(true)
}

/// Answers questions about the instance in `home`.
pub(super) fn answers(
    project: &Project,
    home: &Path,
    questions: &[&str],
    subject: &Subject,
) -> Result<Vec<Answer>, String> {
    let asked = json!({
        "questions": questions,
        "subject": subject,
        "sources": project.sources(),
    })
    .to_string();
    let words = [
        "--home".as_ref(),
        home.as_os_str(),
        "--asked".as_ref(),
        asked.as_ref(),
    ];
    let printed = project.told("answers", &words, &home.join("answers.log"))?;
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
