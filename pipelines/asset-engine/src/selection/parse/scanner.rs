//! Characters and words, and errors that point at them.

use super::{Parser, SelectionError};

impl Parser {
    pub(super) fn word(&mut self) -> String {
        self.skip_space();
        self.run_of(is_word)
    }

    pub(super) fn run_of(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let rest = self.text[self.at..].iter();
        let run: String = rest.take_while(|found| wanted(**found)).collect();
        self.at += run.chars().count();
        run
    }

    pub(super) fn take_word(&mut self, wanted: &str) -> bool {
        let begins = self.at;
        let found = self.word().eq_ignore_ascii_case(wanted) && self.peek() != Some(':');
        if !found {
            self.at = begins;
        }
        found
    }

    pub(super) fn take_text(&mut self, wanted: &str) -> bool {
        self.skip_space();
        let found = self.text[self.at..].iter().copied();
        let found = found.take(wanted.len()).eq(wanted.chars());
        if found {
            self.at += wanted.chars().count();
        }
        found
    }

    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn peek(&mut self) -> Option<char> {
        self.skip_space();
        self.text.get(self.at).copied()
    }

    pub(super) fn skip_space(&mut self) {
        while self
            .text
            .get(self.at)
            .is_some_and(|found| found.is_whitespace())
        {
            self.at += 1;
        }
    }

    pub(super) fn expected(&mut self, what: &str) -> SelectionError {
        self.skip_space();
        self.expected_at(self.at, what)
    }

    pub(super) fn expected_at(&self, at: usize, what: &str) -> SelectionError {
        let word: String = self.text[at..]
            .iter()
            .copied()
            .take_while(|found| is_word(*found))
            .collect();
        let found = match self.text.get(at) {
            None => "the end".to_owned(),
            Some(_) if !word.is_empty() => format!("{word:?}"),
            Some(found) => format!("{found:?}"),
        };
        let one_line = |found: &char| if found.is_control() { ' ' } else { *found };
        SelectionError::Syntax {
            selection: self.text.iter().map(one_line).collect(),
            column: at + 1,
            expected: what.to_owned(),
            found,
        }
    }
}

pub(super) fn is_word(found: char) -> bool {
    found.is_ascii_alphanumeric() || matches!(found, '_' | '.' | '-' | '/')
}
