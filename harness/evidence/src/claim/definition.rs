//! Claims as they stand in their files.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::guidance::Phrase;

/// A prediction of the guidance and what decides it.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The file's name without its ending.
    pub name: String,
    /// The phrase that it tests.
    pub phrase: Phrase,
    /// What the file says.
    pub text: ClaimText,
}

/// A claim's file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimText {
    /// The phrase of the table that is tested, word for word.
    pub phrase: String,
    /// Position within the row.
    pub order: u32,
    /// What is asked, as a heading.
    pub title: String,
    /// What must be seen if the phrase is true: one sentence that can be false.
    pub prediction: String,
    /// What was seen: a sentence with one or two blanks for figures.
    pub sentence: String,
    /// Engines whose values are shown beside, under the conditions of the rule's first side;
    /// they decide nothing.
    #[serde(default)]
    pub beside: Vec<Beside>,
    /// What decides.
    pub rule: Rule,
}

/// What decides a claim.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// No more than a share of a side's trials is wrong, by the one-sided exact bound. A trial
    /// is wrong where one of its values is above 0, so a kill that hits four runs is one kill.
    Bound {
        /// The experiment.
        experiment: String,
        /// The metric, 0 or 1 a run.
        metric: String,
        /// The share, above 0 and below 1.
        at_most: f64,
        /// The side.
        side: SideOf,
    },
    /// The first side's values against the second's, in pairs of the same block.
    Ratio {
        /// The experiment.
        experiment: String,
        /// The metric.
        metric: String,
        /// What the ratio is predicted to be, beyond the equivalence margin.
        predicted: Predicted,
        /// What the ratio is compared with; 1 unless given.
        #[serde(default = "one")]
        limit: f64,
        /// The first side.
        a: SideOf,
        /// The second side.
        b: SideOf,
    },
    /// The side's values are below a limit, by more than the equivalence margin, over its blocks.
    Below {
        /// The experiment.
        experiment: String,
        /// The metric.
        metric: String,
        /// The limit, in the metric's own unit.
        limit: f64,
        /// The side.
        side: SideOf,
    },
    /// The first side's share of wrong trials is at most the second's and a margin
    /// (non-inferiority).
    Difference {
        /// The experiment.
        experiment: String,
        /// The metric, 0 or 1 a run.
        metric: String,
        /// The margin as a share, such as 0.05 for five points.
        margin: f64,
        /// The first side.
        a: SideOf,
        /// The second side.
        b: SideOf,
    },
    /// How an engine does a pattern, decided by programs that run.
    Capability {
        /// The experiment whose programs record the outcome.
        experiment: String,
        /// The pattern.
        pattern: String,
        /// The engine.
        engine: String,
        /// What is predicted.
        expects: Level,
    },
    /// The first side's counts against the second's, in total over what both have: figures without
    /// chance, such as lines of code.
    Count {
        /// The experiment.
        experiment: String,
        /// The metric.
        metric: String,
        /// The factor whose values both sides must have.
        over: String,
        /// What the first total is predicted to be.
        predicted: Predicted,
        /// The first side.
        a: SideOf,
        /// The second side.
        b: SideOf,
    },
    /// An invariant passes in every trial of a side, and in enough of them.
    Conformance {
        /// The experiment.
        experiment: String,
        /// The invariant.
        invariant: String,
        /// The share of violations that enough trials must exclude.
        at_most: f64,
        /// The side.
        side: SideOf,
    },
    /// One engine at two settings: what part of a figure is a setting. Never counted for a row.
    Ablation {
        /// The experiment.
        experiment: String,
        /// The metric.
        metric: String,
        /// What the ratio is predicted to be, beyond the equivalence margin.
        predicted: Predicted,
        /// The first setting.
        a: SideOf,
        /// The second setting.
        b: SideOf,
    },
}

fn one() -> f64 {
    1.0
}

/// What a ratio is predicted to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicted {
    /// The first side's values are smaller, by more than the margin.
    Lower,
    /// They are larger, by more than the margin.
    Higher,
    /// They are the same within the margin.
    Equivalent,
}

/// How an engine does a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// By a construct of its own.
    Native,
    /// By user code around it.
    Emulated,
    /// Not at all.
    Unsupported,
}

/// One side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideOf {
    /// The engine.
    pub engine: String,
    /// The settings.
    pub settings: String,
    /// True of an engine that has no other settings: it stands against default and tuned.
    #[serde(default)]
    pub single_setting: bool,
    /// The scenario.
    pub scenario: String,
    /// Factors and labels that single out the conditions; those not named are averaged within
    /// a block, over the conditions that both sides have.
    #[serde(default)]
    pub factors: BTreeMap<String, String>,
}

/// An engine that is shown beside.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// The engine.
    pub engine: String,
    /// The settings.
    pub settings: String,
}

impl Rule {
    /// The kind's name, as files say it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bound { .. } => "bound",
            Self::Ratio { .. } => "ratio",
            Self::Below { .. } => "below",
            Self::Difference { .. } => "difference",
            Self::Capability { .. } => "capability",
            Self::Count { .. } => "count",
            Self::Conformance { .. } => "conformance",
            Self::Ablation { .. } => "ablation",
        }
    }

    /// The experiment that measures it.
    pub fn experiment(&self) -> &str {
        match self {
            Self::Bound { experiment, .. }
            | Self::Ratio { experiment, .. }
            | Self::Below { experiment, .. }
            | Self::Difference { experiment, .. }
            | Self::Capability { experiment, .. }
            | Self::Count { experiment, .. }
            | Self::Conformance { experiment, .. }
            | Self::Ablation { experiment, .. } => experiment,
        }
    }

    /// The metric, of a rule that has one.
    pub fn metric(&self) -> Option<&str> {
        match self {
            Self::Bound { metric, .. }
            | Self::Ratio { metric, .. }
            | Self::Below { metric, .. }
            | Self::Difference { metric, .. }
            | Self::Count { metric, .. }
            | Self::Ablation { metric, .. } => Some(metric),
            Self::Capability { .. } | Self::Conformance { .. } => None,
        }
    }

    /// The sides, in order.
    pub fn sides(&self) -> Vec<&SideOf> {
        match self {
            Self::Bound { side, .. }
            | Self::Below { side, .. }
            | Self::Conformance { side, .. } => vec![side],
            Self::Ratio { a, b, .. }
            | Self::Difference { a, b, .. }
            | Self::Count { a, b, .. }
            | Self::Ablation { a, b, .. } => {
                vec![a, b]
            }
            Self::Capability { .. } => Vec::new(),
        }
    }

    /// The engines that decide.
    pub fn engines(&self) -> Vec<&str> {
        match self {
            Self::Capability { engine, .. } => vec![engine],
            _ => self
                .sides()
                .into_iter()
                .map(|side| side.engine.as_str())
                .collect(),
        }
    }

    /// Whether it explains a figure instead of testing a phrase.
    pub fn is_apart(&self) -> bool {
        matches!(self, Self::Ablation { .. })
    }
}
