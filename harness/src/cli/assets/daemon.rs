//! `orchbench assets daemon SOURCE`: starts what schedules, sensors and rules ask for. All that it
//! knows is in the catalog, so it may be killed and started again at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use asset_engine::{Automation, Beat, Daemon, FailedOrder, RunOutcome, RunStatus};
use jiff::Timestamp;
use orchbench_assets::ORDER;
use serde_json::json;

use super::location::{Executable, Execution, Location, tell_gone};
use crate::cli::materialize::tell;
use crate::cli::run::interrupt_flag;
use crate::exit::Exit;
use crate::output;

/// How often the daemon looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The source, or `order`.
    #[arg(value_name = "SOURCE")]
    name: String,
    /// Evaluate once, wait for the runs that follow, and end.
    #[arg(long)]
    once: bool,
    /// Evaluate for this time instead of now, such as 2013-01-02T11:00:00Z.
    #[arg(long, requires = "once")]
    at: Option<Timestamp>,
    /// Seconds between evaluations.
    #[arg(long, default_value_t = 5)]
    every_s: u64,
    /// Print as JSON, one document an evaluation.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let gated = args.location.approval;
    let assets = args.location.open(&args.name)?;
    let automations = automations(&assets, gated)?;
    let executor = Arc::new(assets.executor(args.execution)?);
    let mut daemon = Daemon::new(executor, Arc::clone(&assets.graph), automations);
    if args.once {
        let beat = daemon.tick(args.at.unwrap_or_else(Timestamp::now))?;
        let ended = daemon.settle()?;
        report(&assets, &beat, &ended, args.json)?;
        let well = ended.iter().all(|run| run.status == RunStatus::Success);
        let exit = if well && beat.problems.is_empty() {
            Exit::Done
        } else {
            Exit::Unexpected
        };
        return Ok(exit);
    }
    let stop = interrupt_flag()?;
    while !stop.load(Ordering::Relaxed) {
        let beat = daemon.tick(Timestamp::now())?;
        if is_worth_telling(&beat) {
            report(&assets, &beat, &beat.ended, args.json)?;
        }
        pause(&daemon, Duration::from_secs(args.every_s), &stop)?;
    }
    let ended = daemon.settle()?;
    report(&assets, &Beat::default(), &ended, args.json)?;
    Ok(Exit::Interrupted)
}

/// Whether a tick did something, or noted it.
fn is_worth_telling(beat: &Beat) -> bool {
    let noted = beat.ticks.iter().any(|tick| tick.note.is_some());
    let lists = [&beat.submitted, &beat.problems, &beat.left_alone];
    let done = lists.iter().any(|list| !list.is_empty()) || !beat.ended.is_empty();
    noted || done || !beat.failed_orders.is_empty() || !beat.looked.gone.is_empty()
}

/// Waits for the next evaluation, or for the end, and cancels what somebody asks it to.
fn pause(daemon: &Daemon, time: Duration, stop: &AtomicBool) -> anyhow::Result<()> {
    let next = Instant::now() + time;
    while !stop.load(Ordering::Relaxed) && Instant::now() < next {
        daemon.heed()?;
        std::thread::sleep(LOOK.min(next.saturating_duration_since(Instant::now())));
    }
    Ok(())
}

fn automations(assets: &Executable, gated: bool) -> anyhow::Result<Vec<Box<dyn Automation>>> {
    if assets.source == ORDER {
        return Ok(orchbench_assets::order_automations());
    }
    let source = assets.etl.sources().get(&assets.source)?;
    let work_dir = &assets.etl.config().work_dir;
    Ok(orchbench_assets::automations(work_dir, source, gated)?)
}

fn report(
    assets: &Executable,
    beat: &Beat,
    ended: &[RunOutcome],
    as_json: bool,
) -> anyhow::Result<()> {
    let rows = match ended {
        [] => None,
        _ => assets.rows(None)?,
    };
    tell_gone(&beat.looked);
    if !as_json {
        for tick in &beat.ticks {
            if let Some(note) = &tick.note {
                output::note(&format!("{}: {note}", tick.automation));
            }
        }
        for run in &beat.submitted {
            output::line(&format!("submitted {run}"));
        }
        ended.iter().for_each(tell);
        assets.tell_rows(rows.as_ref(), as_json);
        for left in &beat.left_alone {
            output::note(&format!("left alone: {left}"));
        }
        for FailedOrder { run, status, .. } in &beat.failed_orders {
            output::note(&format!(
                "warning: run {run} was ordered and ended with {}; `orchbench assets retry {run}` \
                 executes the rest",
                status.as_str()
            ));
        }
        for problem in &beat.problems {
            output::note(&format!("error: {problem}"));
        }
        return Ok(());
    }
    let ticks: Vec<_> = beat
        .ticks
        .iter()
        .map(|tick| {
            json!({
                "automation": tick.automation.as_ref(),
                "cursor": tick.cursor,
                "orders": tick.orders.iter().map(|order| order.run.as_ref()).collect::<Vec<_>>(),
                "note": tick.note,
            })
        })
        .collect();
    let ended: Vec<_> = ended
        .iter()
        .map(|run| {
            json!({
                "run": run.run,
                "status": run.status,
                "materialized": run.steps.materialized,
                "failures": run.failures.iter().map(|failed| &failed.failure.error_type).collect::<Vec<_>>(),
            })
        })
        .collect();
    assets.tell_rows(rows.as_ref(), as_json);
    output::json(&json!({
        "ticks": ticks,
        "submitted": beat.submitted,
        "ended": ended,
        "problems": beat.problems,
        "rows": rows,
        "left_alone": beat.left_alone,
        "failed_orders": beat.failed_orders,
    }))
}
