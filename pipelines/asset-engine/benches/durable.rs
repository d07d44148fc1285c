//! What a step without work costs, measured and held against its bounds: in memory, and durable
//! (WAL, synchronous=FULL, success acknowledged after fsync) against single bare SQLite transactions
//! of the same durability, in pairs of one run (A B, B A, …). A bound that is not met is printed as
//! such; nothing here fails.
//!
//! `cargo bench -p asset-engine --bench durable [-- STEPS | --quick]`, with `strace` for the count of fsyncs.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Executor, ExecutorOptions, Materialization, Materialized,
    RunRequest, RunStatus, Step, StepContext, StepFailure,
};

type Failed = Box<dyn Error>;

/// Pairs of a fan-out, which lies far below its bound, and of a `--quick` chain.
const FEW_PAIRS: usize = 7;
/// Pairs of a chain, which lies near its bound: on a busy machine a single pair says between 1.0 and 1.5.
const PAIRS: usize = 41;
const CONCURRENCY: usize = 64;
/// Steps of a chain, each of which waits for its own fsync.
const CHAIN: usize = 1000;
/// Materializations that are reported at once.
const REPORTS: usize = 2000;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let quick = words.iter().any(|word| word == "--quick");
    // Cargo adds a flag of its own.
    let words = words.iter().map(String::as_str);
    let words: Vec<&str> = words.filter(|word| !word.starts_with("--")).collect();
    if let ["child", what, steps] = words[..] {
        let folder = tempfile::tempdir()?;
        return Work::open(folder.path())?
            .by_name(what, steps.parse()?)
            .map(drop);
    }
    let all = if quick { 1_000 } else { 10_000 };
    let steps = words.first().map_or(Ok(all), |steps| steps.parse())?;
    in_memory(steps)?;
    let folder = tempfile::tempdir()?;
    let mut work = Work::open(folder.path())?;
    let chains = if quick { FEW_PAIRS } else { PAIRS };
    for (what, steps, count, bound) in [
        ("fan-out", steps, FEW_PAIRS, 0.1),
        ("chain", CHAIN, chains, 1.3),
    ] {
        // Once each before it counts: a write-ahead log that still grows costs more.
        work.by_name(what, steps)?;
        work.by_name("bare", steps)?;
        let mut pairs = Vec::new();
        for pair in 0..count {
            let (first, second) = if pair % 2 == 0 {
                (what, "bare")
            } else {
                ("bare", what)
            };
            let one = work.by_name(first, steps)?;
            let other = work.by_name(second, steps)?;
            pairs.push(if first == what {
                (one, other)
            } else {
                (other, one)
            });
        }
        report(
            &format!("durable {what} of {steps} steps against as many bare transactions"),
            steps,
            &mut pairs,
            bound,
        );
    }
    let seconds = work.by_name("report", REPORTS)?;
    println!(
        "{REPORTS} materializations reported in one commit: {:.1} ms",
        seconds * 1e3
    );
    // Opening makes the tables, which takes fsyncs too: what is done is counted as the difference.
    let empty = fsyncs("nothing", 0);
    for (what, steps) in [
        ("fan-out", steps),
        ("chain", CHAIN),
        ("bare", CHAIN),
        ("report", REPORTS),
    ] {
        match (&fsyncs(what, steps), &empty) {
            (Ok(all), Ok(empty)) => {
                println!("fsyncs of {what}, {steps}: {}", all.saturating_sub(*empty))
            }
            (Err(error), _) | (_, Err(error)) => println!("fsyncs of {what}: not counted: {error}"),
        }
    }
    Ok(())
}

/// A step without work.
struct Nothing;

impl Step for Nothing {
    fn execute(&self, _: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        Ok(Materialized::new("1"))
    }
}

fn key(index: usize) -> Result<AssetKey, Failed> {
    Ok(AssetKey::new(&format!("step-{index}"))?)
}

fn graph(what: &str, steps: usize) -> Result<Arc<AssetGraph>, Failed> {
    let step: Arc<dyn Step> = Arc::new(Nothing);
    let mut assets = Vec::with_capacity(steps);
    for index in 0..steps {
        let asset = Asset::shared(key(index)?, Arc::clone(&step));
        assets.push(match index {
            1.. if what == "chain" => asset.depends_on(key(index - 1)?),
            _ => asset,
        });
    }
    Ok(Arc::new(AssetGraph::new(assets)?))
}

/// Runs a graph and returns its seconds.
fn run(executor: &Executor, run: &str, graph: Arc<AssetGraph>) -> Result<f64, Failed> {
    let begun = Instant::now();
    let outcome = executor.run(RunRequest::new(run, graph))?;
    let seconds = begun.elapsed().as_secs_f64();
    if outcome.status == RunStatus::Success {
        Ok(seconds)
    } else {
        Err(format!("run {run}: {:?}", outcome.failures).into())
    }
}

fn in_memory(steps: usize) -> Result<(), Failed> {
    for what in ["chain", "fan-out"] {
        let mut all = Vec::new();
        for number in 0..5 {
            let options = ExecutorOptions::default().concurrency(CONCURRENCY);
            let executor = Executor::memory(options);
            all.push(run(
                &executor,
                &format!("run-{number}"),
                graph(what, steps)?,
            )?);
        }
        all.sort_by(f64::total_cmp);
        let micros = all[all.len() / 2] * 1e6 / steps as f64;
        println!(
            "{what} of {steps} steps in memory: {micros:.2} µs a step (median of {}), bound 10 µs: {}",
            all.len(),
            verdict(micros <= 10.0)
        );
    }
    Ok(())
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "NOT MET" }
}

/// Prints the median of the pairs' ratios, its 95 % interval (by the ranks of the ordered ratios) and whether the median meets the bound.
fn report(what: &str, steps: usize, pairs: &mut [(f64, f64)], bound: f64) {
    let ratio = |pair: &(f64, f64)| pair.0 / pair.1;
    pairs.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let middle = &pairs[pairs.len() / 2];
    let micros = |seconds: f64| seconds * 1e6 / steps as f64;
    // As many pairs lie below the true median as heads fall: n/2 and 1.96 standard deviations of √n/2 on each side.
    let half = pairs.len() as f64 / 2.0;
    let below = half - 1.96 * half.sqrt() / std::f64::consts::SQRT_2;
    let low = (below.floor() as usize).saturating_sub(1);
    println!(
        "{what}: {:.1} µs against {:.1} µs each: ratio {:.3} ({:.3} to {:.3} by {} pairs), bound {bound}: {}",
        micros(middle.0),
        micros(middle.1),
        ratio(middle),
        ratio(&pairs[low]),
        ratio(&pairs[pairs.len() - 1 - low]),
        pairs.len(),
        verdict(ratio(middle) <= bound)
    );
}

/// A durable executor, and a bare database beside it.
struct Work {
    executor: Executor,
    bare: rusqlite::Connection,
    runs: usize,
}

impl Work {
    fn open(folder: &Path) -> Result<Self, Failed> {
        let options = ExecutorOptions::default().concurrency(CONCURRENCY);
        let bare = rusqlite::Connection::open(folder.join("bare.db"))?;
        bare.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);",
        )?;
        Ok(Self {
            executor: Executor::open(folder.join("catalog.db"), options)?,
            bare,
            runs: 0,
        })
    }

    /// Does something and returns its seconds.
    fn by_name(&mut self, what: &str, several: usize) -> Result<f64, Failed> {
        self.runs += 1;
        match what {
            "nothing" => Ok(0.0),
            "bare" => {
                let begun = Instant::now();
                let mut insert = self.bare.prepare("INSERT INTO t (v) VALUES (?1)")?;
                for _ in 0..several {
                    insert.execute(["a row"])?;
                }
                Ok(begun.elapsed().as_secs_f64())
            }
            "report" => {
                let made = |index| Ok(Materialization::reported(key(index)?, None, "1", "1"));
                let reports: Vec<_> = (0..several).map(made).collect::<Result<_, Failed>>()?;
                let begun = Instant::now();
                self.executor.record_all(reports)?;
                Ok(begun.elapsed().as_secs_f64())
            }
            graph_of => run(
                &self.executor,
                &format!("run-{}", self.runs),
                graph(graph_of, several)?,
            ),
        }
    }
}

/// Does something in a process of its own and counts its fsyncs.
fn fsyncs(what: &str, steps: usize) -> Result<u64, Failed> {
    let counts = tempfile::NamedTempFile::new()?;
    let output = Command::new("strace")
        .args(["-f", "-c", "-e", "trace=fsync,fdatasync", "-o"])
        .arg(counts.path())
        .arg(std::env::current_exe()?)
        .args(["child", what, &steps.to_string()])
        .output()
        .map_err(|error| format!("strace: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    // Columns: % time, seconds, usecs/call, calls, [errors,] syscall.
    let text = std::fs::read_to_string(counts.path())?;
    let calls = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let name = *columns.last()?;
        (name == "fsync" || name == "fdatasync").then(|| columns[3].parse::<u64>().ok())?
    };
    Ok(text.lines().filter_map(calls).sum())
}
