//! B15 to B17 and B66: backfills of assets with and without partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, Backfill, BackfillProgress, BackfillRecord, Executor, ExecutorOptions,
    Partitions, RunStatus, Selection, StepContext,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::scenario::{Trail, graph, key, made, planned_failure};

const DAYS: [&str; 3] = ["2024-01-01", "2024-01-02", "2024-01-03"];

/// What is looked up, what is made of it each day, and what reads all days.
fn week(trail: &Trail, failing: Option<&'static str>) -> Outcome<Arc<AssetGraph>> {
    let step = |name: &'static str| {
        let trail = trail.clone();
        move |cx: &StepContext<'_>| {
            trail.leave(name);
            if cx.partition.is_some() && cx.partition == failing {
                return Err(planned_failure());
            }
            Ok(made("1"))
        }
    };
    graph(vec![
        Asset::new(key("lookup")?, step("lookup")),
        Asset::new(key("daily")?, step("daily"))
            .partitions(Partitions::static_keys(DAYS)?)
            .depends_on(key("lookup")?),
        Asset::new(key("total")?, step("total")).depends_on(key("daily")?),
    ])
}

fn request<'a>(executor: &'a Executor, graph: &'a Arc<AssetGraph>) -> Outcome<Backfill<'a>> {
    let record = BackfillRecord::new("week", Selection::all(), DAYS);
    Ok(Backfill::request(executor, graph, record)?)
}

fn observed(progress: &BackfillProgress, trail: &Trail) -> Value {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for name in trail.take() {
        *times.entry(name).or_default() += 1;
    }
    json!({"status": progress.status.as_str(), "times": times})
}

fn all_of(failing: Option<&'static str>) -> Outcome<Value> {
    let trail = Trail::default();
    let graph = week(&trail, failing)?;
    let executor = Executor::memory(ExecutorOptions::default());
    let progress = request(&executor, &graph)?.run(|_| ())?;
    Ok(observed(&progress, &trail))
}

/// B15. Three days of an asset, what they read and what reads them all.
pub fn unpartitioned_once() -> Outcome<Value> {
    all_of(None)
}

/// B16. One of three days fails.
pub fn failed_partition() -> Outcome<Value> {
    all_of(Some(DAYS[1]))
}

/// B17. It is cancelled when the days are made, and what reads them all is not.
pub fn canceled() -> Outcome<Value> {
    let trail = Trail::default();
    let graph = week(&trail, None)?;
    let executor = Executor::memory(ExecutorOptions::default());
    let backfill = request(&executor, &graph)?;
    while backfill.progress()?.succeeded < DAYS.len() {
        backfill.advance()?;
        for run in executor.catalog().runs()? {
            executor.wait(&run.record.run)?;
        }
    }
    backfill.cancel()?;
    let progress = backfill.run(|_| ())?;
    let runs = executor.catalog().runs()?;
    assert!(runs.iter().all(|run| run.status == RunStatus::Success));
    Ok(observed(&progress, &trail))
}

/// B66. One of three days fails, is mended, and the backfill is asked for again.
pub fn failed_again() -> Outcome<Value> {
    let executor = Executor::memory(ExecutorOptions::default());
    let broken = week(&Trail::default(), Some(DAYS[1]))?;
    request(&executor, &broken)?.run(|_| ())?;
    let trail = Trail::default();
    let mended = week(&trail, None)?;
    let progress = request(&executor, &mended)?.run(|_| ())?;
    let mut executed = trail.take();
    executed.sort();
    Ok(json!({"status": progress.status.as_str(), "executed": executed}))
}
