//! What the work on a few pieces costs beside many others and beside a long past, measured and held
//! against its bounds, each on a catalog file with fsync: a run of one piece, the first tick of a
//! rule, a tick after many runs, a backfill. A bound that is not met is printed as such;
//! nothing here fails.
//!
//! `cargo bench -p asset-engine --bench pieces [-- LARGE]`, LARGE being the larger number of pieces
//! and of past runs, 100,000 when nothing is said.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Automation, Backfill, BackfillRecord, Condition, Daemon,
    Durability, Evaluation, Executor, ExecutorOptions, InputVersion, Materialization, Materialized,
    Mode, Order, Partitions, Rule, RunRequest, RunStatus, Selection, Sensor, StepContext,
    StepFailure,
};
use jiff::{Timestamp, ToSpan};

type Failed = Box<dyn Error>;

const SMALL: usize = 100;
const PAIRS: usize = 15;
/// Partitions of the first tick and of the backfill.
const WIDE: usize = 10_000;
/// How much more than beside few the same may cost beside many.
const GROWTH: f64 = 2.0;

fn main() -> Result<(), Failed> {
    // Cargo adds a flag of its own.
    let words: Vec<String> = std::env::args().skip(1).collect();
    let quick = words.iter().any(|word| word == "--quick");
    let mut words = words.iter().filter(|word| !word.starts_with("--"));
    let all = if quick { 5_000 } else { 100_000 };
    let large = words.next().map_or(Ok(all), |large| large.parse())?;
    for mode in [Mode::All, Mode::Stale] {
        runs_of_one_piece(mode, large)?;
    }
    first_tick(WIDE.min(large))?;
    ticks_after(large)?;
    backfill(WIDE.min(large))
}

fn no_work(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    Ok(Materialized::new(cx.run))
}

fn key(name: &str) -> Result<AssetKey, Failed> {
    Ok(AssetKey::new(name)?)
}

fn partition(number: usize) -> String {
    format!("p{number:07}")
}

/// Raw data, what is made of them piece by piece, and a total.
fn graph(pieces: usize) -> Result<Arc<AssetGraph>, Failed> {
    let partitions = Partitions::static_keys((0..pieces).map(partition))?;
    let raw = Asset::new(key("raw")?, no_work).partitions(partitions.clone());
    let clean = Asset::new(key("clean")?, no_work).partitions(partitions);
    let total = Asset::new(key("total")?, no_work);
    Ok(Arc::new(AssetGraph::new(vec![
        raw,
        clean.depends_on(key("raw")?),
        total.depends_on_all(key("clean")?),
    ])?))
}

fn open(folder: &Path, durability: Durability) -> Result<Arc<Executor>, Failed> {
    let options = ExecutorOptions::default()
        .concurrency(2)
        .durability(durability);
    Ok(Arc::new(Executor::open(
        folder.join("catalog.db"),
        options,
    )?))
}

/// Reports every piece as made.
fn report(executor: &Executor, pieces: usize) -> Result<(), Failed> {
    for asset in ["raw", "clean"] {
        let made = |number: usize| {
            let partition = partition(number);
            let read = InputVersion::new(key("raw")?, Some(&partition), format!("raw-{number}"));
            let version = format!("{asset}-{number}");
            let made = Materialization::reported(key(asset)?, Some(&partition), version, "1");
            Ok(made.inputs((asset == "clean").then_some(read)))
        };
        let all: Vec<_> = (0..pieces).map(made).collect::<Result<_, Failed>>()?;
        executor.record_all(all)?;
    }
    Ok(())
}

/// Runs of one piece beside few others and beside many, in turn.
fn runs_of_one_piece(mode: Mode, large: usize) -> Result<(), Failed> {
    let mut sides = Vec::new();
    for pieces in [SMALL, large] {
        let folder = tempfile::tempdir()?;
        let executor = open(folder.path(), Durability::PowerLoss)?;
        report(&executor, pieces)?;
        sides.push((folder, executor, graph(pieces)?, pieces, Vec::new()));
    }
    for round in 0..PAIRS {
        for (_, executor, graph, pieces, times) in &mut sides {
            let clean = Selection::parse("clean")?;
            let request = RunRequest::new(format!("run-{round}"), Arc::clone(graph))
                .selection(clean.with_partitions([partition(*pieces / 2 + round)]))
                .mode(mode);
            let begun = Instant::now();
            let outcome = executor.run(request)?;
            times.push(begun.elapsed().as_secs_f64());
            assert_eq!(outcome.status, RunStatus::Success);
        }
    }
    let (few, many) = (median(&mut sides[0].4), median(&mut sides[1].4));
    let what = format!("a run of one piece ({mode:?}) among {large} pieces");
    report_growth(&what, few, many);
    Ok(())
}

fn rule(condition: Condition) -> Result<Rule, Failed> {
    let selection = Selection::parse("raw or clean")?;
    Ok(Rule::new("rule", selection, condition))
}

fn daemon(
    executor: &Arc<Executor>,
    graph: &Arc<AssetGraph>,
    more: Option<Sensor>,
) -> Result<Daemon, Failed> {
    let mut automations: Vec<Box<dyn Automation>> = vec![Box::new(rule(Condition::keep_fresh())?)];
    if let Some(sensor) = more {
        automations.push(Box::new(sensor));
    }
    Ok(Daemon::new(
        Arc::clone(executor),
        Arc::clone(graph),
        automations,
    ))
}

fn noon() -> Result<Timestamp, Failed> {
    Ok("2024-01-01T12:00:00Z".parse()?)
}

/// The first tick of a rule over pieces that are all missing.
fn first_tick(pieces: usize) -> Result<(), Failed> {
    for pieces in [pieces / 4, pieces / 2, pieces] {
        let folder = tempfile::tempdir()?;
        let executor = open(folder.path(), Durability::PowerLoss)?;
        let mut daemon = daemon(&executor, &graph(pieces)?, None)?;
        let begun = Instant::now();
        let beat = daemon.tick(noon()?)?;
        let seconds = begun.elapsed().as_secs_f64();
        assert_eq!(beat.submitted.len(), pieces);
        let begun = Instant::now();
        let settled = daemon.settle()?.len();
        println!(
            "first tick of a rule over {pieces} missing partitions: {:.0} ms, bound 1000 ms: {}; {settled} runs settled in {:.0} ms more",
            seconds * 1e3,
            verdict(seconds <= 1.0),
            begun.elapsed().as_secs_f64() * 1e3
        );
    }
    first_look(pieces)
}

/// The first tick of an eager rule, which finds all pieces missing, asks for none and remembers them.
fn first_look(pieces: usize) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let executor = open(folder.path(), Durability::PowerLoss)?;
    let rule = Box::new(rule(Condition::eager())?);
    let mut daemon = Daemon::new(executor, graph(pieces)?, vec![rule]);
    let begun = Instant::now();
    let beat = daemon.tick(noon()?)?;
    let seconds = begun.elapsed().as_secs_f64();
    assert!(beat.submitted.is_empty() && beat.problems.is_empty());
    println!(
        "first tick of an eager rule over {pieces} missing partitions: {:.0} ms, bound 1000 ms: {}",
        seconds * 1e3,
        verdict(seconds <= 1.0)
    );
    Ok(())
}

/// Ticks after a few runs and after many, which a sensor has asked for.
fn ticks_after(large: usize) -> Result<(), Failed> {
    let mut sides = Vec::new();
    for runs in [SMALL, large] {
        let folder = tempfile::tempdir()?;
        let executor = open(folder.path(), Durability::ProcessCrash)?;
        let graph = graph(SMALL)?;
        report(&executor, SMALL)?;
        let sensor = Sensor::new("sensor", move |cx| {
            let total = Selection::parse("total").map_err(|error| error.to_string())?;
            let order = |number: usize| Order::new(number.to_string(), total.clone());
            let first = cx.cursor.is_none();
            let orders = (0..runs).filter(|_| first).map(order);
            Ok(Evaluation::new(orders).cursor("asked"))
        });
        let mut daemon = daemon(&executor, &graph, Some(sensor))?;
        daemon.tick(noon()?)?;
        daemon.settle()?;
        daemon.tick(noon()?)?;
        sides.push((folder, daemon, Vec::new()));
    }
    for round in 0..PAIRS {
        for (_, daemon, times) in &mut sides {
            let now = noon()? + i64::try_from(round)?.minutes();
            let begun = Instant::now();
            let beat = daemon.tick(now)?;
            times.push(begun.elapsed().as_secs_f64());
            assert!(beat.submitted.is_empty());
        }
    }
    let (few, many) = (median(&mut sides[0].2), median(&mut sides[1].2));
    report_growth(&format!("a tick after {large} runs"), few, many);
    Ok(())
}

fn backfill(partitions: usize) -> Result<(), Failed> {
    for partitions in [partitions / 10, partitions] {
        let folder = tempfile::tempdir()?;
        let executor = open(folder.path(), Durability::PowerLoss)?;
        let graph = graph(partitions)?;
        let record = BackfillRecord::new(
            "backfill",
            Selection::parse("raw or clean")?,
            (0..partitions).map(partition),
        );
        let begun = Instant::now();
        let progress = Backfill::request(&executor, &graph, record)?.run(|_| ())?;
        let each_ms = begun.elapsed().as_secs_f64() * 1e3 / partitions as f64;
        assert_eq!(progress.succeeded, partitions);
        println!(
            "backfill of {partitions} partitions: {each_ms:.2} ms a partition, bound 2 ms: {}",
            verdict(each_ms <= 2.0)
        );
    }
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "NOT MET" }
}

fn report_growth(what: &str, few: f64, many: f64) {
    println!(
        "{what}: {:.3} ms, {:.2} times the {:.3} ms of {SMALL} (medians of {PAIRS}), bound {GROWTH}: {}",
        many * 1e3,
        many / few,
        few * 1e3,
        verdict(many / few <= GROWTH)
    );
}
