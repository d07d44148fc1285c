//! A step without work against one of real Dagster on a SQLite instance
//! (`pipelines/dagster/noop.py`): the same graphs, a fresh process and store for each run, one step
//! at a time on both, as Dagster's in-process executor works; the run alone is timed, in pairs (A B,
//! B A, …). Beside the ratio stands what a step costs each store: the growth between a small and a
//! large graph, so that what a store costs once is left out, counted in runs of their own, as strace
//! slows what it counts. A bound that is not met is printed as such; nothing here fails.
//!
//! `cargo bench -p asset-engine --bench dagster [-- --quick]`, with the Python that `ORCHBENCH_PYTHON` names.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Executor, ExecutorOptions, Materialized, RunRequest, RunStatus,
    StepContext, StepFailure,
};
use serde::Deserialize;

type Failed = Box<dyn Error>;

const PAIRS: usize = 3;
const SMALL: u32 = 20;
const LARGE: u32 = 100;
/// At least so many times faster a step.
const BOUND: f64 = 50.0;
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dagster/noop.py");

/// What a run of either engine tells.
#[derive(Deserialize)]
struct Told {
    seconds: f64,
    events: u64,
}

/// What a run costs a store.
struct Cost {
    events: u64,
    syncs: u64,
    writes: u64,
    bytes: u64,
}

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [child, shape, steps, folder] = words.as_slice()
        && child == "child"
    {
        return execute(shape, steps.parse()?, Path::new(folder));
    }
    let python = std::env::var("ORCHBENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python)
        .args(["-c", "import dagster"])
        .output();
    if !import.is_ok_and(|output| output.status.success()) {
        println!(
            "not run: {python} has no dagster (pip install -r pipelines/dagster/requirements.lock; ORCHBENCH_PYTHON)"
        );
        return Ok(());
    }
    let quick = words.iter().any(|word| word == "--quick");
    for shape in ["chain", "fan-out"] {
        let mut pairs = Vec::new();
        for pair in 0..if quick { 1 } else { PAIRS } {
            let first = (pair % 2 != 0)
                .then(|| theirs(&python, shape, LARGE))
                .transpose()?;
            let own = ours(shape, LARGE)?;
            let second = first.map_or_else(|| theirs(&python, shape, LARGE), Ok)?;
            pairs.push((own, second));
        }
        report(shape, &mut pairs);
        print_cost("asset-engine", &|steps, folder| {
            own_command(shape, steps, folder)
        });
        print_cost("Dagster", &|steps, folder| {
            Ok(dagster(&python, shape, steps, folder))
        });
    }
    Ok(())
}

/// Prints how many times faster a step is, by the median of the pairs.
fn report(shape: &str, pairs: &mut [(f64, f64)]) {
    let times = |pair: &(f64, f64)| pair.1 / pair.0;
    pairs.sort_by(|a, b| times(a).total_cmp(&times(b)));
    let middle = &pairs[pairs.len() / 2];
    let step_ms = |seconds: f64| seconds * 1e3 / f64::from(LARGE);
    println!(
        "durable {shape} of {LARGE}, one at a time: {:.3} ms a step against {:.2} ms on Dagster: {:.0} times faster ({:.0} to {:.0} in {} pairs), bound {BOUND}: {}",
        step_ms(middle.0),
        step_ms(middle.1),
        times(middle),
        times(&pairs[0]),
        times(&pairs[pairs.len() - 1]),
        pairs.len(),
        if times(middle) >= BOUND {
            "met"
        } else {
            "NOT MET"
        }
    );
}

fn own_command(shape: &str, steps: u32, folder: &Path) -> Result<Command, Failed> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["child", shape, &steps.to_string()])
        .arg(folder);
    Ok(command)
}

fn dagster(python: &str, shape: &str, steps: u32, folder: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .args([SCRIPT, shape, &steps.to_string()])
        .arg(folder);
    command
}

fn ours(shape: &str, steps: u32) -> Result<f64, Failed> {
    let folder = tempfile::tempdir()?;
    Ok(told(own_command(shape, steps, folder.path())?)?.seconds)
}

fn theirs(python: &str, shape: &str, steps: u32) -> Result<f64, Failed> {
    let folder = tempfile::tempdir()?;
    Ok(told(dagster(python, shape, steps, folder.path()))?.seconds)
}

fn told(mut command: Command) -> Result<Told, Failed> {
    let output = command.output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}: {stderr}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn print_cost(engine: &str, command: &dyn Fn(u32, &Path) -> Result<Command, Failed>) {
    let cost = |steps| -> Result<Cost, Failed> {
        let folder = tempfile::tempdir()?;
        counted(&command(steps, folder.path())?, folder.path())
    };
    match (cost(SMALL), cost(LARGE)) {
        (Ok(small), Ok(large)) => {
            let a_step = |of: fn(&Cost) -> u64| {
                let grown = of(&large).saturating_sub(of(&small));
                grown as f64 / f64::from(LARGE - SMALL)
            };
            println!(
                "  {engine}, a step: {:.2} events, {:.2} fsync and fdatasync, {:.1} write and pwrite64, {:.0} bytes of store",
                a_step(|cost| cost.events),
                a_step(|cost| cost.syncs),
                a_step(|cost| cost.writes),
                a_step(|cost| cost.bytes),
            );
        }
        (Err(error), _) | (_, Err(error)) => println!("  {engine}: not counted: {error}"),
    }
}

/// Runs a command under strace and weighs the folder that it leaves.
fn counted(command: &Command, folder: &Path) -> Result<Cost, Failed> {
    let counts = tempfile::NamedTempFile::new()?;
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-c",
            "-e",
            "trace=fsync,fdatasync,write,pwrite64",
            "-o",
        ])
        .arg(counts.path())
        .arg(command.get_program())
        .args(command.get_args());
    let told = told(strace)?;
    // Columns: % time, seconds, usecs/call, calls, [errors,] syscall.
    let text = std::fs::read_to_string(counts.path())?;
    let calls = |name: &str| -> u64 {
        let columns = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut own = columns.filter(|columns| columns.last() == Some(&name));
        own.find_map(|columns| columns.get(3)?.parse().ok())
            .unwrap_or(0)
    };
    Ok(Cost {
        events: told.events,
        syncs: calls("fsync") + calls("fdatasync"),
        writes: calls("write") + calls("pwrite64"),
        bytes: weight(folder)?,
    })
}

/// Bytes of all files below a folder.
fn weight(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            weight(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

/// The run of this engine, in a process of its own.
fn execute(shape: &str, steps: u32, folder: &Path) -> Result<(), Failed> {
    let noop =
        |_: &StepContext<'_>| -> Result<Materialized, StepFailure> { Ok(Materialized::new("1")) };
    let key = |number: u32| AssetKey::new(&format!("noop-{number:07}"));
    let mut assets = Vec::new();
    for number in 0..steps {
        let asset = Asset::new(key(number)?, noop);
        assets.push(match number {
            1.. if shape == "chain" => asset.depends_on(key(number - 1)?),
            _ => asset,
        });
    }
    let graph = Arc::new(AssetGraph::new(assets)?);
    // Safe against power loss, as Dagster's SQLite is.
    let options = ExecutorOptions::default().concurrency(1);
    let executor = Executor::open(folder.join("catalog.db"), options)?;
    let begun = Instant::now();
    let outcome = executor.run(RunRequest::new("run", graph))?;
    let seconds = begun.elapsed().as_secs_f64();
    if outcome.status != RunStatus::Success {
        return Err(format!("{:?}", outcome.failures).into());
    }
    let events = executor.catalog().events("run")?.len();
    println!(
        "{}",
        serde_json::json!({ "seconds": seconds, "events": events })
    );
    Ok(())
}
