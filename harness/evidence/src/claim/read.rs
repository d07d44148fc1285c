//! Reading claims: which files there are, and why one is refused.

use include_dir::{Dir, include_dir};
use thiserror::Error;

use super::definition::{Claim, ClaimText};
use super::fairness::check;
use super::guidance::{GUIDANCE, phrase, phrases};
use super::nearest::{hint, nearest};

/// The folder `claims/` as it was when the crate was built.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/claims");

/// Why a claim's file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("claims/{name}.toml:{line}: {message}")]
pub struct ClaimError {
    /// The file's name without ending.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// What was expected and what was found, with the nearest known name.
    pub message: String,
}

/// A file in the reading.
pub(super) struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl Source<'_> {
    /// A refusal at the first line that says `words`, in the rule before elsewhere, as an engine
    /// may stand beside too; at line 1 where none does.
    pub fn refuse(&self, words: &str, message: String) -> ClaimError {
        let lines = || self.text.lines();
        let rule = lines()
            .position(|line| line.starts_with("[rule"))
            .unwrap_or(0);
        let in_rule = lines().skip(rule).position(|line| line.contains(words));
        let at = in_rule
            .map(|index| rule + index)
            .or_else(|| lines().position(|line| line.contains(words)));
        ClaimError {
            name: self.name.to_owned(),
            line: at.map_or(1, |index| index + 1),
            message,
        }
    }

    /// A refusal of a name that is not known, with the nearest that is.
    pub fn unknown<'a>(
        &self,
        what: &str,
        found: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> ClaimError {
        let hint = nearest(found, known)
            .map(|name| format!("; did you mean {name:?}?"))
            .unwrap_or_default();
        self.refuse(
            &format!("\"{found}\""),
            format!("{what}: unknown name {found:?}{hint}"),
        )
    }

    fn malformed(&self, error: &toml::de::Error) -> ClaimError {
        let message = error.message();
        let hint = hint(message);
        let found = message.split('`').nth(1).unwrap_or_default();
        // The span is that of the whole table where the key stands in a rule.
        let key_line = (!hint.is_empty())
            .then(|| self.text.lines().position(|line| line.contains(found)))
            .flatten();
        let span_line = error
            .span()
            .map(|span| self.text[..span.start].matches('\n').count());
        ClaimError {
            name: self.name.to_owned(),
            line: key_line.or(span_line).map_or(1, |index| index + 1),
            message: format!("{message}{hint}"),
        }
    }
}

/// All claims, by the table's rows and their order within a row.
///
/// # Errors
/// When an embedded file is no claim, or one that cannot be fair or false; the tests exclude
/// that.
pub fn all() -> Result<Vec<Claim>, ClaimError> {
    let files = FILES.files().filter_map(|file| {
        let name = file.path().file_name()?.to_str()?.strip_suffix(".toml")?;
        Some((name, file.contents_utf8()?))
    });
    let mut claims: Vec<Claim> = files
        .map(|(name, text)| parse(name, text))
        .collect::<Result<_, _>>()?;
    claims.sort_by_key(|claim| {
        (
            GUIDANCE.iter().position(|row| row.name == claim.phrase.row),
            claim.text.order,
            claim.name.clone(),
        )
    });
    Ok(claims)
}

/// A claim from the text of its file.
pub(super) fn parse(name: &str, text: &str) -> Result<Claim, ClaimError> {
    let source = Source { name, text };
    let read: ClaimText = toml::from_str(text).map_err(|error| source.malformed(&error))?;
    let Some(phrase) = phrase(&read.phrase) else {
        let known = phrases().map(|phrase| phrase.words);
        return Err(source.unknown("phrase", &read.phrase, known));
    };
    let claim = Claim {
        name: name.to_owned(),
        phrase,
        text: read,
    };
    check(&claim, &source)?;
    Ok(claim)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What Holm's correction is made for.
    const MOST_DECIDED_A_ROW: usize = 9;

    #[test]
    fn every_phrase_has_a_claim_of_its_own() -> anyhow::Result<()> {
        let claims = all()?;
        for phrase in phrases() {
            let counts = |claim: &&Claim| claim.phrase == phrase && !claim.text.rule.is_apart();
            anyhow::ensure!(claims.iter().any(|claim| counts(&claim)), "{phrase:?}");
        }
        Ok(())
    }

    #[test]
    fn a_row_decides_at_most_nine_claims_and_orders_do_not_collide() -> anyhow::Result<()> {
        let mut decided: BTreeMap<&str, usize> = BTreeMap::new();
        let mut orders = std::collections::BTreeSet::new();
        for claim in all()? {
            let rule = &claim.text.rule;
            *decided.entry(claim.phrase.row).or_default() += usize::from(!rule.is_apart());
            anyhow::ensure!(
                orders.insert((claim.phrase.row, claim.text.order)),
                "{}: order {} stands twice",
                claim.name,
                claim.text.order
            );
        }
        for (row, count) in decided {
            anyhow::ensure!(count <= MOST_DECIDED_A_ROW, "{row}: {count}");
        }
        Ok(())
    }

    #[test]
    fn every_file_of_the_folder_is_a_claim() -> anyhow::Result<()> {
        anyhow::ensure!(all()?.len() == FILES.files().count());
        Ok(())
    }

    #[test]
    fn unknown_keys_kinds_and_phrases_are_refused_with_line_and_nearest_name() {
        let good = "phrase = \"asset-based\"\norder = 1\ntitle = \"t\"\nprediction = \"p.\"\nsentence = \"It is {level}.\"\n[rule]\nkind = \"capability\"\nexperiment = \"saga\"\npattern = \"saga\"\nengine = \"dagster\"\nexpects = \"emulated\"\n";
        assert!(parse("c", good).is_ok());
        let refused = |from: &str, to: &str| {
            parse("c", &good.replace(from, to))
                .map_or_else(|error| error.to_string(), |_| String::new())
        };
        assert_eq!(
            refused("asset-based", "asset-bsed"),
            "claims/c.toml:1: phrase: unknown name \"asset-bsed\"; did you mean \"asset-based\"?"
        );
        let message = refused("title", "titel");
        assert!(
            message.starts_with("claims/c.toml:3: ")
                && message.ends_with("did you mean \"title\"?"),
            "{message}"
        );
        let message = refused("\"capability\"", "\"capabilty\"");
        assert!(
            message.starts_with("claims/c.toml:7: ")
                && message.ends_with("did you mean \"capability\"?"),
            "{message}"
        );
        let message = refused("experiment", "expriment");
        assert!(
            message.starts_with("claims/c.toml:8: ")
                && message.ends_with("did you mean \"experiment\"?"),
            "{message}"
        );
        let message = refused("order = 1", "order = ");
        assert!(message.starts_with("claims/c.toml:2: "), "{message}");
    }
}
