//! Answers of an engine to an operator's questions, and the user code that they took.
//!
//! Each engine answers by a program of its own in its folder. What in it has to know how the user's
//! program arranges things is marked there as user code ([`super::user_code`]), with the ids of the
//! questions that need it.

use super::user_code;
use orchbench_evidence::experiment::observability::{Answer, Fact};

/// The answer to a question by a program whose text this is.
pub(super) fn by_program(text: &str, question: &str, facts: Option<Vec<Fact>>) -> Answer {
    Answer {
        question: question.to_owned(),
        user_code_lines: match facts {
            Some(_) => user_code::lines(text, question),
            None => 0,
        },
        facts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_takes_the_lines_of_its_question_and_none_where_there_is_none() {
        let python = "# user code: x\na()\n# end of user code\nb()\n";
        let answer = by_program(python, "x", Some(Vec::new()));
        assert_eq!(answer.user_code_lines, 1);
        assert_eq!(by_program(python, "x", None), Answer::none("x"));
    }
}
