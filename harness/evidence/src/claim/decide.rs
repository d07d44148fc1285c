//! Deciding every claim from the results.

use super::definition::{Claim, ClaimError, all};
use super::rule::apply;
use super::sentence::fill;
use super::{NOT_MEASURED, Rule};
use crate::record::{ClaimRecord, Environment, Measurement, Plan, Verdict};

/// What claims are decided from.
pub struct Results<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The environment.
    pub environment: &'a Environment,
    /// The measurements.
    pub measurements: &'a [Measurement],
    /// The verdicts on the trials that count.
    pub verdicts: &'a [Verdict],
    /// Seed of the bootstraps.
    pub seed: u64,
}

/// Decides every claim, in the table's order. A claim whose sides were not both measured
/// says "not measured yet".
///
/// # Errors
/// When an embedded claim cannot be read.
pub fn decide(results: &Results<'_>) -> Result<Vec<ClaimRecord>, ClaimError> {
    Ok(all()?.iter().map(|claim| record(claim, results)).collect())
}

fn record(claim: &Claim, results: &Results<'_>) -> ClaimRecord {
    let unmeasured = |sentence: String| ClaimRecord {
        claim: claim.name.clone(),
        row: claim.row.clone(),
        decision: NOT_MEASURED.to_owned(),
        sentence,
        value: None,
        interval: None,
        evidence: Vec::new(),
    };
    if matches!(claim.rule, Rule::None {}) {
        return unmeasured(format!("Not measured yet: {}", claim.sentence));
    }
    match apply(&claim.rule, results) {
        None => unmeasured(format!(
            "Not measured yet: {} (these results lack one of the sides).",
            claim.title
        )),
        Some(decided) => ClaimRecord {
            claim: claim.name.clone(),
            row: claim.row.clone(),
            sentence: fill(claim, &decided, results.environment),
            decision: decided.decision,
            value: decided.value,
            interval: decided.interval,
            evidence: decided.evidence,
        },
    }
}
