//! Sentences: blanks, and how figures are written into them.

use std::collections::BTreeMap;

use super::definition::{Claim, Rule};
use super::nearest::nearest;
use super::read::{ClaimError, Source};

/// Figures that a sentence may have.
const MOST_FIGURES: usize = 2;

fn known(rule: &Rule) -> &'static [&'static str] {
    match rule {
        Rule::Bound { .. } => &["wrong", "bound"],
        Rule::Ratio { .. } | Rule::Ablation { .. } => &["a", "b", "ratio"],
        Rule::Below { .. } => &["a"],
        Rule::Difference { .. } => &["a", "b", "difference"],
        Rule::Capability { .. } => &["level"],
        Rule::Count { .. } => &["a", "b"],
        Rule::Conformance { .. } => &["passed", "bound"],
    }
}

fn blanks(sentence: &str) -> impl Iterator<Item = &str> {
    sentence
        .split('{')
        .skip(1)
        .map(|part| part.split('}').next().unwrap_or(part))
}

/// Refuses a sentence with a blank that the rule does not fill, with more than two figures,
/// without one, or with a number of its own.
pub(super) fn check_blanks(claim: &Claim, source: &Source<'_>) -> Result<(), ClaimError> {
    let known = known(&claim.text.rule);
    let sentence = &claim.text.sentence;
    for blank in blanks(sentence) {
        if !known.contains(&blank) {
            let hint = nearest(blank, known.iter().copied())
                .map(|name| format!("; did you mean {{{name}}}?"))
                .unwrap_or_default();
            let message = format!("sentence: unknown blank {{{blank}}}{hint}");
            return Err(source.refuse("sentence", message));
        }
    }
    let figures = blanks(sentence).count();
    if sentence.contains(|letter: char| letter.is_ascii_digit()) {
        let message = "sentence: expected no number but those filled in from measurements";
        return Err(source.refuse("sentence", message.to_owned()));
    }
    let message = match figures {
        0 => "sentence: expected one or two figures, found none".to_owned(),
        figures if figures > MOST_FIGURES => {
            format!("sentence: expected at most two figures, found {figures}")
        }
        _ => return Ok(()),
    };
    Err(source.refuse("sentence", message))
}

/// The sentence with its figures.
pub(super) fn fill(sentence: &str, figures: &BTreeMap<&'static str, String>) -> String {
    figures
        .iter()
        .fold(sentence.to_owned(), |text, (blank, figure)| {
            text.replace(&format!("{{{blank}}}"), figure)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled_wherever_they_stand() {
        let figures = BTreeMap::from([("a", "1 ms".to_owned()), ("ratio", "2".to_owned())]);
        assert_eq!(fill("{ratio} of {a}.", &figures), "2 of 1 ms.");
    }
}
