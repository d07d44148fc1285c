//! The rules: each turns what was measured into a test, which knows its p-value and, at any
//! level, its interval, its verdict and what would decide it.
//!
//! A rule reads its sides and nothing else; what Holm's correction makes of its p-value is
//! [`super::decide`]'s.

mod below;
mod bound;
mod capability;
mod conformance;
mod count;
mod difference;
mod ratio;

use std::collections::BTreeMap;

use super::decide::Results;
use super::definition::{Claim, Rule, SideOf};
use crate::document::number;
use crate::record::{ClaimVerdict, EngineValue, Interval};
use crate::stats::Effect;

/// What a rule tests.
pub(super) trait Test {
    /// The figure that decides; `None` where the rule observes instead of estimating.
    fn value(&self) -> Option<f64> {
        None
    }
    /// The smallest level of error at which the rule decides, 1 where it never does.
    fn p(&self) -> f64;
    /// How large the effect is; `None` where the rule compares no values of two sides.
    fn effect(&self) -> Option<Effect> {
        None
    }
    /// The interval of the value at a level, `None` where there is none.
    fn interval_at(&self, _level: f64) -> Option<Interval> {
        None
    }
    /// The blank of the figure that decides, and that figure with its interval at a level;
    /// `None` where the rule has no such blank.
    fn figure_at(&self, _level: f64) -> Option<(&'static str, String)> {
        None
    }
    /// What the rule says at a level: supported, contradicted or undecided.
    fn verdict_at(&self, level: f64) -> ClaimVerdict;
    /// What would decide at a level what is undecided.
    fn needs(&self, level: f64) -> String;
}

/// What a rule found.
pub(super) struct Measured {
    pub test: Box<dyn Test>,
    /// What fills the sentence's blanks, besides the figure that decides.
    pub figures: BTreeMap<&'static str, String>,
    pub values: Vec<EngineValue>,
    pub evidence: Vec<String>,
}

/// Applies a claim's rule.
///
/// # Errors
/// What it takes, as the end of "not measured; it takes …".
pub(super) fn measure(claim: &Claim, results: &Results<'_>) -> Result<Measured, String> {
    match &claim.text.rule {
        Rule::Bound { .. } => bound::measure(claim, results),
        Rule::Ratio { .. } | Rule::Ablation { .. } => ratio::measure(claim, results),
        Rule::Below { .. } => below::measure(claim, results),
        Rule::Difference { .. } => difference::measure(claim, results),
        Rule::Capability { .. } => capability::measure(claim, results),
        Rule::Count { .. } => count::measure(claim, results),
        Rule::Conformance { .. } => conformance::measure(claim, results),
    }
}

/// The engines shown beside as sides, under the conditions of the rule's first one.
fn beside(claim: &Claim) -> Vec<SideOf> {
    let Some(first) = claim.text.rule.sides().first().copied() else {
        return Vec::new();
    };
    let others = claim.text.beside.iter();
    others
        .map(|other| SideOf {
            engine: other.engine.clone(),
            settings: other.settings.clone(),
            ..first.clone()
        })
        .collect()
}

/// What it takes of a side that was not measured.
fn lacking(rule: &Rule, side: &SideOf, results: &Results<'_>) -> String {
    if let Some(reason) = results.environment.unreachable.get(&side.engine) {
        return format!("{}, which could not be reached: {reason}", side.engine);
    }
    format!(
        "trials of {} ({}) in scenario `{}` of `{}` that count",
        side.engine,
        side.settings,
        side.scenario,
        rule.experiment()
    )
}

fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}
