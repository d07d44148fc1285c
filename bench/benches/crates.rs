//! asset-engine beside crates that do what it does: a chain of steps without work, each durable before the next
//! begins. They take turns, in mirrored order from block to block, and a block is a pair.
//!
//! Prints a table, and writes it between the markers in `bench/peers/README.md` when `ORCHBENCH_WRITE_TABLE=1`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use asset_engine::{
    Asset, AssetGraph, AssetKey, Executor, ExecutorOptions, Materialized, RunRequest, RunStatus,
    StepContext,
};
use orchbench_bench::keep_table;
use orchbench_evidence::document::number;
use orchbench_evidence::stats::{Pair, median, paired_ratio};

/// Blocks, and steps of a chain.
const FULL: (u32, usize) = (6, 500);
const QUICK: (u32, usize) = (3, 50);

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
    let quick = std::env::args().any(|word| word == "--quick");
    let (blocks, steps) = if quick { QUICK } else { FULL };
    let peers = build()?;
    let mut lines = vec![HEAD.to_owned()];
    for (name, kept) in PEERS {
        let mut pairs = Vec::new();
        for block in 0..blocks {
            let folder = tempfile::tempdir()?;
            let own = || asset_engine_s(steps, &folder.path().join("catalog.db"));
            let other = || peer_s(&peers, (name, steps), folder.path());
            let (own, other) = match block % 2 {
                0 => (own()?, other()?),
                _ => {
                    let other = other()?;
                    (own()?, other)
                }
            };
            let ms = |seconds: f64| vec![seconds * 1e3 / steps as f64];
            println!("block {block}: asset-engine {own:.3} s, {name} {other:.3} s");
            pairs.push(Pair {
                block,
                name: format!("block {block}"),
                a: ms(other),
                b: ms(own),
            });
        }
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

fn row(name: &str, kept: &str, pairs: &[Pair]) -> Result<String> {
    let ratio = paired_ratio(pairs).context("no pair")?;
    let interval = ratio.interval.context("too few pairs")?;
    let side = |of: fn(&Pair) -> f64| {
        let values: Vec<f64> = pairs.iter().map(of).collect();
        median(&values).map_or("–".to_owned(), number)
    };
    Ok(format!(
        "| {name} | {kept} | {} | {} | {} ({} to {}) | {} |",
        side(|pair| pair.a[0]),
        side(|pair| pair.b[0]),
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

fn peer_s(program: &Path, (name, steps): (&str, usize), folder: &Path) -> Result<f64> {
    let output = Command::new(program)
        .args([name, &steps.to_string()])
        .arg(folder)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {said}");
    let seconds = String::from_utf8(output.stdout)?;
    seconds.trim().parse().with_context(|| name.to_owned())
}

fn asset_engine_s(steps: usize, catalog: &Path) -> Result<f64> {
    let key = |index: usize| AssetKey::new(&format!("step-{index}"));
    let mut assets = Vec::with_capacity(steps);
    for index in 0..steps {
        let step = |_: &StepContext<'_>| Ok(Materialized::new("1"));
        let asset = Asset::new(key(index)?, step);
        assets.push(match index {
            0 => asset,
            _ => asset.depends_on(key(index - 1)?),
        });
    }
    let graph = Arc::new(AssetGraph::new(assets)?);
    let executor = Executor::open(catalog, ExecutorOptions::default())?;
    let begun = Instant::now();
    let outcome = executor.run(RunRequest::new("run", graph))?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(outcome.status == RunStatus::Success, "{outcome:?}");
    Ok(seconds)
}
