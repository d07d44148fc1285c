//! A report over three days, materialized twice: the second time only what is stale.
//!
//! `cargo run -p asset-engine --example daily_report [catalog.db]`

use std::error::Error;
use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Executor, ExecutorOptions, Materialized, Mode, Partitions, Plan,
    RetryPolicy, RunRequest, Selection, StepContext, StepFailure, staleness,
};
use serde_json::json;

/// Counts one day's orders; a real step would read them from somewhere.
fn orders(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    let day = cx.partition.unwrap_or_default();
    let count = day.bytes().map(u64::from).sum::<u64>() % 100;
    Ok(Materialized::new(count.to_string()).metadata(json!({ "orders": count })))
}

/// Adds up what it reads: every day's orders, by their metadata.
fn report(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    let orders = AssetKey::new("shop/orders");
    let orders = orders.map_err(|error| StepFailure::fatal("Key", error.to_string()))?;
    let counts = cx.inputs_of(&orders);
    let total: u64 = counts
        .filter_map(|input| input.metadata["orders"].as_u64())
        .sum();
    Ok(Materialized::new(total.to_string()).metadata(json!({ "total": total })))
}

fn graph(report_version: &str) -> Result<Arc<AssetGraph>, Box<dyn Error>> {
    let days = Partitions::daily("2013-01-01", "2013-01-03")?;
    let orders = Asset::new(AssetKey::new("shop/orders")?, orders)
        .partitions(days)
        .retry(RetryPolicy::constant(3, 200));
    let report = Asset::new(AssetKey::new("shop/report")?, report)
        .depends_on(AssetKey::new("shop/orders")?)
        .code_version(report_version);
    Ok(Arc::new(AssetGraph::new(vec![orders, report])?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let executor = match std::env::args().nth(1) {
        Some(path) => Executor::open(path, ExecutorOptions::default())?,
        None => Executor::memory(ExecutorOptions::default()),
    };
    for left in executor.unfinished() {
        println!("an executor died and left run {} open", left.run);
    }
    for (run, report_version) in [("first", "1"), ("second", "2")] {
        let graph = graph(report_version)?;
        let plan = Plan::new(&graph, &Selection::all())?;
        for stale in staleness(&graph, executor.catalog(), &plan)? {
            let partition = stale
                .partition
                .map_or(String::new(), |key| format!(" {key}"));
            println!(
                "{run}: {}{partition} is stale: {}",
                stale.asset, stale.reason
            );
        }
        let request = RunRequest::unnamed(graph).mode(Mode::Stale);
        let outcome = executor.run(request)?;
        println!(
            "{run}: {}, {} materialized, {} fresh",
            outcome.status.as_str(),
            outcome.steps.materialized,
            outcome.steps.fresh
        );
    }
    Ok(())
}
