//! `orchbench assets why ASSET`: why is it stale?

use asset_engine::{Partitions, StaleReason, why};
use serde_json::json;

use super::location::Location;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Key of the asset, such as `my-source/warehouse`.
    asset: String,
    /// Its partition, or a range with both ends; by default all of them.
    #[arg(long)]
    partition: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let assets = args.location.read(&args.asset)?;
    let asset = assets.asset(&args.asset)?;
    let catalog = assets.catalog()?;
    let partitions: Vec<Option<String>> = match (&args.partition, &asset.partitions) {
        (Some(text), _) => assets.partitions(text)?.into_iter().map(Some).collect(),
        (None, Partitions::Unpartitioned) => vec![None],
        (None, Partitions::Keys(keys)) => keys.iter().map(|key| Some(key.to_string())).collect(),
    };
    let mut pieces = Vec::new();
    for partition in partitions {
        let reasons = why(&assets.graph, &catalog, &asset.key, partition.as_deref())?;
        pieces.push((partition, reasons));
    }
    if args.json {
        let told: Vec<_> = pieces
            .iter()
            .map(|(partition, reasons)| json!({ "partition": partition, "why": reasons }))
            .collect();
        output::json(&json!({ "asset": asset.key, "pieces": told }))?;
        return Ok(Exit::Done);
    }
    for (partition, reasons) in pieces {
        let piece = match partition {
            Some(partition) => format!("{} {partition}", asset.key),
            None => asset.key.to_string(),
        };
        tell(&piece, &reasons);
    }
    Ok(Exit::Done)
}

fn tell(piece: &str, reasons: &[StaleReason]) {
    if reasons.is_empty() {
        output::line(&format!("{piece}: fresh"));
    }
    for reason in reasons {
        output::line(&format!("{piece}: stale: {reason}"));
    }
}
