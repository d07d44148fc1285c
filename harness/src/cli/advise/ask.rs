//! The questionnaire: a workload from answers, a line each.

use std::io::{self, BufRead, Write};

use orchbench_evidence::advice::{FIELDS, Field, Holds, Workload, WorkloadError};

/// Asks for each field until it can be, and gives the workload's text. An empty line stands for what is
/// shown in brackets.
///
/// # Errors
/// When nothing can be read or written; [`io::ErrorKind::UnexpectedEof`] when the answers end.
pub(super) fn workload(mut answers: impl BufRead, mut say: impl Write) -> io::Result<String> {
    let mut text: Vec<String> = FIELDS.iter().map(|field| line(field, "")).collect();
    for (at, field) in FIELDS.iter().enumerate() {
        loop {
            write!(say, "{} [{}]: ", field.asks, field.otherwise)?;
            say.flush()?;
            let mut answer = String::new();
            if answers.read_line(&mut answer)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            text[at] = line(field, answer.trim());
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
fn line(field: &Field, answer: &str) -> String {
    let value = match (answer, field.holds) {
        ("", _) => field.otherwise.to_owned(),
        (words, Holds::Words) => format!("{words:?}"),
        ("yes" | "y", _) => "true".to_owned(),
        ("no" | "n", _) => "false".to_owned(),
        (value, _) => value.to_owned(),
    };
    format!("{} = {value}", field.name)
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
        let (text, said) = asked(&format!(
            "Orders\n0\n3\n\n\n\n\n\nyes\n12\nno\n{}",
            "\n".repeat(9)
        ));
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
