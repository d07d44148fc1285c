//! Deciding every claim from the results: each by its rule, and then together within the row.

use std::collections::BTreeMap;

use super::definition::Claim;
use super::read::{ClaimError, all};
use super::rule::{Measured, measure};
use super::sentence::fill;
use crate::record::{ClaimRecord, ClaimVerdict, Environment, Measurement, Plan, Verdict};
use crate::stats::{HolmStep, LEVEL, holm};

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
    /// Experiments that decide nothing, by name, with the reason: those whose A/A arms, which
    /// are the same, are decided.
    pub undecidable: BTreeMap<String, String>,
}

/// What is known of a claim before the correction.
enum Found {
    /// Its rule gave a test.
    Tested(Measured),
    /// Its rule gave a test that may not decide: why.
    Withheld(Measured, String),
    /// The results lack something: what it takes.
    NotMeasured(String),
}

/// Decides every claim, in the table's order.
///
/// # Errors
/// When an embedded claim cannot be read.
pub fn decide(results: &Results<'_>) -> Result<Vec<ClaimRecord>, ClaimError> {
    Ok(together(all()?, results))
}

/// Decides claims, corrected by Holm within each row; ablations are a family of their own, as
/// they count for no row, and withheld ones are in none, as they are not tested.
fn together(claims: Vec<Claim>, results: &Results<'_>) -> Vec<ClaimRecord> {
    let found: Vec<(Claim, Found)> = claims
        .into_iter()
        .map(|claim| {
            let found = find(&claim, results);
            (claim, found)
        })
        .collect();
    let mut families: BTreeMap<Option<&str>, Vec<(usize, f64)>> = BTreeMap::new();
    for (index, (claim, found)) in found.iter().enumerate() {
        if let Found::Tested(measured) = found {
            let family = (!claim.text.rule.is_apart()).then_some(claim.phrase.row);
            let member = (index, measured.test.p());
            families.entry(family).or_default().push(member);
        }
    }
    let mut adjusted: BTreeMap<usize, (f64, HolmStep)> = BTreeMap::new();
    for members in families.values() {
        let p_values: Vec<f64> = members.iter().map(|(_, p)| *p).collect();
        let corrected = members.iter().zip(holm(&p_values));
        adjusted.extend(corrected.map(|((index, p), each)| (*index, (*p, each))));
    }
    found
        .into_iter()
        .enumerate()
        .map(|(index, (claim, found))| record(claim, found, adjusted.get(&index).copied()))
        .collect()
}

fn find(claim: &Claim, results: &Results<'_>) -> Found {
    match measure(claim, results) {
        Err(lacks) => Found::NotMeasured(lacks),
        Ok(measured) => match withheld(claim, results) {
            Some(why) => Found::Withheld(measured, why),
            None => Found::Tested(measured),
        },
    }
}

/// Why a claim may not be decided although it was measured.
fn withheld(claim: &Claim, results: &Results<'_>) -> Option<String> {
    let rule = &claim.text.rule;
    if let Some(reason) = results.undecidable.get(rule.experiment()) {
        return Some(format!("A/A arms that are not decided: {reason}"));
    }
    let sides = rule.sides();
    let several = sides
        .iter()
        .filter(|side| side.single_setting)
        .find(|side| {
            let mut trials = results.plan.trials.iter();
            trials.any(|trial| trial.engine == side.engine && trial.settings != side.settings)
        });
    several.map(|side| {
        format!(
            "a side with the same settings: {} has more than {} here",
            side.engine, side.settings
        )
    })
}

fn record(claim: Claim, found: Found, adjusted: Option<(f64, HolmStep)>) -> ClaimRecord {
    let mut record = ClaimRecord {
        row: claim.phrase.row.to_owned(),
        phrase: claim.phrase.words.to_owned(),
        side: claim.phrase.side,
        prediction: claim.text.prediction,
        kind: claim.text.rule.kind().to_owned(),
        apart: claim.text.rule.is_apart(),
        claim: claim.name,
        verdict: ClaimVerdict::NotMeasured,
        sentence: String::new(),
        value: None,
        p: None,
        p_adjusted: None,
        interval_adjusted: None,
        effect: None,
        values: Vec::new(),
        evidence: Vec::new(),
        needs: None,
    };
    let (mut measured, why) = match found {
        Found::NotMeasured(lacks) => {
            record.sentence = format!("Not measured; it takes {lacks}.");
            record.needs = Some(lacks);
            return record;
        }
        Found::Withheld(measured, why) => (measured, Some(why)),
        Found::Tested(measured) => (measured, None),
    };
    let level = adjusted.map_or(LEVEL, |(_, adjusted)| adjusted.level);
    measured.figures.extend(measured.test.figure_at(level));
    record.sentence = fill(&claim.text.sentence, &measured.figures);
    record.value = measured.test.value();
    if let Some((p, adjusted)) = adjusted {
        record.p = Some(p);
        record.p_adjusted = Some(adjusted.adjusted_p);
        record.interval_adjusted = measured.test.interval_at(adjusted.level);
        record.effect = measured
            .test
            .effect()
            .map(|effect| effect.word().to_owned());
        record.verdict = match adjusted.decided() {
            true => measured.test.verdict_at(adjusted.level),
            false => ClaimVerdict::Undecided,
        };
        if record.verdict == ClaimVerdict::Undecided {
            record.needs = Some(measured.test.needs(adjusted.level));
        }
    } else {
        record.verdict = ClaimVerdict::Undecided;
        record.needs = why;
    }
    record.values = measured.values;
    record.evidence = measured.evidence;
    record
}

#[cfg(test)]
mod tests;
