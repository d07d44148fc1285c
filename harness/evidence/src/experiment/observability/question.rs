//! The questions: data, in one file.

use std::sync::LazyLock;

use serde::Deserialize;

/// A question of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What an engine's program answers by, unique.
    pub id: String,
    /// What it is about.
    pub about: About,
    /// When it is asked.
    pub when: When,
    /// The question, one sentence.
    pub text: String,
    /// What the right answer is taken from.
    pub right: String,
    /// Capabilities that stand and fall with the answer.
    #[serde(default)]
    pub patterns: Vec<String>,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// What ran, and what became of it.
    Executions,
    /// What was made, of what, and what of it holds.
    Data,
}

impl About {
    /// As files and factors say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Executions => "executions",
            Self::Data => "data",
        }
    }
}

/// When a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// While a step of the run waits.
    Held,
    /// When the run is over.
    Ended,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    question: Vec<Question>,
}

/// All questions, in the order in which they are asked.
pub fn questions() -> &'static [Question] {
    static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
        let file: Result<File, _> = toml::from_str(include_str!("questions.toml"));
        // A test reads the file: what is embedded can be read.
        file.map(|file| file.question).unwrap_or_default()
    });
    &QUESTIONS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_seven_questions_at_least_about_each_and_ids_are_unique() {
        let count = |about| {
            questions()
                .iter()
                .filter(|each| each.about == about)
                .count()
        };
        assert!(count(About::Executions) >= 7, "{}", questions().len());
        assert!(count(About::Data) >= 7, "{}", questions().len());
        let ids: BTreeSet<&str> = questions().iter().map(|each| each.id.as_str()).collect();
        assert_eq!(ids.len(), questions().len());
    }
}
