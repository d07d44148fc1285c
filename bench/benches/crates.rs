//! asset-engine beside crates that do what it does: a chain of steps without work, each durable before the next
//! begins. They take turns, in mirrored order from block to block, and a block is a pair.
//!
//! Prints a table, and writes it between the markers in `bench/peers/README.md` when `ORCHBENCH_WRITE_TABLE=1`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use asset_engine::{Executor, ExecutorOptions, RunRequest, RunStatus};
use orchbench_assets::{GraphOptions, noop_graph};
use orchbench_bench::{in_turns, is_quick, keep_table};
use orchbench_etl::Shape;
use orchbench_evidence::document::number;
use orchbench_evidence::stats::{Pair, median, paired_ratio};

/// Blocks, and steps of a chain.
const FULL: (usize, u32) = (6, 500);
const QUICK: (usize, u32) = (3, 50);

/// The crates, each with how it keeps a step, in the words of its documentation or its code.
const PEERS: [(&str, &str); 2] = [
    (
        "dag-executor",
        "a file a step, `Durability::Durable`: fsync, rename, fsync of the folder",
    ),
    (
        "takeln",
        "a row a step in SQLite as it comes: rollback journal, synchronous=FULL",
    ),
];

const HEAD: &str = "| crate | how a step is kept | ms a step | asset-engine, ms a step | crate / asset-engine, 95 % interval | pairs |
|---|---|---|---|---|---|";

fn main() -> Result<()> {
    let quick = is_quick();
    let (blocks, steps) = if quick { QUICK } else { FULL };
    let peers = build()?;
    let mut lines = vec![HEAD.to_owned()];
    for (name, kept) in PEERS {
        let own = || asset_engine_ms(steps);
        let pairs = in_turns(blocks, || peer_ms(&peers, name, steps), own)?;
        println!("{name} and asset-engine, ms a step: {pairs:.3?}");
        lines.push(row(name, kept, &pairs)?);
    }
    let text = format!(
        "A chain of {steps} steps; asset-engine: WAL, synchronous=FULL, a commit a step.\n\n{}",
        lines.join("\n")
    );
    println!("\n{text}");
    if quick {
        return Ok(());
    }
    keep_table("bench/peers/README.md", "crates", &text)
}

fn row(name: &str, kept: &str, pairs: &[(f64, f64)]) -> Result<String> {
    let of_block = |(block, (a, b)): (u32, &(f64, f64))| Pair {
        block,
        name: format!("block {block}"),
        a: vec![*a],
        b: vec![*b],
    };
    let blocks: Vec<Pair> = (0..).zip(pairs).map(of_block).collect();
    let ratio = paired_ratio(&blocks).context("no pair")?;
    let interval = ratio.interval.context("too few pairs")?;
    let (peer, own): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let [peer, own] = [peer, own].map(|side| median(&side).map_or("–".to_owned(), number));
    Ok(format!(
        "| {name} | {kept} | {peer} | {own} | {} ({} to {}) | {} |",
        number(ratio.value),
        number(interval.low),
        number(interval.high),
        ratio.pairs
    ))
}

/// Builds the program of the crates; its dependencies are none of the workspace's.
fn build() -> Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/crates");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peer-crates");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&target)
        .current_dir(&package)
        .status()?;
    ensure!(built.success(), "cargo build of {}", package.display());
    Ok(target.join("release/orchbench-peer-crates"))
}

fn peer_ms(program: &Path, name: &str, steps: u32) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(program)
        .args([name, &steps.to_string()])
        .arg(folder.path())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {said}");
    let seconds = String::from_utf8(output.stdout)?.trim().parse::<f64>();
    Ok(seconds.with_context(|| name.to_owned())? * 1e3 / f64::from(steps))
}

fn asset_engine_ms(steps: u32) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let graph = noop_graph(Shape::Chain, steps, &GraphOptions::default())?;
    let catalog = folder.path().join("catalog.db");
    let executor = Executor::open(catalog, ExecutorOptions::default())?;
    let begun = Instant::now();
    let outcome = executor.run(RunRequest::new("run", Arc::new(graph)))?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(outcome.status == RunStatus::Success, "{outcome:?}");
    Ok(seconds * 1e3 / f64::from(steps))
}
