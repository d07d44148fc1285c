//! The questionnaire: a workload from answers, a line each.

use std::io::{self, BufRead, Write};

use orchbench_evidence::advice::{Workload, WorkloadError};

/// A field of the workload and what is asked for it.
struct Question {
    field: &'static str,
    asks: &'static str,
    /// What an empty line stands for.
    otherwise: &'static str,
}

const QUESTIONS: [Question; 14] = [
    question("title", "what is it called", "\"my pipeline\""),
    question("steps", "how many steps has a run", "10"),
    question("step_seconds", "how long does a step take, seconds", "10"),
    question("runs_a_day", "how many runs are there a day", "1"),
    question("people", "does somebody decide while a run waits", "false"),
    question(
        "longest_wait_hours",
        "how long may a run wait for something outside, hours",
        "0",
    ),
    question(
        "undo",
        "is what a run did to be undone when it fails for good",
        "false",
    ),
    question(
        "lineage",
        "is it asked which data was made from which, and when",
        "false",
    ),
    question(
        "backfill",
        "are many partitions made at once, such as a year's",
        "false",
    ),
    question(
        "services",
        "are steps calls of services, which may be late, fail or refuse",
        "false",
    ),
    question(
        "dbt_models",
        "are steps the models of a dbt project",
        "false",
    ),
    question(
        "failed_attempts",
        "which share of attempts at a step fails",
        "0.01",
    ),
    question(
        "kills_a_month",
        "how often does a process with runs in work die, a month",
        "1",
    ),
    question(
        "corrections_a_month",
        "how many partitions are corrected later, a month",
        "0",
    ),
];

const fn question(field: &'static str, asks: &'static str, otherwise: &'static str) -> Question {
    Question {
        field,
        asks,
        otherwise,
    }
}

/// Asks for each field until it can be, and gives the workload's text. An empty line stands for what is
/// shown in brackets.
///
/// # Errors
/// When nothing can be read or written; [`io::ErrorKind::UnexpectedEof`] when the answers end.
pub(super) fn workload(mut answers: impl BufRead, mut say: impl Write) -> io::Result<String> {
    let mut text: Vec<String> = QUESTIONS.iter().map(|each| line(each, "")).collect();
    for (at, question) in QUESTIONS.iter().enumerate() {
        loop {
            write!(say, "{} [{}]: ", question.asks, question.otherwise)?;
            say.flush()?;
            let mut answer = String::new();
            if answers.read_line(&mut answer)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            text[at] = line(question, answer.trim());
            match Workload::parse("answer", &text.join("\n")) {
                Ok(_) => break,
                Err(WorkloadError { message, .. }) => writeln!(say, "{message}")?,
            }
        }
    }
    Ok(text.join("\n"))
}

/// A line of the workload's file; `yes` and `no` are what a file calls true and false, and a title needs
/// no quotes.
fn line(question: &Question, answer: &str) -> String {
    let value = match (answer, question.field) {
        ("", _) => question.otherwise.to_owned(),
        ("yes" | "y", _) => "true".to_owned(),
        ("no" | "n", _) => "false".to_owned(),
        (title, "title") => format!("{title:?}"),
        (value, _) => value.to_owned(),
    };
    format!("{} = {value}", question.field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(answers: &str) -> (io::Result<String>, String) {
        let mut said = Vec::new();
        let text = workload(answers.as_bytes(), &mut said);
        (text, String::from_utf8_lossy(&said).into_owned())
    }

    #[test]
    fn answers_become_a_workload_and_what_cannot_be_is_asked_again() -> anyhow::Result<()> {
        let (text, said) = asked("Orders\n0\n3\n\n\nyes\n12\nno\n\n\n\n\n\n\n\n");
        let workload = Workload::parse("answers", &text?)?;
        assert_eq!((workload.title.as_str(), workload.steps), ("Orders", 3));
        assert!(workload.people && !workload.undo);
        assert!(
            said.contains("steps: expected 1 to 100000, found 0"),
            "{said}"
        );
        Ok(())
    }

    #[test]
    fn answers_that_end_are_an_error() {
        let ended = asked("Orders\n3\n").0.map_err(|error| error.kind());
        assert_eq!(ended, Err(io::ErrorKind::UnexpectedEof));
    }
}
