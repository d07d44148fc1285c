//! `orchbench assets observe SELECTION`: look at what is made elsewhere. What is seen is a fact, so
//! it is recorded beside whoever executes.

use std::sync::Arc;

use asset_engine::{
    Event, Executor, ExecutorOptions, Mode, Observation, RunOutcome, RunRequest, RunStatus,
};
use serde_json::{Value, json};

use super::location::{Executable, Location, Turn};
use crate::cli::materialize::tell_failures;
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
    _turn: Turn,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let assets = args.location.open(&args.selection)?;
    let (outcome, seen) = look(&assets, &args.selection)?;
    assets.recorder()?.record_all(seen.clone())?;
    if args.json {
        let seen: Vec<Value> = seen.iter().map(as_json).collect();
        output::json(&json!({ "status": outcome.status, "observations": seen }))?;
    } else {
        for seen in &seen {
            let partition = seen.partition.as_deref().unwrap_or_default();
            output::line(&format!(
                "{} {partition}: {}",
                seen.asset, seen.data_version
            ));
        }
        tell_failures(&outcome);
    }
    Ok(match outcome.status {
        RunStatus::Success => Exit::Done,
        _ => Exit::Unexpected,
    })
}

/// Looks, with the engine's retries and concurrency, in a run that leaves nothing else behind.
fn look(assets: &Executable, selection: &str) -> anyhow::Result<(RunOutcome, Vec<Observation>)> {
    let run = "observe";
    let executor = Executor::memory(ExecutorOptions::default());
    let request = RunRequest::new(run, Arc::clone(&assets.graph))
        .selection(assets.select(selection)?)
        .mode(Mode::Observe)
        .config(json!({ "source": assets.source }));
    let outcome = executor.run(request)?;
    let events = executor.catalog().events(run)?.into_iter();
    let seen = events.filter_map(|record| match record.event {
        Event::Observed(seen) => Some(Observation::clone(&seen)),
        _ => None,
    });
    Ok((outcome, seen.collect()))
}

fn as_json(seen: &Observation) -> Value {
    json!({
        "asset": seen.asset,
        "partition": seen.partition.as_deref(),
        "data_version": seen.data_version,
    })
}
