//! The asset engine against real Dagster on a SQLite instance (`pipelines/dagster/noop.py`), on the
//! same graphs of steps without work: a fresh process and store a run, one step at a time on both,
//! as Dagster's in-process executor works; the run alone is timed. Events, syncs, writes and bytes a
//! step are the growth between a small and a large graph, so that what a store costs once is left
//! out; they come from runs of their own, as strace slows what it counts.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use asset_engine::{Durability, Executor, ExecutorOptions, RunRequest};
use orchbench_assets::noop_graph;
use serde::Deserialize;

use super::{paired, report};

const SMALL: u32 = 20;
const LARGE: u32 = 100;
/// "At least 50 times faster a step", as a ratio of times.
const BOUND: f64 = 1.0 / 50.0;
const COUNTED: [&str; 4] = ["fsync", "fdatasync", "write", "pwrite64"];

/// What a run of either engine tells.
#[derive(Deserialize)]
struct Told {
    seconds: f64,
    events: u64,
}

/// What one step costs a store.
struct Cost {
    events: f64,
    syncs: f64,
    writes: f64,
    bytes: f64,
}

/// Prints the ratio for a chain and a fan-out, with what a step costs each store.
pub fn steps_against_dagster(python: &str) -> anyhow::Result<()> {
    let import = Command::new(python).args(["-c", "import dagster"]).output();
    if !import.is_ok_and(|output| output.status.success()) {
        println!(
            "durable asset step against real Dagster: not run: {python} has no dagster (pip install -r pipelines/dagster/requirements.txt; ORCHBENCH_PYTHON)"
        );
        return Ok(());
    }
    for shape in ["chain", "fan_out"] {
        let step_ms = |command: Command| Ok(run(command)?.seconds * 1e3 / f64::from(LARGE));
        let mut pairs = paired(
            || in_folder(|folder| step_ms(ours(shape, LARGE, folder)?)),
            || in_folder(|folder| step_ms(theirs(python, shape, LARGE, folder))),
        )?;
        report(
            &format!(
                "durable asset step, {shape} of {LARGE}, one at a time, against real Dagster's on a SQLite instance"
            ),
            "ms",
            &mut pairs,
            BOUND,
        );
        print_cost("asset-engine", |steps, folder| ours(shape, steps, folder))?;
        print_cost("Dagster", |steps, folder| {
            Ok(theirs(python, shape, steps, folder))
        })?;
    }
    Ok(())
}

fn in_folder<T>(run: impl FnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let folder = tempfile::tempdir()?;
    run(folder.path())
}

fn ours(shape: &str, steps: u32, folder: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["child-noop", shape, &steps.to_string()]);
    command.arg(folder);
    Ok(command)
}

fn theirs(python: &str, shape: &str, steps: u32, folder: &Path) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../pipelines/dagster/noop.py");
    let mut command = Command::new(python);
    command
        .args([script, shape, &steps.to_string()])
        .arg(folder);
    command
}

fn run(mut command: Command) -> anyhow::Result<Told> {
    let output = command.output()?;
    anyhow::ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn print_cost(
    engine: &str,
    command: impl Fn(u32, &Path) -> anyhow::Result<Command>,
) -> anyhow::Result<()> {
    let has_strace = Command::new("strace").arg("-V").output().is_ok();
    if !has_strace {
        println!("  {engine}: syncs and bytes not counted: no strace on PATH");
        return Ok(());
    }
    let small = in_folder(|folder| counted(&command(SMALL, folder)?, folder))?;
    let large = in_folder(|folder| counted(&command(LARGE, folder)?, folder))?;
    let a_step = |of: fn(&Cost) -> f64| (of(&large) - of(&small)) / f64::from(LARGE - SMALL);
    println!(
        "  {engine}, a step: {:.2} events, {:.2} fsync and fdatasync, {:.1} write and pwrite64, {:.0} bytes of store",
        a_step(|cost| cost.events),
        a_step(|cost| cost.syncs),
        a_step(|cost| cost.writes),
        a_step(|cost| cost.bytes),
    );
    Ok(())
}

/// Runs a command under strace and weighs the folder that it leaves.
fn counted(command: &Command, folder: &Path) -> anyhow::Result<Cost> {
    let table = tempfile::NamedTempFile::new()?;
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-c", "-e", &format!("trace={}", COUNTED.join(","))])
        .arg("-o")
        .arg(table.path())
        .arg(command.get_program())
        .args(command.get_args());
    let told = run(strace)?;
    let table = std::fs::read_to_string(table.path())?;
    let calls = |name: &str| -> anyhow::Result<f64> {
        // "% time, seconds, usecs/call, calls, errors (may be empty), syscall"
        let columns = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|columns| columns.len() >= 5 && columns.last() == Some(&name));
        columns.map_or(Ok(0.0), |columns| {
            columns[3]
                .parse()
                .with_context(|| format!("strace: {name}"))
        })
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "events and bytes of a short run are far below 2^52"
    )]
    Ok(Cost {
        events: told.events as f64,
        syncs: calls("fsync")? + calls("fdatasync")?,
        writes: calls("write")? + calls("pwrite64")?,
        bytes: bytes_of(folder)? as f64,
    })
}

fn bytes_of(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        bytes += if kind.is_dir() {
            bytes_of(&entry.path())?
        } else {
            kind.len()
        };
    }
    Ok(bytes)
}

/// The run of the asset engine, in a process of its own.
pub fn child_noop(words: &[String]) -> anyhow::Result<()> {
    let [shape, steps, folder] = words else {
        anyhow::bail!("expected a shape, a number of steps and a folder, found {words:?}");
    };
    let graph = Arc::new(noop_graph(shape.parse()?, steps.parse()?)?);
    let options = ExecutorOptions::default()
        .concurrency(1)
        .durability(Durability::PowerLoss);
    let executor = Executor::open(Path::new(folder).join("catalog.sqlite"), options)?;
    let begun = Instant::now();
    executor.run(RunRequest::new("run", graph))?;
    let seconds = begun.elapsed().as_secs_f64();
    let events = executor.catalog().events("run")?.len();
    println!(
        "{}",
        serde_json::json!({ "seconds": seconds, "events": events })
    );
    Ok(())
}
