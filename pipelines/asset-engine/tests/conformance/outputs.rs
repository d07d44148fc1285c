//! B60 to B63: steps that make several assets or partitions in one attempt.

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Backfill, BackfillRecord, Event, Executor, ExecutorOptions,
    Materialized, Mode, Partitions, RunOutcome, Selection, StepContext, StepFailure,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::conditions::plain;
use crate::scenario::{Trail, graph, key, made, request, stale, status};

const DAYS: [&str; 3] = ["2024-01-01", "2024-01-02", "2024-01-03"];

/// Two assets of one step that makes those that are asked for, and what reads the second, which may be
/// left out.
fn split(trail: &Trail, leaves_out: bool, code: &str) -> Outcome<Arc<AssetGraph>> {
    let trail = trail.clone();
    let step = move |cx: &StepContext<'_>| -> Result<Vec<(AssetKey, Materialized)>, StepFailure> {
        trail.leave("split");
        let wanted = cx.assets.iter();
        let wanted = wanted.filter(|asset| !(leaves_out && asset.as_str() == "second"));
        Ok(wanted.map(|asset| (asset.clone(), made("1"))).collect())
    };
    let mut assets = Asset::any_of([key("first")?, key("second")?], step);
    if let [first, second] = &mut assets[..] {
        *first = first.clone().code_version(code);
        *second = second.clone().skippable();
    }
    assets.push(plain("reader")?.depends_on(key("second")?));
    graph(assets)
}

fn names(outcome: &RunOutcome) -> Vec<String> {
    let made = outcome.materializations.iter();
    let mut names: Vec<String> = made.map(|made| made.asset.to_string()).collect();
    names.sort();
    names
}

/// B60. One of two assets is asked for, then the other, then both.
pub fn subset() -> Outcome<Value> {
    let trail = Trail::default();
    let graph = split(&trail, false, "1")?;
    let executor = Executor::memory(ExecutorOptions::default());
    let mut observed = serde_json::Map::new();
    for (name, only) in [
        ("of_one", &["first"][..]),
        ("of_the_other", &["second"]),
        ("of_both", &["first", "second"]),
    ] {
        let outcome = executor.run(request(name, &graph, only, Mode::All)?)?;
        let seen = json!({"made": names(&outcome), "executions": trail.take().len()});
        observed.insert(name.to_owned(), seen);
    }
    Ok(observed.into())
}

/// B61. The second is left out, and is read.
pub fn left_out() -> Outcome<Value> {
    let trail = Trail::default();
    let graph = split(&trail, true, "1")?;
    let executor = Executor::memory(ExecutorOptions::default());
    let outcome = executor.run(request("run", &graph, &[], Mode::All)?)?;
    let events = executor.catalog().events("run")?;
    let left_out = events.iter().filter_map(|record| match &record.event {
        Event::Skipped { asset, .. } if asset.as_str() == "reader" => Some(asset.to_string()),
        _ => None,
    });
    Ok(json!({
        "run": status(&outcome),
        "made": names(&outcome),
        "skipped": left_out.collect::<Vec<_>>(),
    }))
}

/// B62. Both are made; then the code of one changes.
pub fn stale_subset() -> Outcome<Value> {
    let trail = Trail::default();
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("run", &split(&trail, false, "1")?, &[], Mode::All)?)?;
    let changed = split(&trail, false, "2")?;
    Ok(json!({"stale": stale(&changed, executor.catalog())?}))
}

/// B63. A backfill of three days of an asset that makes a range in one step.
pub fn range() -> Outcome<Value> {
    let trail = Trail::default();
    let step = {
        let trail = trail.clone();
        move |cx: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
            for key in cx.partition_keys {
                trail.leave(key);
            }
            trail.leave("end");
            Ok(cx.partition_keys.iter().map(|key| made(key)).collect())
        }
    };
    let days = Partitions::daily(DAYS[0], DAYS[2])?;
    let graph = graph(vec![Asset::ranged(key("daily")?, step).partitions(days)])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let mut record = BackfillRecord::new("week", Selection::all(), DAYS);
    record.per_run = DAYS.len().try_into()?;
    let progress = Backfill::request(&executor, &graph, record)?.run(|_| ())?;
    Ok(json!({
        "status": progress.status.as_str(),
        "runs": executor.catalog().runs()?.len(),
        "executed": trail.take(),
        "materialized": executor.catalog().latest_of(&key("daily")?)?.len(),
    }))
}
