//! `orchbench assets lineage ASSET`: what it is made from, and what is made from it.

use asset_engine::{Lineage, LineageNode};
use clap::ValueEnum;

use super::location::{Assets, Location};
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Key of the asset, such as `my-source/marts`.
    asset: String,
    /// The lineage of this partition, or of the one piece of an unpartitioned asset (`.`), by the
    /// versions that were read; without it, that of the definitions.
    #[arg(long)]
    partition: Option<String>,
    /// Layers upstream; all of them by default.
    #[arg(long, default_value_t = u32::MAX)]
    up: u32,
    /// Layers downstream; all of them by default.
    #[arg(long, default_value_t = u32::MAX)]
    down: u32,
    /// Leave out what follows from other edges.
    #[arg(long)]
    reduced: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print as JSON.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    location: Location,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each asset or piece, with what it reads.
    Text,
    /// Graphviz.
    Dot,
    /// A Mermaid flowchart.
    Mermaid,
    /// A picture.
    Svg,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let assets = args.location.read(&args.asset)?;
    let lineage = lineage(
        &assets,
        &args.asset,
        args.partition.as_deref(),
        args.up,
        args.down,
    )?;
    let lineage = if args.reduced {
        lineage.reduced()
    } else {
        lineage
    };
    if args.json {
        output::json(&lineage)?;
        return Ok(Exit::Done);
    }
    output::line(
        match args.format {
            Format::Text => text(&lineage),
            Format::Dot => lineage.to_dot(),
            Format::Mermaid => lineage.to_mermaid(),
            Format::Svg => lineage.to_svg(),
        }
        .trim_end(),
    );
    Ok(Exit::Done)
}

fn lineage(
    assets: &Assets,
    asset: &str,
    partition: Option<&str>,
    up: u32,
    down: u32,
) -> anyhow::Result<Lineage> {
    let key = &assets.asset(asset)?.key;
    let found = match partition {
        None => Lineage::of_asset(&assets.graph, key, up, down),
        Some(partition) => {
            let piece = (key, Some(partition).filter(|key| *key != "."));
            Lineage::of_piece(&assets.graph, &assets.catalog()?, piece, up, down)
        }
    };
    Ok(found?)
}

fn text(lineage: &Lineage) -> String {
    let lines = lineage.nodes.iter().enumerate().map(|(at, node)| {
        let mark = if node.focus { "* " } else { "  " };
        let version = node
            .data_version
            .as_deref()
            .map_or(String::new(), |version| format!(" at {version}"));
        let reads: Vec<String> = lineage
            .edges
            .iter()
            .filter(|edge| edge.to == at)
            .map(|edge| {
                let from = &lineage.nodes[edge.from];
                // What was read may have been replaced since.
                let old = edge
                    .data_version
                    .as_ref()
                    .filter(|read| Some(*read) != from.data_version.as_ref());
                let old = old.map_or(String::new(), |read| format!(" at {read}"));
                format!("{}{old}", name(from))
            })
            .collect();
        let reads = if reads.is_empty() {
            String::new()
        } else {
            format!(" <- {}", reads.join(", "))
        };
        format!("{mark}{}{version}{reads}", name(node))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn name(node: &LineageNode) -> String {
    match &node.partition {
        Some(partition) => format!("{} {partition}", node.asset),
        None => node.asset.to_string(),
    }
}
