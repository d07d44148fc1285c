//! `orchbench assets approve SOURCE` and `reject`: a person's word on the newest marts.

use orchbench_assets::Verdict;
use serde_json::json;

use super::location::{Execution, Location};
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The source whose marts the word is about.
    #[arg(value_name = "SOURCE")]
    name: String,
    /// Who says so.
    #[arg(long)]
    by: String,
    /// Why.
    #[arg(long)]
    why: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(args: Args, verdict: Verdict) -> anyhow::Result<Exit> {
    let assets = args.location.open(&args.name, false)?;
    let executor = assets.executor(args.execution)?;
    let word = orchbench_assets::word(
        executor.catalog(),
        &assets.source,
        verdict,
        &args.by,
        args.why.as_deref(),
    )?;
    executor.record_all([word.clone()])?;
    if args.json {
        output::json(&json!({
            "asset": word.asset, "data_version": word.data_version, "metadata": word.metadata
        }))?;
    } else {
        output::line(&format!("{}: {}", word.asset, word.data_version));
    }
    Ok(Exit::Done)
}
