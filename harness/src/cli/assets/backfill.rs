//! `orchbench assets backfill SELECTION --partition RANGE`: a run for each partition, or for some
//! of them at a time, and one for what has no partitions. What was asked for is in the catalog, so
//! the same id goes on after any death, failure or cancellation.

use std::num::NonZero;
use std::sync::atomic::Ordering;

use asset_engine::{Backfill, BackfillProgress, BackfillRecord, Mode, RunStatus};
use orchbench_etl::journal::check_id;
use serde_json::json;

use super::location::{Executable, Execution, Location};
use crate::cli::run::interrupt_flag;
use crate::exit::Exit;
use crate::output::{self, Progress};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to materialize, such as `+my-source/warehouse`.
    selection: String,
    /// The partitions: a range with both ends, 2013-01-01..2013-12-31.
    #[arg(long)]
    partition: String,
    /// Id of the backfill; the same id again goes on with one that did not end, failed or was
    /// cancelled.
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
    let id = args
        .id
        .unwrap_or_else(|| format!("backfill-{}", jiff::Timestamp::now()));
    check_id("--id", &id)?;
    let assets = args.location.open(&args.selection)?;
    let partitions = assets.partitions(&args.partition)?;
    let record = BackfillRecord::new(id, assets.select(&args.selection)?, partitions)
        .per_run(args.per_run.get())
        .at_once(args.at_once.get())
        .mode(if args.stale { Mode::Stale } else { Mode::All })
        .config(json!({ "source": assets.source }));
    execute(&assets, args.execution, record, args.json)
}

/// Brings a backfill to its end, or what is left of it; Ctrl-C cancels it and its runs.
pub(super) fn execute(
    assets: &Executable,
    execution: Execution,
    record: BackfillRecord,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let interrupted = interrupt_flag()?;
    let (id, total) = (record.id.clone(), record.partitions.len());
    let executor = assets.executor(execution)?;
    assets.look(&executor)?;
    let partitions = record.partitions.clone();
    let backfill = Backfill::request(&executor, &assets.graph, record)?;
    tell_before(&id, total, backfill.before());
    let bar = Progress::over(total, "partitions");
    let ended = backfill.run_until(
        || interrupted.load(Ordering::Relaxed),
        |now| bar.at(now.succeeded + now.failed + now.canceled),
    )?;
    bar.finish();
    let rows = assets.rows(Some(&partitions))?;
    if as_json {
        let failed = backfill.failed()?;
        let told = json!({ "id": id, "progress": ended, "failed": failed, "rows": rows });
        output::json(&told)?;
    } else {
        tell(&id, &ended);
        tell_failed(&backfill.failed()?);
    }
    assets.tell_rows(rows.as_ref(), as_json);
    Ok(match ended.status {
        RunStatus::Success => Exit::Done,
        _ if interrupted.load(Ordering::Relaxed) => Exit::Interrupted,
        _ => Exit::Unexpected,
    })
}

/// Says at once under which id it goes on, and what was done before.
fn tell_before(id: &str, total: usize, before: Option<&BackfillProgress>) {
    let what = match before {
        None => format!("{total} partitions"),
        Some(before) => {
            let status = match before.status {
                RunStatus::Started => "was left open".to_owned(),
                ended => format!("had ended with {}", ended.as_str()),
            };
            let then = match before.status {
                RunStatus::Success => "nothing is executed",
                _ => "executes what failed or was left out",
            };
            let (done, total) = (before.succeeded, before.total);
            format!("{status}, {done} of {total} partitions succeeded before: {then}")
        }
    };
    output::note(&format!("backfill {id}: {what}"));
}

/// Names the partitions that failed, as far as they fit a line.
fn tell_failed(failed: &[&str]) {
    const NAMED: usize = 10;
    if failed.is_empty() {
        return;
    }
    let named = failed[..failed.len().min(NAMED)].join(", ");
    let more = match failed.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    output::note(&format!("failed: {named}{more}"));
}

fn tell(id: &str, progress: &BackfillProgress) {
    let once = match progress.unpartitioned {
        0 => String::new(),
        runs => format!(
            "; {} of {runs} runs of what has no partitions succeeded",
            progress.unpartitioned_succeeded
        ),
    };
    output::line(&format!(
        "backfill {id}: {}: {} of {} partitions succeeded, {} failed, {} canceled, {} not begun{once}",
        progress.status.as_str(),
        progress.succeeded,
        progress.total,
        progress.failed,
        progress.canceled,
        progress.waiting,
    ));
}
