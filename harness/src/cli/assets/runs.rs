//! `orchbench assets runs`: the runs of a catalog.

use asset_engine::{Catalog, RunInfo};
use serde_json::json;

use super::place::CatalogArgs;
use crate::cli::worker::WorkFolder;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: CatalogArgs,
    #[command(flatten)]
    folder: WorkFolder,
}

/// A run with the times of its first and its last event.
struct Row {
    info: RunInfo,
    submitted_at: String,
    events: usize,
    last_at: String,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let catalog = args.place.place(&args.folder)?.read()?;
    let rows = catalog
        .runs()?
        .into_iter()
        .map(|info| row(&catalog, info))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if args.json {
        let runs: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "run": row.info.record.run.as_ref(),
                    "status": row.info.status,
                    "mode": row.info.record.mode,
                    "selection": row.info.record.selection.to_string(),
                    "partitions": row.info.record.selection.partitions(),
                    "config": row.info.record.config.as_ref(),
                    "submitted_at": row.submitted_at,
                    "last_event_at": row.last_at,
                    "events": row.events,
                })
            })
            .collect();
        output::json(&runs)?;
        return Ok(Exit::Done);
    }
    let head = [
        "RUN",
        "STATUS",
        "MODE",
        "SELECTION",
        "SUBMITTED",
        "LAST EVENT",
        "EVENTS",
    ];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    table.extend(rows.into_iter().map(|row| {
        vec![
            row.info.record.run.to_string(),
            row.info.status.as_str().to_owned(),
            row.info.record.mode.as_str().to_owned(),
            row.info.record.selection.to_string(),
            row.submitted_at,
            row.last_at,
            row.events.to_string(),
        ]
    }));
    output::table(&table);
    Ok(Exit::Done)
}

fn row(catalog: &Catalog, info: RunInfo) -> anyhow::Result<Row> {
    let events = catalog.events(&info.record.run)?;
    let at = |record: Option<&asset_engine::EventRecord>| {
        record.map_or_else(String::new, |record| time(record.at_ms))
    };
    Ok(Row {
        info,
        submitted_at: at(events.first()),
        last_at: at(events.last()),
        events: events.len(),
    })
}

/// A time of the catalog, in UTC, to the millisecond.
pub(super) fn time(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok();
    let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map_or_else(|| format!("{at_ms} ms"), |at| format!("{at:.3}"))
}
