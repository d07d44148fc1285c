//! `orchbench assets observe SELECTION`: look at what is made elsewhere.

use asset_engine::{Catalog, Mode};
use serde_json::{Value, json};

use super::location::{Execution, Location};
use crate::cli::materialize::{execute, exit, tell};
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which observed assets, such as `my-source` or `my-source/input/flights`.
    selection: String,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let assets = args.location.open(&args.selection, true)?;
    let selection = assets.select(&args.selection)?;
    let run = format!("observe-{}", jiff::Timestamp::now());
    let config = json!({ "source": assets.source });
    let waited = execute(
        &assets,
        args.execution,
        &run,
        selection,
        Mode::Observe,
        config,
    )?;
    if args.json {
        let seen = observations(&assets.catalog()?, &run)?;
        let status = waited.outcome.status;
        output::json(&json!({ "run": run, "status": status, "observations": seen }))?;
    } else {
        tell(&waited.outcome);
    }
    Ok(exit(&waited))
}

fn observations(catalog: &Catalog, run: &str) -> anyhow::Result<Vec<Value>> {
    let events = catalog.events(run)?;
    let seen = events.iter().filter_map(|record| match &record.event {
        asset_engine::Event::Observed(seen) => Some(seen),
        _ => None,
    });
    let as_json = |seen: &std::sync::Arc<asset_engine::Observation>| {
        json!({
            "asset": seen.asset,
            "partition": seen.partition.as_deref(),
            "data_version": seen.data_version,
        })
    };
    Ok(seen.map(as_json).collect())
}
