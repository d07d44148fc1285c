//! The rules: ratio, count, conformance.

use super::decide::Results;
use super::select::{Selected, pairs, trials};
use super::sentence::ratio_text;
use super::{Better, EQUIVALENT, Rule, SideOf, UNDECIDED};
use crate::document::{estimate_text, number, plural, unit_of};
use crate::record::{Interval, Outcome};
use crate::stats::{LEVEL, Side, clopper_pearson, paired_ratio, rule_of_three};

/// What a rule found.
pub(super) struct Decided {
    pub decision: String,
    pub value: Option<f64>,
    pub interval: Option<Interval>,
    pub evidence: Vec<String>,
    /// What fills `{a.value}`, `{b.value}` and `{ratio}`.
    pub values: [String; 3],
    /// The sentence's last part: what is decided, and why not.
    pub verdict: String,
}

/// Applies a rule; `None` when one of its sides was not measured.
pub(super) fn apply(rule: &Rule, results: &Results<'_>) -> Option<Decided> {
    match rule {
        Rule::Ratio {
            experiment,
            metric,
            better,
            a,
            b,
        } => ratio(results, experiment, metric, *better, [a, b]),
        Rule::Count {
            experiment,
            metric,
            cases,
            a,
            b,
        } => count(results, experiment, metric, cases, [a, b]),
        Rule::Conformance {
            experiment,
            invariant,
            a,
            b,
        } => conformance(results, experiment, invariant, [a, b]),
        Rule::None {} => None,
    }
}

/// How a decision names a side: by its engine, or with its settings where an engine is
/// compared with itself.
fn name(side: &SideOf, other: &SideOf) -> String {
    if side.engine == other.engine {
        format!("{}/{}", side.engine, side.settings)
    } else {
        side.engine.clone()
    }
}

fn ratio(
    results: &Results<'_>,
    experiment: &str,
    metric: &str,
    better: Better,
    sides: [&SideOf; 2],
) -> Option<Decided> {
    let [a, b] = sides.map(|side| Selected::of(results.measurements, experiment, metric, side));
    let ratio = paired_ratio(&pairs(&a, &b, sides), results.seed)?;
    let better_side = match (ratio.larger(), better) {
        (Side::A, Better::Higher) | (Side::B, Better::Lower) => Some(0),
        (Side::B, Better::Higher) | (Side::A, Better::Lower) => Some(1),
        (Side::Neither | Side::Undecided, _) => None,
    };
    let decision = match better_side {
        Some(index) => name(sides[index], sides[1 - index]),
        None if ratio.larger() == Side::Neither => EQUIVALENT.to_owned(),
        None => UNDECIDED.to_owned(),
    };
    let verdict = match better_side {
        Some(_) => format!(
            "Decided for {decision}: the whole interval is outside ±5 %; effect size A = {:.2}.",
            ratio.superiority
        ),
        None if ratio.larger() == Side::Neither => "No difference beyond ±5 %.".to_owned(),
        None if ratio.interval.is_none() => {
            format!(
                "Undecided: {} gives no interval.",
                plural(ratio.pairs, "pair")
            )
        }
        None => "Undecided: the interval overlaps ±5 %.".to_owned(),
    };
    let text = |side: &Selected<'_>| estimate_text(&side.estimate(results.seed), unit_of(metric));
    Some(Decided {
        decision,
        value: Some(ratio.value),
        interval: ratio.interval,
        values: [text(&a), text(&b), ratio_text(&ratio)],
        evidence: [a.ids(), b.ids()].concat(),
        verdict,
    })
}

fn count(
    results: &Results<'_>,
    experiment: &str,
    metric: &str,
    cases: &str,
    sides: [&SideOf; 2],
) -> Option<Decided> {
    let [a, b] = sides.map(|side| Selected::of(results.measurements, experiment, metric, side));
    let counted = |side: &Selected<'_>| {
        let values = side.values();
        let k = values.iter().filter(|value| **value > 0.0).count();
        let (low, high) = clopper_pearson(k, values.len(), LEVEL)?;
        let bound = match rule_of_three(values.len()).filter(|_| k == 0) {
            Some(bound) => format!(
                "so at most {} at 95 % by the rule of three, for kills like these",
                percent(bound)
            ),
            None => format!("[{}, {}] at 95 %", percent(low), percent(high)),
        };
        Some((
            low,
            high,
            format!("{k} of {} {cases} ({bound})", values.len()),
            k,
            values.len(),
        ))
    };
    let (a_low, a_high, a_text, a_k, a_n) = counted(&a)?;
    let (b_low, b_high, b_text, b_k, b_n) = counted(&b)?;
    let (decision, verdict) = if a_high < b_low {
        (
            name(sides[0], sides[1]),
            "The exact intervals do not overlap.".to_owned(),
        )
    } else if b_high < a_low {
        (
            name(sides[1], sides[0]),
            "The exact intervals do not overlap.".to_owned(),
        )
    } else {
        let why = "Undecided: the exact intervals overlap.".to_owned();
        (UNDECIDED.to_owned(), why)
    };
    let verdict = match decision.as_str() {
        UNDECIDED => verdict,
        _ => format!("Decided for {decision}: {}", verdict.to_lowercase()),
    };
    let (rate_a, rate_b) = (a_k as f64 / a_n as f64, b_k as f64 / b_n as f64);
    Some(Decided {
        decision,
        value: Some(rate_a - rate_b),
        interval: None,
        evidence: [a.ids(), b.ids()].concat(),
        values: [
            a_text,
            b_text,
            format!("{} against {}", percent(rate_a), percent(rate_b)),
        ],
        verdict,
    })
}

fn conformance(
    results: &Results<'_>,
    experiment: &str,
    invariant: &str,
    sides: [&SideOf; 2],
) -> Option<Decided> {
    let counted = |side: &SideOf| {
        let ids = trials(results.plan, experiment, side);
        let of = |outcome: Outcome| {
            results
                .verdicts
                .iter()
                .filter(|verdict| verdict.invariant == invariant && verdict.outcome == outcome)
                .filter(|verdict| ids.contains(&verdict.trial.as_str()))
                .count()
        };
        let counts = [of(Outcome::Pass), of(Outcome::Fail), of(Outcome::Unknown)];
        (counts.iter().sum::<usize>() > 0).then_some(counts)
    };
    let (a, b) = (counted(sides[0])?, counted(sides[1])?);
    let text = |[pass, fail, unknown]: [usize; 3]| {
        let total = pass + fail + unknown;
        let unknown = if unknown > 0 {
            format!(", {unknown} unknown")
        } else {
            String::new()
        };
        format!(
            "{pass} of {} as the policy says{unknown}",
            plural(total, "trial")
        )
    };
    let (decision, verdict) = match (a, b) {
        ([_, 0, 0], [_, 0, 0]) => (
            EQUIVALENT.to_owned(),
            "Both did what the policy says.".to_owned(),
        ),
        ([_, 0, 0], [_, fail, _]) if fail > 0 => {
            let better = name(sides[0], sides[1]);
            (better.clone(), format!("Decided for {better}."))
        }
        ([_, fail, _], [_, 0, 0]) if fail > 0 => {
            let better = name(sides[1], sides[0]);
            (better.clone(), format!("Decided for {better}."))
        }
        _ => (
            UNDECIDED.to_owned(),
            "Undecided: neither side is clean.".to_owned(),
        ),
    };
    let evidence = sides.map(|side| {
        format!(
            "verdicts/{invariant}/{}/{}/scenario={}",
            side.engine, side.settings, side.scenario
        )
    });
    Some(Decided {
        decision,
        value: None,
        interval: None,
        evidence: evidence.to_vec(),
        values: [text(a), text(b), String::new()],
        verdict,
    })
}

fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}
