//! `orchbench materialize SOURCE`: the ETL's assets on the asset engine, by hand.

use std::sync::Arc;

use asset_engine::{Durability, Executor, ExecutorOptions, Lock};
use orchbench_assets::GraphOptions;
use orchbench_etl::Etl;

use super::worker::Surroundings;
use crate::exit::{Exit, UsageError};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The source, such as `my-source`.
    source: String,
    /// Id of the run; the same id again resumes a run that did not end.
    #[arg(long)]
    run: Option<String>,
    /// Steps in work at a time.
    #[arg(long, default_value_t = 8)]
    concurrency: usize,
    /// Wait when another process executes on the same catalog, instead of an error.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    surroundings: Surroundings,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let (config, _catalogue) = args.surroundings.open()?;
    let catalog = config.work_dir.join("catalog.sqlite");
    let etl = Arc::new(Etl::open(config)?);
    etl.sources()
        .get(&args.source)
        .map_err(|error| UsageError(error.to_string()))?;
    let executor = Executor::open(
        &catalog,
        ExecutorOptions::default()
            .concurrency(args.concurrency)
            .durability(Durability::PowerLoss)
            .lock(if args.wait { Lock::Wait } else { Lock::Fail }),
    )?;
    let run = args
        .run
        .unwrap_or_else(|| format!("materialize-{}", jiff::Timestamp::now()));
    let summary = orchbench_assets::run(
        &executor,
        &etl,
        &run,
        &args.source,
        &GraphOptions::default(),
    )?;
    output::json(&summary)?;
    Ok(Exit::Done)
}
