//! Partitions that come at run time: a sensor finds new files, adds a partition for each and asks
//! for it; a rule keeps the total fresh.
//!
//! `cargo run -p asset-engine --example dynamic`

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Automation, Condition, Daemon, Evaluation, EvaluationContext,
    Executor, ExecutorOptions, Materialized, Order, PartitionChange, Partitions, Rule, Selection,
    Sensor, StepContext, StepFailure,
};
use jiff::{Timestamp, ToSpan};

/// Stands for work; its data version is what it was made of.
fn work(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    let partition = cx.partition.map_or(String::new(), |key| format!(" {key}"));
    println!("  {}{partition}, of {} inputs", cx.asset, cx.inputs.len());
    let read: Vec<&str> = cx
        .inputs
        .iter()
        .map(|input| input.data_version.as_str())
        .collect();
    Ok(Materialized::new(format!(
        "{}{}",
        cx.partition.unwrap_or_default(),
        read.join("+")
    )))
}

/// Adds a partition for each file that has none, and asks for it.
fn found(folder: &Path, cx: &EvaluationContext<'_>) -> Result<Evaluation, String> {
    let known = cx.catalog.partitions("files");
    let known = known.map_err(|error| error.to_string())?;
    let known: BTreeSet<&str> = known.iter().map(AsRef::as_ref).collect();
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|error| error.to_string())?;
    let mut new: Vec<String> = names
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !known.contains(name.as_str()))
        .collect();
    new.sort();
    let parsed = AssetKey::new("files/parsed").map_err(|error| error.to_string())?;
    let order = |name: &String| {
        let selection = Selection::assets([parsed.clone()]);
        Order::new(name.clone(), selection.with_partitions([name]))
    };
    let added = |name: &String| PartitionChange::added("files", name.as_str());
    Ok(Evaluation::new(new.iter().map(order)).change_partitions(new.iter().map(added)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (parsed, total) = (
        AssetKey::new("files/parsed")?,
        AssetKey::new("files/total")?,
    );
    let graph = Arc::new(AssetGraph::new(vec![
        Asset::new(parsed.clone(), work).partitions(Partitions::dynamic("files")?),
        Asset::new(total.clone(), work).depends_on(parsed),
    ])?);
    let folder = tempfile::tempdir()?;
    let watched = folder.path().to_owned();
    let automations: Vec<Box<dyn Automation>> = vec![
        Box::new(Sensor::new("files", move |cx| found(&watched, cx))),
        Box::new(Rule::new(
            "total",
            Selection::assets([total]),
            Condition::eager(),
        )),
    ];
    let executor = Arc::new(Executor::memory(ExecutorOptions::default()));
    let mut daemon = Daemon::new(executor, graph, automations);
    let mut now = Timestamp::now();
    for arrivals in [
        &["monday.csv", "tuesday.csv"][..],
        &[],
        &["wednesday.csv"],
        &[],
    ] {
        for name in arrivals {
            std::fs::write(folder.path().join(name), "")?;
        }
        now += 1.minute();
        println!("{} new files", arrivals.len());
        for problem in daemon.tick(now)?.problems {
            println!("  problem: {problem}");
        }
        daemon.settle()?;
    }
    Ok(())
}
