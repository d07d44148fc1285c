//! B52 and B53: how an asset stands to the time by which it is to have been made.

use std::sync::Arc;
use std::time::Duration;

use asset_engine::{AssetGraph, Cron, Executor, ExecutorOptions, FreshnessPolicy, Mode, freshness};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Map, Value};

use crate::Outcome;
use crate::conditions::plain;
use crate::scenario::{graph, key, request};

const HOUR: Duration = Duration::from_secs(3_600);

fn stands(graph: &AssetGraph, executor: &Executor, at: Timestamp) -> Outcome<Value> {
    let found = freshness(graph, executor.catalog(), at)?;
    let words = found.iter().map(|(_, stands)| stands.to_string());
    Ok(words.collect::<String>().into())
}

/// How one asset stands before it was made, and at hours after that.
fn observed(policy: FreshnessPolicy, after: &[(&str, Duration)]) -> Outcome<Value> {
    let graph: Arc<AssetGraph> = graph(vec![plain("made")?.fresh(policy)])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let mut observed = Map::new();
    let before = stands(&graph, &executor, Timestamp::now())?;
    observed.insert("never_made".into(), before);
    executor.run(request("first", &graph, &[], Mode::All)?)?;
    let stamps = executor.catalog().stamps_of(&key("made")?)?;
    for (name, after) in after {
        let made_ms = i64::try_from(stamps[0].at_ms)?;
        let at = Timestamp::from_millisecond(made_ms)?
            .checked_add(i64::try_from(after.as_secs())?.seconds())?;
        observed.insert((*name).into(), stands(&graph, &executor, at)?);
    }
    Ok(observed.into())
}

/// B52. A warning after one hour, a failure after two.
pub fn ages() -> Outcome<Value> {
    let after = [
        ("after_30_minutes", HOUR / 2),
        ("after_90_minutes", HOUR * 3 / 2),
        ("after_150_minutes", HOUR * 5 / 2),
    ];
    observed(FreshnessPolicy::within_warned(2 * HOUR, HOUR), &after)
}

/// B53. By nine each day, at most a day before: made now, and asked about after the next deadlines.
pub fn deadlines() -> Outcome<Value> {
    let policy = FreshnessPolicy::by(Cron::new("0 9 * * *", "UTC")?, 24 * HOUR);
    let after = [("after_1_days", 24 * HOUR), ("after_3_days", 72 * HOUR)];
    observed(policy, &after)
}
