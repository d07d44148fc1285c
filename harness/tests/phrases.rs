//! Every phrase of the guidance has a claim that `standard` makes trials for, on the engines that decide it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use toml::{Table, Value};

fn read(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.parse().with_context(|| path.display().to_string())
}

/// A scenario of the profile: its experiment, and the arms of all its entries.
struct Planned {
    experiment: String,
    arms: Vec<Table>,
}

fn planned(harness: &Path) -> Result<BTreeMap<String, Planned>> {
    let profile = read(&harness.join("profiles/standard.toml"))?;
    let mut planned = BTreeMap::new();
    for entry in profile["scenario"].as_array().context("no scenarios")? {
        let name = entry["name"].as_str().context("no name")?.to_owned();
        let scenario = read(&harness.join(format!("scenarios/{name}.toml")))?;
        let arms = entry.get("arms").or_else(|| scenario.get("arms"));
        let arms = arms.and_then(Value::as_array).context("no arms")?;
        let experiment = text(&scenario, "experiment").to_owned();
        let of_scenario = planned.entry(name).or_insert(Planned {
            experiment,
            arms: Vec::new(),
        });
        of_scenario
            .arms
            .extend(arms.iter().filter_map(|arm| arm.as_table().cloned()));
    }
    Ok(planned)
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn lists(arm: &Table, key: &str, name: &str) -> bool {
    let listed = arm.get(key).and_then(Value::as_array);
    listed.is_some_and(|listed| listed.iter().any(|each| each.as_str() == Some(name)))
}

/// Whether a side of a rule has an arm in the profile.
fn has(planned: &BTreeMap<String, Planned>, side: &Table) -> bool {
    let factors = side.get("factors").and_then(Value::as_table);
    let execution = factors.map_or("", |factors| text(factors, "execution"));
    let arms = planned
        .get(text(side, "scenario"))
        .map(|scenario| &scenario.arms);
    arms.into_iter().flatten().any(|arm| {
        text(arm, "engine") == text(side, "engine")
            && lists(arm, "settings", text(side, "settings"))
            && (execution.is_empty() || lists(arm, "executions", execution))
    })
}

fn is_made(planned: &BTreeMap<String, Planned>, rule: &Table) -> bool {
    match text(rule, "kind") {
        // They explain a figure.
        "ablation" => false,
        "capability" => planned.values().any(|scenario| {
            let mut arms = scenario.arms.iter();
            scenario.experiment == text(rule, "experiment")
                && arms.any(|arm| text(arm, "engine") == text(rule, "engine"))
        }),
        _ => {
            let sides = ["side", "a", "b"].iter().filter_map(|side| rule.get(*side));
            sides
                .filter_map(Value::as_table)
                .all(|side| has(planned, side))
        }
    }
}

#[test]
fn no_phrase_is_without_trials_in_standard() -> Result<()> {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR"));
    let planned = planned(harness)?;
    let mut phrases: BTreeMap<String, bool> = BTreeMap::new();
    for file in fs::read_dir(harness.join("evidence/claims"))? {
        let claim = read(&file?.path())?;
        let rule = claim["rule"].as_table().context("no rule")?;
        let made = is_made(&planned, rule);
        *phrases
            .entry(text(&claim, "phrase").to_owned())
            .or_default() |= made;
    }
    ensure!(!phrases.is_empty(), "no claims");
    let without: Vec<_> = phrases.iter().filter(|(_, made)| !**made).collect();
    ensure!(without.is_empty(), "{without:?}");
    Ok(())
}
