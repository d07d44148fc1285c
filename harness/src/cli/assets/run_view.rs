//! `orchbench assets show RUN`: one run, event by event.

use asset_engine::{AssetKey, Attempt, CriticalPath, Event, EventRecord, SkipReason};
use orchbench_etl::journal::escaped;
use serde_json::{Value, json};

use super::place::CatalogArgs;
use super::runs::time;
use crate::cli::worker::WorkFolder;
use crate::exit::{Exit, UsageError};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Id of the run.
    run: String,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: CatalogArgs,
    #[command(flatten)]
    folder: WorkFolder,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let catalog = args.place.place(&args.folder)?.read()?;
    let Some(info) = catalog.run(&args.run)? else {
        let runs = catalog.runs()?;
        let newest = runs.last().map_or("none", |info| info.record.run.as_ref());
        let message = format!(
            "run {:?}: not one of the catalog's {} runs; the newest: {newest}",
            args.run,
            runs.len()
        );
        return Err(UsageError(message).into());
    };
    let events = catalog.events(&args.run)?;
    let critical = CriticalPath::of(&events);
    if args.json {
        let events: Vec<Value> = events.iter().map(as_json).collect();
        output::json(&json!({
            "run": args.run,
            "status": info.status,
            "mode": info.record.mode,
            "selection": info.record.selection.to_string(),
            "config": info.record.config.as_ref(),
            "events": events,
            "critical_path": critical,
        }))?;
        return Ok(Exit::Done);
    }
    output::line(&format!(
        "run {}: {}; {}",
        escaped(&args.run),
        info.status.as_str(),
        info.record.selection
    ));
    let begun_ns = events.first().map_or(0, |record| record.t_ns);
    let rows: Vec<Vec<String>> = events.iter().map(|record| row(record, begun_ns)).collect();
    output::table(&rows);
    tell_critical(&critical);
    Ok(Exit::Done)
}

/// Says which steps the run waited for.
fn tell_critical(path: &CriticalPath) {
    if path.steps.is_empty() {
        return;
    }
    let seconds = |ns: u64| format!("{:.3} s", ns as f64 / 1e9);
    output::line(&format!("critical path: {}", seconds(path.took_ns)));
    let rows = path.steps.iter().map(|step| {
        let partition = step.partition.as_deref().unwrap_or_default();
        vec![
            seconds(step.took_ns),
            format!("{} {partition}", step.asset).trim_end().to_owned(),
        ]
    });
    output::table(&rows.collect::<Vec<_>>());
}

fn row(record: &EventRecord, begun_ns: u64) -> Vec<String> {
    // A resumed run may go on in another boot, whose clock begins anew.
    let since = record.t_ns.checked_sub(begun_ns).map_or_else(
        || time(record.at_ms),
        |since_ns| format!("+{:.3} s", since_ns as f64 / 1e9),
    );
    let told = Told::of(&record.event);
    let attempt = told
        .attempt
        .map_or_else(String::new, |number| format!("attempt {number}"));
    let piece = told.piece.map_or_else(String::new, |(asset, partition)| {
        named(&asset, partition.as_deref())
    });
    vec![since, told.what.to_owned(), piece, attempt, told.detail]
}

/// A piece by its name.
fn named(asset: &str, partition: Option<&str>) -> String {
    match partition {
        Some(partition) => format!("{asset} {partition}"),
        None => asset.to_owned(),
    }
}

fn as_json(record: &EventRecord) -> Value {
    let told = Told::of(&record.event);
    let (asset, partition) = told.piece.unzip();
    json!({
        "seq": record.seq,
        "at": time(record.at_ms),
        "t_ns": record.t_ns,
        "epoch": record.epoch,
        "event": told.what,
        "asset": asset,
        "partition": partition.flatten(),
        "attempt": told.attempt,
        "detail": told.detail,
    })
}

/// An event in words.
struct Told {
    what: &'static str,
    piece: Option<(String, Option<String>)>,
    attempt: Option<u32>,
    detail: String,
}

impl Told {
    fn plain(what: &'static str, detail: impl Into<String>) -> Self {
        Self {
            what,
            piece: None,
            attempt: None,
            detail: detail.into(),
        }
    }

    fn about(
        what: &'static str,
        asset: &AssetKey,
        partition: Option<&str>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            piece: Some((asset.to_string(), partition.map(str::to_owned))),
            ..Self::plain(what, detail)
        }
    }

    fn attempted(what: &'static str, attempt: &Attempt, detail: impl Into<String>) -> Self {
        Self {
            attempt: Some(attempt.attempt),
            ..Self::about(what, &attempt.asset, attempt.partition.as_deref(), detail)
        }
    }

    fn of(event: &Event) -> Self {
        match event {
            Event::RunSubmitted(_) => Self::plain("run submitted", ""),
            Event::RunResumed { .. } => Self::plain("run resumed", ""),
            Event::CancelRequested { .. } => Self::plain("cancel requested", ""),
            Event::Ticked(tick) => Self::plain("ticked", tick.automation.as_ref()),
            Event::PartitionChanged(change) => {
                let what = if change.added {
                    "partition added"
                } else {
                    "partition removed"
                };
                Self::plain(what, format!("{} {}", change.set, change.key))
            }
            Event::BackfillRequested(record) => Self::plain("backfill requested", &record.id),
            Event::BackfillResumed { id } => Self::plain("backfill resumed", id.as_ref()),
            Event::BackfillEnded { id, .. } => Self::plain("backfill ended", id.as_ref()),
            Event::RunEnded { status, fresh, .. } => {
                Self::plain("run ended", format!("{}, {fresh} fresh", status.as_str()))
            }
            Event::AttemptStarted(attempt) => Self::attempted("started", attempt, ""),
            Event::AttemptInterrupted(attempt) => {
                Self::attempted("interrupted", attempt, "its executor died")
            }
            Event::AttemptFailed {
                attempt,
                failure,
                retry_delay_ns,
                ..
            } => {
                let then = retry_delay_ns.map_or("for good".to_owned(), |delay_ns| {
                    format!("again in {} ms", delay_ns / 1_000_000)
                });
                Self::attempted("failed", attempt, format!("{failure} ({then})"))
            }
            Event::Materialized(made) => Self {
                attempt: Some(made.attempt),
                ..Self::about(
                    "materialized",
                    &made.asset,
                    made.partition.as_deref(),
                    format!("data version {}", made.data_version),
                )
            },
            Event::Observed(seen) => Self::about(
                "observed",
                &seen.asset,
                seen.partition.as_deref(),
                format!("data version {}", seen.data_version),
            ),
            Event::Checked(check) => Self::about(
                "checked",
                &check.asset,
                check.partition.as_deref(),
                format!(
                    "{}: {}",
                    check.name,
                    if check.passed { "passed" } else { "failed" }
                ),
            ),
            Event::Wiped {
                asset, partition, ..
            } => Self::about("wiped", asset, partition.as_deref(), ""),
            Event::Skipped {
                asset,
                partition,
                reason,
                ..
            } => {
                let why = match reason {
                    SkipReason::Upstream { asset, partition } => {
                        let by = named(asset.as_str(), partition.as_deref());
                        format!("as {by} was not made")
                    }
                    SkipReason::LeftOut { asset: by, .. } if by == asset => {
                        "left out by its step".to_owned()
                    }
                    SkipReason::LeftOut { asset, partition } => {
                        let by = named(asset.as_str(), partition.as_deref());
                        format!("as {by} was left out")
                    }
                    SkipReason::Canceled => "canceled".to_owned(),
                    another => format!("{another:?}"),
                };
                Self::about("skipped", asset, partition.as_deref(), why)
            }
            another => Self::plain("another event", format!("{another:?}")),
        }
    }
}
