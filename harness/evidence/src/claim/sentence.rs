//! Sentences: a template whose blanks are filled from the data, and how figures are
//! written. The blanks are `{a}` and `{b}` (the side with its settings, the server's
//! version with Temporal), `{a.value}` and `{b.value}` (with interval and n), `{ratio}`
//! and `{embedded}` (what to bear in mind with every overhead figure).

use super::definition::{Claim, ClaimError, Rule, SideOf};
use super::rule::Decided;
use crate::document::{number, plural};
use crate::experiment::EMBEDDED_NOTE;
use crate::record::Environment;
use crate::stats::Ratio;

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
