//! Sentences: a template whose blanks are filled from the data, and how figures are
//! written. The blanks are `{a}` and `{b}` (the side with its settings, the server's
//! version with Temporal), `{a.value}` and `{b.value}` (with interval and n), `{ratio}`
//! and `{embedded}` (what to bear in mind with every overhead figure).

use super::definition::{Claim, ClaimError, Rule, SideOf};
use super::rule::{Decided, plural};
use crate::record::{Environment, Estimate};
use crate::stats::Ratio;

/// What stands beside every figure that compares the two engines' cost.
pub(crate) const EMBEDDED_NOTE: &str = "The asset engine is a library inside the worker's process, Temporal a server reached over the network.";

fn blanks(rule: &Rule) -> &'static [&'static str] {
    match rule {
        Rule::Ratio { .. } | Rule::Count { .. } => {
            &["a", "b", "a.value", "b.value", "ratio", "embedded"]
        }
        Rule::Conformance { .. } => &["a", "b", "a.value", "b.value", "embedded"],
        Rule::None {} => &[],
    }
}

/// Refuses a sentence with a blank that the rule does not fill.
pub(super) fn check_blanks(claim: &Claim) -> Result<(), ClaimError> {
    let known = blanks(&claim.rule);
    for part in claim.sentence.split('{').skip(1) {
        let blank = part.split('}').next().unwrap_or(part);
        if !known.contains(&blank) {
            return Err(ClaimError::UnknownBlank {
                name: claim.name.clone(),
                blank: blank.to_owned(),
                known: known.iter().map(|blank| format!("{{{blank}}}")).collect(),
            });
        }
    }
    Ok(())
}

/// The sentence of a decided claim.
pub(super) fn fill(claim: &Claim, decided: &Decided, environment: &Environment) -> String {
    let sides = match &claim.rule {
        Rule::Ratio { a, b, .. } | Rule::Count { a, b, .. } | Rule::Conformance { a, b, .. } => {
            [a, b]
        }
        Rule::None {} => return claim.sentence.clone(),
    };
    let [a, b] = sides.map(|side| side_text(side, environment));
    let [a_value, b_value, ratio] = &decided.values;
    let text = claim
        .sentence
        .replace("{a.value}", a_value)
        .replace("{b.value}", b_value)
        .replace("{ratio}", ratio)
        .replace("{embedded}", EMBEDDED_NOTE)
        .replace("{a}", &a)
        .replace("{b}", &b);
    format!("{text} {}", decided.verdict)
}

fn side_text(side: &SideOf, environment: &Environment) -> String {
    match side.engine.as_str() {
        "temporal" => {
            let server = environment.server.as_ref().map_or_else(
                || "server not recorded".to_owned(),
                |server| format!("{}, {}", server.version, server.store),
            );
            format!("Temporal ({server}; {} settings)", side.settings)
        }
        "asset-engine" => format!("the asset engine ({} settings)", side.settings),
        "direct" => "plain calls".to_owned(),
        other => format!("{other} ({} settings)", side.settings),
    }
}

/// `4.1 ms [3.9, 4.4], n = 3 trials`, or without interval why there is none.
pub fn estimate_text(estimate: &Estimate, unit: &str) -> String {
    let value = number(estimate.value);
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    };
    let trials = plural(estimate.trials, "trial");
    match estimate.interval {
        Some(interval) => format!(
            "{value}{unit} [{}, {}], n = {trials}",
            number(interval.low),
            number(interval.high)
        ),
        None => format!("{value}{unit} (no interval, n = {trials})"),
    }
}

/// `0.24 [0.21, 0.28] over 3 pairs`.
pub(super) fn ratio_text(ratio: &Ratio) -> String {
    let pairs = plural(ratio.pairs, "pair");
    match ratio.interval {
        Some(interval) => format!(
            "{} [{}, {}] over {pairs}",
            number(ratio.value),
            number(interval.low),
            number(interval.high)
        ),
        None => format!("{} (no interval) over {pairs}", number(ratio.value)),
    }
}

/// The unit that a metric's name ends in, as it is printed.
pub(crate) fn unit_of(metric: &str) -> &'static str {
    if metric.ends_with("partitions_per_s") {
        "partitions/s"
    } else if metric.ends_with("runs_per_s") {
        "runs/s"
    } else if metric.ends_with("_ms") {
        "ms"
    } else {
        ""
    }
}

/// A number at three significant digits, without exponent up to a billion.
pub fn number(value: f64) -> String {
    // What rounding of binary fractions leaves of a zero is a zero.
    if value.abs() < 1e-12 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    let decimals = (2.0 - magnitude).clamp(0.0, 9.0) as usize;
    let rounded = if magnitude > 2.0 {
        let unit = 10f64.powf(magnitude - 2.0);
        (value / unit).round() * unit
    } else {
        value
    };
    let text = format!("{rounded:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let written = [
            0.0,
            0.000_123_4,
            0.0456,
            1.0,
            1.239,
            12.34,
            123.4,
            1234.0,
            98_765.4,
            -3.456,
        ]
        .map(number);
        assert_eq!(
            written,
            [
                "0", "0.000123", "0.0456", "1", "1.24", "12.3", "123", "1230", "98800", "-3.46"
            ]
        );
    }
}
