//! `orchbench assets approve SOURCE` and `reject`: a person's word on the newest marts, recorded
//! beside whoever executes.

use orchbench_assets::Verdict;
use serde_json::json;

use super::location::{Location, Turn};
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
    _turn: Turn,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(args: Args, verdict: Verdict) -> anyhow::Result<Exit> {
    let assets = args.location.read(&args.name)?;
    let word = orchbench_assets::word(
        &assets.catalog()?,
        &assets.source,
        verdict,
        &args.by,
        args.why.as_deref(),
    )?;
    assets.recorder()?.record_all([word.clone()])?;
    if args.json {
        output::json(&json!({
            "asset": word.asset, "data_version": word.data_version, "metadata": word.metadata
        }))?;
    } else {
        output::line(&format!("{}: {}", word.asset, word.data_version));
    }
    Ok(Exit::Done)
}
