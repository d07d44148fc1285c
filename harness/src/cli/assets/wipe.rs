//! `orchbench assets wipe SELECTION`: forget what was made. The log keeps it; the data stays.

use asset_engine::{Plan, Report};
use serde_json::json;

use super::location::{Location, Turn};
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which assets.
    selection: String,
    /// Only this partition, or a range with both ends.
    #[arg(long)]
    partition: Option<String>,
    /// Really do it; without this, only say what would be wiped.
    #[arg(long)]
    yes: bool,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    _turn: Turn,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let assets = args.location.read(&args.selection)?;
    let selection = assets.select_in(&args.selection, args.partition.as_deref())?;
    let plan = Plan::new(&assets.graph, &selection)?;
    let catalog = assets.catalog()?;
    let mut pieces = Vec::new();
    for (asset, partition) in plan.iter(&assets.graph) {
        let made = catalog.latest(asset, partition.map(AsRef::as_ref))?;
        if made.is_some() {
            pieces.push((asset.clone(), partition.cloned()));
        }
    }
    if args.yes {
        let wiped = pieces.iter().map(|(asset, partition)| Report::Wiped {
            asset: asset.clone(),
            partition: partition.clone(),
        });
        assets.recorder()?.record_all(wiped)?;
    }
    if args.json {
        let listed: Vec<_> = pieces
            .iter()
            .map(|(asset, partition)| json!({ "asset": asset, "partition": partition.as_deref() }))
            .collect();
        output::json(&json!({ "wiped": args.yes, "pieces": listed }))?;
        return Ok(Exit::Done);
    }
    let done = if args.yes {
        "wiped"
    } else {
        "would be wiped (--yes wipes)"
    };
    output::line(&format!("{} pieces {done}", pieces.len()));
    Ok(Exit::Done)
}
