//! The processes that do an engine's work, one file an engine: what
//! `orchbench worker ENGINE` runs.
//!
//! A worker is the unit of replication and of killing: it holds nothing that its engine
//! does not store elsewhere, and dies with its parent.

mod asset_engine;
mod direct;
mod serve;
mod temporal;

pub use serve::{Runs, serve};

use crate::engine::WorkerConfig;

/// Runs the worker of an engine to its end.
pub fn run(engine: &str, config: WorkerConfig) -> anyhow::Result<()> {
    match engine {
        "direct" => direct::run(config),
        "asset-engine" => asset_engine::run(config),
        "temporal" => temporal::run(config),
        other => anyhow::bail!(
            "unknown engine {other}: expected one of {}",
            crate::engine::names().join(", ")
        ),
    }
}
