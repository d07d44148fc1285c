//! Temporal's Rust SDK beside its Go SDK: the Rust worker of this project and the Go worker of
//! `bench/peers/go`, with the same workflow of empty steps, the same limits and the same server.
//!
//! A trial is a fresh worker process on a task queue of its own: warm-up, then workflows in a closed
//! loop. The two workers take turns, in mirrored order from block to block (A B, B A, …), and a block
//! is a pair. What is compared is what the worker uses (not the server) and what it lets through.
//!
//! Prints a table, and writes it between the markers in `bench/peers/README.md` when
//! `ORCHBENCH_WRITE_TABLE=1`. Under `cargo test`, and with `-- --quick`, the trials are short: they
//! show that both workers do the same, and their figures decide nothing.

mod table;
mod trial;
mod worker;

use anyhow::{Context, Result, ensure};
use orchbench_bench::{is_quick, keep_table};
use orchbench_lab::process::TempFolder;
use orchbench_lab::server::{Choice, LocalServer, ServerSettings, ServerSpec, provision};

use self::trial::{Length, Stage, Trial};
use self::worker::Sdk;

/// Blocks, and so pairs; and how long a trial is.
struct Plan {
    blocks: u32,
    length: Length,
}

const FULL: Plan = Plan {
    blocks: 8,
    length: Length {
        most_warm_up_rounds: 12,
        workflows: 320,
    },
};

const QUICK: Plan = Plan {
    blocks: 3,
    length: Length {
        most_warm_up_rounds: 1,
        workflows: 32,
    },
};

fn main() -> Result<()> {
    // The Rust worker is this program itself (or the one that ORCHBENCH_BIN names), as with `orchbench`.
    orchbench::cli::serve_if_child();
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words
        .iter()
        .any(|word| !word.starts_with('-') && !"peers".contains(word.as_str()))
    {
        return Ok(());
    }
    let quick = is_quick();
    let Some(go_worker) = worker::build_go()? else {
        println!("peers: not run: no program named go on PATH");
        return Ok(());
    };
    let trials = measure(if quick { &QUICK } else { &FULL }, &go_worker)?;
    same_histories(&trials.list)?;
    let text = table::of(&trials);
    println!("\n{text}");
    if quick {
        println!("Short trials: these figures decide nothing.");
        return Ok(());
    }
    keep_table("bench/peers/README.md", "peers", &text)
}

/// The trials, and on what they were made.
pub struct Trials {
    list: Vec<Trial>,
    server_version: String,
}

fn measure(plan: &Plan, go_worker: &std::path::Path) -> Result<Trials> {
    let folder = TempFolder::create("peers")?;
    let provisioned = provision(&Choice::Cache, &|what, _| eprintln!("{what}"))?;
    // What users run: the server's own defaults.
    let spec =
        ServerSpec::new(folder.path().join("server")).settings(ServerSettings::server_defaults());
    let server = LocalServer::start(&provisioned, &spec)?;
    let stage = Stage::open(folder.path(), server.address(), go_worker)?;
    let mut list = Vec::new();
    for block in 0..plan.blocks {
        let order = match block % 2 {
            0 => [Sdk::Rust, Sdk::Go],
            _ => [Sdk::Go, Sdk::Rust],
        };
        for sdk in order {
            let trial = stage
                .trial(sdk, block, &plan.length)
                .with_context(|| format!("block {block}, {sdk} worker"))?;
            println!("block {block}, {trial}");
            list.push(trial);
        }
    }
    let server_version = server.versions().server.clone();
    server.stop()?;
    Ok(Trials {
        list,
        server_version,
    })
}

/// Both workers did the same work: their workflows have the same events.
fn same_histories(trials: &[Trial]) -> Result<()> {
    let Some((first, others)) = trials.split_first() else {
        return Ok(());
    };
    for trial in others {
        ensure!(
            trial.history == first.history,
            "a workflow's history: {} worker {:?}, {} worker {:?}",
            first.sdk,
            first.history,
            trial.sdk,
            trial.history
        );
    }
    Ok(())
}
