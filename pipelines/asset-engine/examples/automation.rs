//! Runs that nobody asks for by hand: a backfill, a schedule and a rule, on a clock that jumps.
//!
//! `cargo run -p asset-engine --example automation`

use std::error::Error;
use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Automation, Backfill, BackfillRecord, Condition, Cron, Daemon,
    Executor, ExecutorOptions, Materialized, Partitions, Rule, Schedule, Selection, StepContext,
    StepFailure,
};
use jiff::{Timestamp, ToSpan};

/// Stands for work; its data version is the run that did it.
fn work(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    let partition = cx.partition.map_or(String::new(), |key| format!(" {key}"));
    println!("  {}{partition} in {}", cx.asset, cx.run);
    Ok(Materialized::new(cx.run))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (orders, report) = (AssetKey::new("shop/orders")?, AssetKey::new("shop/report")?);
    let days = Partitions::daily("2024-03-25", "2024-04-30")?;
    let graph = Arc::new(AssetGraph::new(vec![
        Asset::new(orders.clone(), work).partitions(days.clone()),
        Asset::new(report.clone(), work)
            .partitions(days)
            .depends_on(orders.clone()),
    ])?);
    let executor = Arc::new(Executor::memory(ExecutorOptions::default()));

    println!("backfill of the past");
    let past = BackfillRecord::new(
        "march",
        Selection::assets([orders.clone()]),
        ["2024-03-28", "2024-03-29"],
    );
    let progress = Backfill::request(&executor, &graph, past)?.run(|_| ())?;
    println!("  {} of {} partitions", progress.succeeded, progress.total);

    let mornings = Cron::new("0 6 * * *", "Europe/Berlin")?;
    let automations: Vec<Box<dyn Automation>> = vec![
        Box::new(Schedule::of_previous_day(
            "daily",
            mornings,
            Selection::assets([orders]),
        )),
        Box::new(Rule::new(
            "report",
            Selection::assets([report]),
            Condition::eager(),
        )),
    ];
    let mut daemon = Daemon::new(executor, graph, automations);
    // The night in which clocks go forward lies in between.
    let begin: Timestamp = "2024-03-30T12:00:00Z".parse()?;
    for hour in [0, 16, 17, 41] {
        let now = begin + i64::from(hour).hours();
        println!("{now}");
        for problem in daemon.tick(now)?.problems {
            println!("  problem: {problem}");
        }
        daemon.settle()?;
    }
    Ok(())
}
