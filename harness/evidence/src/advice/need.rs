//! What a workload can need, and what shows whether an engine has it: the embedded list.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The list.
const TEXT: &str = include_str!("../../advice/needs.toml");

/// The list of needs is wrong.
pub type NeedsError = toml::de::Error;

/// All that can be needed, and what an option costs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Needs {
    #[serde(rename = "need")]
    pub needs: Vec<Need>,
    pub cost: Cost,
    #[serde(rename = "price")]
    pub prices: Vec<Priced>,
}

/// One need.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Need {
    pub name: String,
    /// The workload's field that asks for it.
    pub when: String,
    /// What it is, of an option.
    pub asks: String,
    /// The claims that say more of it, each of the engine that decides about it.
    #[serde(default)]
    pub claims: Vec<String>,
    #[serde(default)]
    pub capability: Vec<Capability>,
    #[serde(default)]
    pub outcome: Vec<Counted>,
    #[serde(default)]
    pub invariant: Vec<Kept>,
    /// How fast an option is; what a workload asks for decides whether that is enough.
    pub rate: Option<Rate>,
}

/// A program of a pattern.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Capability {
    pub experiment: String,
    pub pattern: String,
}

/// A count that is 0 where all came out right.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counted {
    pub experiment: String,
    pub metric: String,
    pub settings: String,
    pub factors: BTreeMap<String, String>,
}

/// An invariant of the checker.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub name: String,
}

/// The most runs a second that end, and of how many steps they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rate {
    pub experiment: String,
    pub metric: String,
    pub settings: String,
    pub factors: BTreeMap<String, String>,
    pub steps: u32,
    /// The same, for sentences.
    pub of: String,
}

/// What is paid for by the piece.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Priced {
    /// The workload's field that has the price of one.
    pub field: String,
    pub experiment: String,
    /// How many there are of a run, by its number of steps.
    pub metric: String,
    pub settings: String,
    /// What they are, for sentences.
    pub are: String,
}

/// What an empty run costs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cost {
    pub experiment: String,
    /// The time of a run, by its number of steps.
    pub run: String,
    /// The time that a step adds.
    pub step: String,
    pub settings: String,
}

/// The list.
pub(super) fn all() -> Result<Needs, NeedsError> {
    toml::from_str(TEXT)
}
