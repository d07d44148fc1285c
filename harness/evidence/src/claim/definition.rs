//! Claims as they stand in their files.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::guidance::GUIDANCE;

/// A sentence of the guidance and what decides it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// The row of the when-to-use table.
    pub row: String,
    /// Position within the row.
    pub order: u32,
    /// What is asked, as a heading.
    pub title: String,
    /// The sentence with its blanks, see [`super::sentence`]; for a claim without
    /// experiment, what is missing.
    pub sentence: String,
    /// What decides.
    pub rule: Rule,
}

/// What decides a claim.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// The interval of a paired ratio lies outside the margin.
    Ratio {
        /// The experiment.
        experiment: String,
        /// The metric.
        metric: String,
        /// Which values are better.
        better: Better,
        /// The first side.
        a: SideOf,
        /// The second side.
        b: SideOf,
    },
    /// The exact intervals of two failure rates do not overlap. The metric is 1 or 0 a
    /// trial or run; fewer is better.
    Count {
        /// The experiment.
        experiment: String,
        /// The metric.
        metric: String,
        /// What a case is, in the plural: `runs wrong`.
        cases: String,
        /// The first side.
        a: SideOf,
        /// The second side.
        b: SideOf,
    },
    /// An invariant holds in every trial of one side and is broken in some of the other's.
    Conformance {
        /// The experiment.
        experiment: String,
        /// The invariant.
        invariant: String,
        /// The first side.
        a: SideOf,
        /// The second side.
        b: SideOf,
    },
    /// No experiment yet.
    None {},
}

/// Which values are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Smaller ones.
    Lower,
    /// Larger ones.
    Higher,
}

/// One side of a comparison.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideOf {
    /// The engine.
    pub engine: String,
    /// The settings.
    pub settings: String,
    /// The scenario.
    pub scenario: String,
    /// Factors and labels that single out the conditions; those not named are pooled, and
    /// paired with the same ones of the other side.
    #[serde(default)]
    pub factors: BTreeMap<String, String>,
}

/// Why a claim's file cannot be used.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// It is not a claim.
    #[error("claims/{name}.toml: {message}")]
    Malformed {
        /// The file's name without ending.
        name: String,
        /// What was expected and found, with the line.
        message: String,
    },
    /// It names a row that the table does not have.
    #[error("claims/{name}.toml: row: expected one of {}, found {row:?}", rows().join(", "))]
    UnknownRow {
        /// The file's name without ending.
        name: String,
        /// The row.
        row: String,
    },
    /// Its sentence has a blank that nothing fills.
    #[error("claims/{name}.toml: sentence: expected one of {}, found {{{blank}}}", known.join(", "))]
    UnknownBlank {
        /// The file's name without ending.
        name: String,
        /// The blank.
        blank: String,
        /// The blanks that the rule fills.
        known: Vec<String>,
    },
}

fn rows() -> Vec<&'static str> {
    GUIDANCE.iter().map(|row| row.name).collect()
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../claims/", $name, ".toml")))),*]
    };
}

/// The embedded claims, in alphabetical order.
const EMBEDDED: [(&str, &str); 18] = embedded![
    "floor-poll",
    "floor-sticky",
    "floor-timer",
    "human-in-the-loop",
    "observability",
    "partitions-per-second",
    "policy-conformance",
    "recovery-supervised",
    "recovery-unsupervised",
    "retry-cost",
    "retry-gap",
    "rule-of-thumb",
    "run-start",
    "runs-per-second",
    "runs-right",
    "saga",
    "step-cost-default",
    "step-cost-tuned",
];

/// All claims, by the table's rows and their order within a row.
///
/// # Errors
/// When an embedded file is no claim, which the tests exclude.
pub fn all() -> Result<Vec<Claim>, ClaimError> {
    let mut claims: Vec<Claim> = EMBEDDED
        .iter()
        .map(|(name, text)| parse(name, text))
        .collect::<Result<_, _>>()?;
    claims.sort_by_key(|claim| {
        (
            GUIDANCE.iter().position(|row| row.name == claim.row),
            claim.order,
            claim.name.clone(),
        )
    });
    Ok(claims)
}

fn parse(name: &str, text: &str) -> Result<Claim, ClaimError> {
    let claim: Claim = toml::from_str(text).map_err(|error| ClaimError::Malformed {
        name: name.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })?;
    if !rows().contains(&claim.row.as_str()) {
        return Err(ClaimError::UnknownRow {
            name: name.to_owned(),
            row: claim.row,
        });
    }
    let claim = Claim {
        name: name.to_owned(),
        ..claim
    };
    super::sentence::check_blanks(&claim)?;
    Ok(claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_claim_and_the_registry_is_sorted() -> anyhow::Result<()> {
        let claims = all()?;
        for row in GUIDANCE {
            anyhow::ensure!(
                claims.iter().any(|claim| claim.row == row.name),
                "{}",
                row.name
            );
        }
        anyhow::ensure!(EMBEDDED.is_sorted_by_key(|(name, _)| *name));
        Ok(())
    }

    #[test]
    fn no_sentence_speaks_of_an_engine_that_was_not_measured() -> anyhow::Result<()> {
        for claim in all()? {
            anyhow::ensure!(!claim.sentence.contains("Dagster"), "{}", claim.name);
        }
        Ok(())
    }

    #[test]
    fn unknown_keys_rows_and_blanks_are_refused() {
        let text = |row: &str, sentence: &str, more: &str| {
            format!(
                "row = \"{row}\"\norder = 1\ntitle = \"t\"\nsentence = \"{sentence}\"\n{more}\n[rule]\nkind = \"none\"\n"
            )
        };
        assert!(parse("c", &text("Core model", "s", "")).is_ok());
        let message =
            |text: &str| parse("c", text).map_or_else(|error| error.to_string(), |_| String::new());
        assert!(message(&text("Core model", "s", "colour = 1")).contains("colour"));
        assert!(message(&text("Core", "s", "")).contains("expected one of Core model"));
        assert!(message(&text("Core model", "{winner}", "")).contains("{winner}"));
    }
}
