//! `orchbench assets backfill SELECTION --partition RANGE`: a run for each partition, or for some
//! of them at a time. What was asked for is in the catalog, so the same id goes on after any death.

use std::num::NonZero;

use asset_engine::{Backfill, BackfillProgress, BackfillRecord, Mode, RunStatus};
use serde_json::json;

use super::location::{Execution, Location};
use crate::exit::Exit;
use crate::output::{self, Progress};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to materialize, such as `+my-source/warehouse`.
    selection: String,
    /// The partitions: a range with both ends, 2013-01-01..2013-12-31.
    #[arg(long)]
    partition: String,
    /// Id of the backfill; the same id again goes on with one that did not end.
    #[arg(long)]
    id: Option<String>,
    /// Partitions that one run takes.
    #[arg(long, default_value = "1")]
    per_run: NonZero<usize>,
    /// Runs under way at once.
    #[arg(long, default_value = "4")]
    at_once: NonZero<usize>,
    /// Only what is missing or stale when its turn comes.
    #[arg(long)]
    stale: bool,
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
    let partitions = assets.partitions(&args.partition)?;
    let id = args
        .id
        .unwrap_or_else(|| format!("backfill-{}", jiff::Timestamp::now()));
    let record = BackfillRecord {
        per_run: args.per_run,
        at_once: args.at_once,
        mode: if args.stale { Mode::Stale } else { Mode::All },
        config: json!({ "source": assets.source }),
        ..BackfillRecord::new(id.as_str(), assets.select(&args.selection)?, partitions)
    };
    let bar = Progress::over(record.partitions.len(), "partitions");
    let executor = assets.executor(args.execution)?;
    assets.look(&executor)?;
    let partitions = record.partitions.clone();
    let backfill = Backfill::request(&executor, &assets.graph, record)?;
    let ended = backfill.run(|now| bar.at(now.succeeded + now.failed + now.canceled))?;
    bar.finish();
    let rows = assets.rows(Some(&partitions))?;
    if args.json {
        output::json(&json!({ "id": id, "progress": ended, "rows": rows }))?;
    } else {
        tell(&id, &ended);
    }
    assets.tell_rows(rows.as_ref(), args.json);
    Ok(match ended.status {
        RunStatus::Success => Exit::Done,
        _ => Exit::Unexpected,
    })
}

fn tell(id: &str, progress: &BackfillProgress) {
    output::line(&format!(
        "backfill {id}: {}: {} of {} partitions succeeded, {} failed, {} canceled",
        progress.status.as_str(),
        progress.succeeded,
        progress.total,
        progress.failed,
        progress.canceled
    ));
}
