//! `orchbench assets status SELECTION`: what is materialized, missing and stale.

use std::collections::HashMap;

use asset_engine::{Asset, AssetKey, Catalog, Plan, StaleReason, StaleStep, staleness};
use serde::Serialize;
use serde_json::json;

use super::location::Location;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which assets, such as `my-source`.
    selection: String,
    /// Only this partition, or a range with both ends.
    #[arg(long)]
    partition: Option<String>,
    /// Print as JSON, every stale piece included.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    location: Location,
}

/// One asset.
#[derive(Default, Serialize)]
struct Row {
    asset: String,
    group: Option<String>,
    /// Made outside of the engine, and only observed.
    external: bool,
    /// Pieces asked about.
    pieces: usize,
    /// Never materialized.
    missing: usize,
    /// Materialized, and stale.
    stale: usize,
    /// The newest version of an unpartitioned asset; of an external one, as it was observed.
    data_version: Option<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let assets = args.location.read(&args.selection)?;
    let selection = assets.select_in(&args.selection, args.partition.as_deref())?;
    let catalog = assets.catalog()?;
    let plan = Plan::new(&assets.graph, &selection)?;
    let sources = Plan::observing(&assets.graph, &selection)?;
    let stale = staleness(&assets.graph, &catalog, &plan)?;
    let mut pieces: HashMap<&AssetKey, usize> = HashMap::new();
    for (asset, _) in plan.iter(&assets.graph).chain(sources.iter(&assets.graph)) {
        *pieces.entry(asset).or_default() += 1;
    }
    let rows = assets
        .graph
        .in_order()
        .filter_map(|asset| Some((asset, *pieces.get(&asset.key)?)))
        .map(|(asset, pieces)| row(&catalog, asset, pieces, &stale))
        .collect::<anyhow::Result<Vec<Row>>>()?;
    if args.json {
        let stale: Vec<_> = stale
            .iter()
            .map(|step| {
                json!({
                    "asset": step.asset,
                    "partition": step.partition,
                    "why": step.reason,
                })
            })
            .collect();
        output::json(&json!({ "source": assets.source, "assets": rows, "stale": stale }))?;
    } else {
        output::table(&table(&rows));
    }
    Ok(Exit::Done)
}

fn row(
    catalog: &Catalog,
    asset: &Asset,
    pieces: usize,
    stale: &[StaleStep],
) -> anyhow::Result<Row> {
    let of_asset = || stale.iter().filter(|step| step.asset == asset.key);
    let missing = of_asset()
        .filter(|step| step.reason == StaleReason::Missing)
        .count();
    let data_version = if asset.is_external() {
        let seen = catalog.observations_of(&asset.key)?;
        seen.first().map(|seen| seen.data_version.clone())
    } else if asset.partitions.is_partitioned() {
        None
    } else {
        let made = catalog.latest(&asset.key, None)?;
        made.map(|made| made.data_version.clone())
    };
    Ok(Row {
        asset: asset.key.to_string(),
        group: asset.group.clone(),
        external: asset.is_external(),
        pieces,
        missing,
        stale: of_asset().count() - missing,
        data_version,
    })
}

fn table(rows: &[Row]) -> Vec<Vec<String>> {
    let head = ["ASSET", "PIECES", "MATERIALIZED", "STALE", "DATA VERSION"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| {
        let (materialized, stale) = if row.external {
            ("external".to_owned(), "-".to_owned())
        } else {
            (
                (row.pieces - row.missing).to_string(),
                row.stale.to_string(),
            )
        };
        let version = row.data_version.as_deref().unwrap_or("-");
        vec![
            row.asset.clone(),
            row.pieces.to_string(),
            materialized,
            stale,
            version.chars().take(16).collect(),
        ]
    }));
    table
}
