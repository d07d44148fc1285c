//! Answers of an engine to an operator's questions, and the user code that they took.
//!
//! Each engine answers by a program of its own in its folder. What in it has to know how the user's
//! program arranges things stands between two comments, `user code: ID, ID` and `end of user code`,
//! with the ids of the questions that need it.

use orchbench_evidence::experiment::observability::{Answer, Fact};

/// Begins a region of user code, behind the mark of a comment.
const BEGIN: &str = "user code: ";
const END: &str = "end of user code";

/// The answer to a question by a program whose text this is.
pub(super) fn by_program(text: &str, question: &str, facts: Option<Vec<Fact>>) -> Answer {
    Answer {
        question: question.to_owned(),
        user_code_lines: match facts {
            Some(_) => user_code_lines(text, question),
            None => 0,
        },
        facts,
    }
}

/// Lines of user code that a question takes, without blank lines and comments.
fn user_code_lines(text: &str, question: &str) -> u32 {
    let (mut lines, mut counts) = (0, false);
    for line in text.lines().map(str::trim) {
        let comment = ["//", "#"].iter().find_map(|mark| line.strip_prefix(mark));
        match comment.map(str::trim) {
            Some(END) => counts = false,
            Some(comment) => {
                if let Some(ids) = comment.strip_prefix(BEGIN) {
                    counts = ids.split(", ").any(|id| id == question);
                }
            }
            None => lines += u32::from(counts && !line.is_empty()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_between_the_marks_are_counted_for_the_questions_that_they_name() {
        let rust = "a();\n// user code: x, y\nb();\n\n  // why\n  c();\n// end of user code\nd();\n// user code: y\ne();\n// end of user code\n";
        let count = |question| user_code_lines(rust, question);
        assert_eq!([count("x"), count("y"), count("z")], [2, 3, 0]);
        let python = "# user code: x\na()\n# end of user code\nb()\n";
        assert_eq!(user_code_lines(python, "x"), 1);
        assert_eq!(by_program(python, "x", None), Answer::none("x"));
    }
}
