//! B42 to B44: assets that read earlier partitions of their own.

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, Backfill, BackfillRecord, Executor, ExecutorOptions, Mapping, Mode,
    Partitions, Selection, StepContext,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::scenario::{Trail, graph, key, made, planned_failure, request, status};

const DAYS: [&str; 3] = ["2024-01-01", "2024-01-02", "2024-01-03"];

/// What is made each day of the day before, and may fail on one.
fn balance(trail: &Trail, failing: Option<&'static str>) -> Outcome<Arc<AssetGraph>> {
    let trail = trail.clone();
    let step = move |cx: &StepContext<'_>| {
        trail.leave(cx.partition.unwrap_or_default());
        if cx.partition == failing {
            return Err(planned_failure());
        }
        Ok(made("1"))
    };
    let yesterday = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: -1,
    };
    let days = Partitions::daily(DAYS[0], DAYS[2])?;
    let balance = Asset::new(key("balance")?, step).partitions(days);
    graph(vec![balance.depends_on_mapped(key("balance")?, yesterday)])
}

fn backfill_of(failing: Option<&'static str>) -> Outcome<Value> {
    let trail = Trail::default();
    let graph = balance(&trail, failing)?;
    let executor = Executor::memory(ExecutorOptions::default());
    let record = BackfillRecord::new("week", Selection::all(), DAYS);
    let progress = Backfill::request(&executor, &graph, record)?.run(|_| ())?;
    Ok(json!({"status": progress.status.as_str(), "executed": trail.take()}))
}

/// B42. All three days.
pub fn backfill() -> Outcome<Value> {
    backfill_of(None)
}

/// B43. The second day fails.
pub fn failing_backfill() -> Outcome<Value> {
    backfill_of(Some(DAYS[1]))
}

/// B44. The third day is made when the second never was.
pub fn day_without_the_one_before() -> Outcome<Value> {
    let graph = balance(&Trail::default(), None)?;
    let executor = Executor::memory(ExecutorOptions::default());
    let end_of = |day: &str| -> Outcome<&'static str> {
        let mut run = request(day, &graph, &["balance"], Mode::All)?;
        run.selection = run.selection.with_partitions([day]);
        Ok(status(&executor.run(run)?))
    };
    Ok(json!({"of_the_first_day": end_of(DAYS[0])?, "of_the_third": end_of(DAYS[2])?}))
}
