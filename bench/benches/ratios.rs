//! The ratios that the design promises, each from one run and in pairs (A B B A …), with
//! the bound beside it. A bound that is not met is printed as such; nothing here fails.
//!
//! - the whole year's extract, transform and check by plain calls against Polars in Python
//!   (`bench/year/polars_year.py`; the Python that ORCHBENCH_PYTHON names, else `python3`),
//! - a durable asset step without work against one bare SQLite transaction,
//! - the memory of a whole-year run.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use asset_engine::{Durability, Executor, ExecutorOptions, RunRequest};
use orchbench_assets::{GraphOptions, noop_graph};
use orchbench_bench::{in_turns, is_quick};
use orchbench_etl::Shape;
use orchbench_etl::{Etl, EtlConfig};

const STEPS: u32 = 500;
/// Rows of the year, from the CSV itself.
const FLIGHTS: u64 = 336_776;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("child-year") => return child_year(&words[2]),
        Some("child-run") => return child_run(&words[2]),
        _ => {}
    }
    step_against_transaction()?;
    year_against_python()?;
    memory_of_a_year()
}

/// Prints the median of the pairs' ratios and whether it meets the bound.
fn report(what: &str, unit: &str, pairs: &mut [(f64, f64)], bound: f64) {
    pairs.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let ratio = |pair: &(f64, f64)| pair.0 / pair.1;
    let (low, middle, high) = (&pairs[0], &pairs[pairs.len() / 2], &pairs[pairs.len() - 1]);
    let verdict = if ratio(middle) <= bound {
        "met"
    } else {
        "NOT MET"
    };
    println!(
        "{what}: {:.3} {unit} against {:.3} {unit}: ratio {:.2} ({:.2} to {:.2} in {} pairs); bound {bound}: {verdict}",
        middle.0,
        middle.1,
        ratio(middle),
        ratio(low),
        ratio(high),
        pairs.len()
    );
}

fn step_against_transaction() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let options = ExecutorOptions::default()
        .concurrency(64)
        .durability(Durability::PowerLoss);
    let executor = Executor::open(folder.path().join("catalog.sqlite"), options)?;
    let connection = rusqlite::Connection::open(folder.path().join("bare.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);",
    )?;
    let mut run = 0;
    for (name, shape) in [("chain", Shape::Chain), ("fan-out", Shape::FanOut)] {
        let graph = Arc::new(noop_graph(shape, STEPS, &GraphOptions::default())?);
        let steps = || {
            run += 1;
            let id = format!("{name}-{run}");
            let begun = Instant::now();
            executor.submit(RunRequest::new(id.as_str(), Arc::clone(&graph)))?;
            executor.wait(&id)?;
            Ok(begun.elapsed().as_secs_f64() * 1e3 / f64::from(STEPS))
        };
        let transactions = || {
            let begun = Instant::now();
            for _ in 0..STEPS {
                connection.execute("INSERT INTO t (v) VALUES (?1)", ["a row"])?;
            }
            Ok(begun.elapsed().as_secs_f64() * 1e3 / f64::from(STEPS))
        };
        let what =
            format!("durable asset step, {name} of {STEPS}, against one bare SQLite transaction");
        report(
            &what,
            "ms",
            &mut in_turns(pairs(), steps, transactions)?,
            2.0,
        );
    }
    Ok(())
}

fn year_against_python() -> anyhow::Result<()> {
    let python = std::env::var("ORCHBENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_polars = Command::new(&python)
        .args(["-c", "import polars"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_polars {
        println!(
            "whole year against Polars in Python: not run: {python} has no polars (pip install polars; ORCHBENCH_PYTHON)"
        );
        return Ok(());
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/year/polars_year.py");
    let data = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../pipelines/etl/data/nycflights13"
    );
    let ours = || {
        let folder = tempfile::tempdir()?;
        Ok(child(&["child-year", &folder.path().display().to_string()])?.0)
    };
    let theirs = || {
        let folder = tempfile::tempdir()?;
        let output = Command::new(&python)
            .args([script, data])
            .arg(folder.path())
            .output()?;
        anyhow::ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        anyhow::ensure!(
            answer["rows"] == FLIGHTS,
            "Python: expected {FLIGHTS} rows, found {}",
            answer["rows"]
        );
        answer["seconds"].as_f64().context("Python: no seconds")
    };
    let mut pairs = in_turns(pairs(), ours, theirs)?;
    report(
        "whole year, extract + transform + check of 365 partitions, plain calls against Polars in Python",
        "s",
        &mut pairs,
        1.5,
    );
    Ok(())
}

fn memory_of_a_year() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (seconds, peak_mib) = child(&["child-run", &folder.path().display().to_string()])?;
    let verdict = if peak_mib < 1024.0 { "met" } else { "NOT MET" };
    println!(
        "whole-year run by plain calls, load and publish included: {seconds:.1} s, peak memory {peak_mib:.0} MiB; bound 1024: {verdict}"
    );
    Ok(())
}

/// Runs this program as a child and reads its seconds and its peak memory in MiB.
fn child(words: &[&str]) -> anyhow::Result<(f64, f64)> {
    let output = Command::new(std::env::current_exe()?)
        .args(words)
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: (f64, f64) = serde_json::from_slice(&output.stdout)?;
    Ok(answer)
}

fn answer(begun: Instant) -> anyhow::Result<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak_kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
        .context("no VmHWM in /proc/self/status")?;
    println!(
        "{}",
        serde_json::to_string(&(begun.elapsed().as_secs_f64(), peak_kib / 1024.0))?
    );
    Ok(())
}

fn etl(folder: &str, catalogue_url: Option<String>) -> anyhow::Result<Etl> {
    Ok(Etl::open(EtlConfig {
        catalogue_url,
        ..EtlConfig::new(folder, format!("sqlite:{folder}/warehouse.sqlite"))
    })?)
}

/// From the zipped input to the last check, as the Python script does it.
fn child_year(folder: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    let days = etl(folder, None)?.prepare("year", "all", threads())?;
    let rows: u64 = days.iter().map(|day| day.checked.rows).sum();
    anyhow::ensure!(rows == FLIGHTS, "expected {FLIGHTS} rows, found {rows}");
    answer(begun)
}

fn child_run(folder: &str) -> anyhow::Result<()> {
    let service = orchbench_etl::catalogue::CatalogueService::start(
        &std::path::Path::new(folder).join("receipts.jsonl"),
    )?;
    let begun = Instant::now();
    let summary =
        etl(folder, Some(service.url().to_owned()))?.run_direct("year", "all", threads())?;
    anyhow::ensure!(
        summary.loaded == FLIGHTS,
        "expected {FLIGHTS} rows, found {}",
        summary.loaded
    );
    answer(begun)
}

fn pairs() -> usize {
    if is_quick() { 1 } else { 3 }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
