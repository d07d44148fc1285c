//! What a claim must keep to, checked when it is read: names that exist, sides that may be
//! compared, an engine that may decide, and a rule that can come out either way.

use super::definition::{Claim, Rule, SideOf};
use super::guidance::DECIDERS;
use super::read::{ClaimError, Source};
use super::sentence::check_blanks;
use crate::experiment;

/// Refuses a claim that is not fair or cannot be false.
pub(super) fn check(claim: &Claim, source: &Source<'_>) -> Result<(), ClaimError> {
    names(&claim.text.rule, source)?;
    engines(claim, source)?;
    settings(&claim.text.rule, source)?;
    falsifiable(claim, source)?;
    check_blanks(claim, source)
}

fn names(rule: &Rule, source: &Source<'_>) -> Result<(), ClaimError> {
    let known = crate::experiment::all().map(|each| each.name);
    if !known.contains(&rule.experiment()) {
        return Err(source.unknown("experiment", rule.experiment(), known));
    }
    let metrics = experiment::metrics();
    if let Some(metric) = rule.metric().filter(|metric| !metrics.contains(metric)) {
        return Err(source.unknown("metric", metric, metrics));
    }
    if let Rule::Conformance { invariant, .. } = rule {
        let known = crate::check::all().map(|each| each.name);
        if !known.contains(&invariant.as_str()) {
            return Err(source.unknown("invariant", invariant, known));
        }
    }
    Ok(())
}

/// Only engines that the guidance means decide, and the phrase's own is among them.
fn engines(claim: &Claim, source: &Source<'_>) -> Result<(), ClaimError> {
    let engines = claim.text.rule.engines();
    if let Some(engine) = engines.iter().find(|engine| !DECIDERS.contains(engine)) {
        return Err(source.unknown("an engine that decides", engine, DECIDERS));
    }
    let decider = claim.phrase.side.decider();
    match engines.first() {
        Some(first) if !engines.contains(&decider) => Err(source.refuse(
            &format!("\"{first}\""),
            format!(
                "engine: the phrase {:?} is decided by {decider:?}, found {first:?}",
                claim.phrase.words
            ),
        )),
        _ => Ok(()),
    }
}

/// Default stands against default and tuned against tuned; an ablation is one engine at two.
fn settings(rule: &Rule, source: &Source<'_>) -> Result<(), ClaimError> {
    let refuse = |side: &SideOf, message: String| {
        Err(source.refuse(&format!("settings = \"{}\"", side.settings), message))
    };
    match rule {
        Rule::Ratio { a, b, .. } | Rule::Difference { a, b, .. } | Rule::Count { a, b, .. }
            if a.settings != b.settings && !a.single_setting && !b.single_setting =>
        {
            let message = format!(
                "settings: expected the same on both sides, found {:?} against {:?}; default stands against default and tuned against tuned",
                a.settings, b.settings
            );
            refuse(b, message)
        }
        Rule::Ablation { a, b, .. } if a.engine != b.engine || a.settings == b.settings => {
            let message = format!(
                "an ablation is one engine at two settings, found {} ({}) and {} ({})",
                a.engine, a.settings, b.engine, b.settings
            );
            refuse(b, message)
        }
        _ => Ok(()),
    }
}

/// Refuses rules that come out the same whatever is measured.
fn falsifiable(claim: &Claim, source: &Source<'_>) -> Result<(), ClaimError> {
    let share = |key: &str, value: f64| {
        if value > 0.0 && value < 1.0 {
            Ok(())
        } else {
            let message = format!(
                "{key}: expected a share above 0 and below 1, found {value}: the claim could not be false, or not be true"
            );
            Err(source.refuse(&format!("{key} ="), message))
        }
    };
    match &claim.text.rule {
        Rule::Bound { at_most, .. } | Rule::Conformance { at_most, .. } => {
            share("at_most", *at_most)?;
        }
        Rule::Difference { margin, .. } => share("margin", *margin)?,
        Rule::Ratio { limit, .. } | Rule::Below { limit, .. }
            if !(limit.is_finite() && *limit > 0.0) =>
        {
            let message = format!("limit: expected a number above 0, found {limit}");
            return Err(source.refuse("limit =", message));
        }
        _ => {}
    }
    if let [a, b] = claim.text.rule.sides()[..]
        && a == b
    {
        let message = "both sides are the same: the claim could not be false".to_owned();
        return Err(source.refuse("b =", message));
    }
    if claim.text.prediction.trim().is_empty() {
        let message = "prediction: expected a sentence that can be false, found none".to_owned();
        return Err(source.refuse("prediction", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::read::parse;

    const RATIO: &str = r#"phrase = "survives restarts"
order = 1
title = "t"
prediction = "p."
sentence = "{a} and {b}"

[rule]
kind = "ratio"
experiment = "restart-survival"
metric = "recovery_ms"
predicted = "lower"
a = { engine = "temporal", settings = "default", scenario = "s" }
b = { engine = "dagster", settings = "default", scenario = "s" }
"#;

    fn refusal(text: &str) -> String {
        parse("c", text).map_or_else(|error| error.to_string(), |_| String::new())
    }

    fn changed(from: &str, to: &str) -> String {
        refusal(&RATIO.replacen(from, to, 1))
    }

    fn assert_refused(message: &str, line: usize, parts: &[&str]) {
        let place = format!("claims/c.toml:{line}: ");
        assert!(message.starts_with(&place), "{place:?}: {message:?}");
        for part in parts {
            assert!(message.contains(part), "{part:?}: {message:?}");
        }
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest() {
        assert_eq!(refusal(RATIO), "");
        let message = changed("recovery_ms", "recovry_ms");
        assert_refused(&message, 10, &["metric", "did you mean \"recovery_ms\"?"]);
        let message = changed("restart-survival", "restart-survivel");
        assert_refused(&message, 9, &["did you mean \"restart-survival\"?"]);
        let conformance = RATIO[..RATIO.find("[rule]").unwrap_or(0)]
            .replace("{a} and {b}", "{passed}")
            + "[rule]\nkind = \"conformance\"\nexperiment = \"retries\"\ninvariant = \"attemps\"\nat_most = 0.1\nside = { engine = \"temporal\", settings = \"default\", scenario = \"s\" }\n";
        assert_refused(&refusal(&conformance), 10, &["did you mean \"attempts\"?"]);
    }

    #[test]
    fn only_the_engine_that_the_guidance_means_decides() {
        let message = changed("engine = \"dagster\"", "engine = \"asset-engine\"");
        assert_refused(
            &message,
            13,
            &["unknown name \"asset-engine\"", "did you mean"],
        );
        let of_assets = RATIO
            .replace("survives restarts", "designed for batch")
            .replace("dagster", "temporal")
            .replace(
                "b = { engine = \"temporal\", settings = \"default\", scenario = \"s\"",
                "b = { engine = \"temporal\", settings = \"default\", scenario = \"u\"",
            );
        assert_refused(
            &refusal(&of_assets),
            12,
            &["decided by \"dagster\"", "found \"temporal\""],
        );
    }

    #[test]
    fn mixed_settings_are_refused_but_for_an_engine_with_one_setting() {
        let message = changed(
            "\"temporal\", settings = \"default\"",
            "\"temporal\", settings = \"tuned\"",
        );
        assert_refused(&message, 13, &["\"tuned\" against \"default\""]);
        let single = RATIO
            .replacen(
                "\"temporal\", settings = \"default\"",
                "\"temporal\", settings = \"tuned\"",
                1,
            )
            .replace(
                "\"dagster\", settings = \"default\"",
                "\"dagster\", settings = \"default\", single_setting = true",
            );
        assert_eq!(refusal(&single), "");
    }

    #[test]
    fn an_ablation_is_one_engine_at_two_settings() {
        let ablation = RATIO.replace("\"ratio\"", "\"ablation\"");
        assert_refused(&refusal(&ablation), 12, &["one engine at two settings"]);
        let one_engine = ablation.replace(
            "dagster\", settings = \"default\"",
            "temporal\", settings = \"tuned\"",
        );
        assert_eq!(refusal(&one_engine), "");
    }

    #[test]
    fn a_claim_that_cannot_be_false_is_refused() {
        let equal = changed("engine = \"dagster\"", "engine = \"temporal\"");
        assert_refused(&equal, 13, &["could not be false"]);
        assert_refused(
            &changed("prediction = \"p.\"", "prediction = \"\""),
            4,
            &["can be false"],
        );
        let bound = RATIO[..RATIO.find("[rule]").unwrap_or(0)].replace("{a} and {b}", "{wrong}")
            + "[rule]\nkind = \"bound\"\nexperiment = \"restart-survival\"\nmetric = \"kills_wrong\"\nat_most = 1.0\nside = { engine = \"temporal\", settings = \"default\", scenario = \"s\" }\n";
        assert_refused(&refusal(&bound), 11, &["at_most", "could not be false"]);
        assert_eq!(refusal(&bound.replace("1.0", "0.05")), "");
        assert_refused(
            &changed("predicted =", "limit = 0.0\npredicted ="),
            11,
            &["limit"],
        );
    }

    #[test]
    fn a_sentence_has_known_blanks_and_at_most_two() {
        assert_refused(&changed("{b}", "{c}"), 5, &["{c}", "did you mean"]);
        assert_refused(&changed("{b}", "{b} {ratio}"), 5, &["at most two figures"]);
        assert_refused(
            &changed("{a} and {b}", "no figure"),
            5,
            &["one or two figures"],
        );
        assert_refused(&changed("{a} and {b}", "{a} of 3"), 5, &["no number"]);
    }
}
