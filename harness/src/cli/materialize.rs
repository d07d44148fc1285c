//! `orchbench materialize SELECTION`: assets on the asset engine, by hand.

use std::sync::Arc;

use asset_engine::{Mode, Plan, RunOutcome, RunRequest, RunStatus, Selection};
use serde_json::{Value, json};

use super::assets::location::{Assets, Execution, Location};
use super::assets::progress::{self, Waited};
use crate::exit::{Exit, UsageError};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to materialize, in Dagster's selection syntax: `my-source` (all of that source),
    /// `+my-source/warehouse`, `my-source/flights++`, `group:my-source and not tag:step=announce`.
    selection: String,
    /// Only this partition, or a range with both ends: 2013-01-01..2013-01-07.
    #[arg(long)]
    partition: Option<String>,
    /// Only what is missing or stale when its turn comes.
    #[arg(long)]
    stale: bool,
    /// Id of the run; the same id again resumes a run that did not end.
    #[arg(long)]
    run: Option<String>,
    /// The run's configuration, which every step sees, as JSON.
    #[arg(long)]
    config: Option<String>,
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
    let selection = assets.select_in(&args.selection, args.partition.as_deref())?;
    let config = match &args.config {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| UsageError(format!("--config: expected JSON, found {error}")))?,
        None => json!({ "source": assets.source }),
    };
    let run = args
        .run
        .unwrap_or_else(|| format!("materialize-{}", jiff::Timestamp::now()));
    let mode = if args.stale { Mode::Stale } else { Mode::All };
    let partitions = selection.partitions().map(<[String]>::to_vec);
    let waited = execute(&assets, args.execution, &run, selection, mode, config)?;
    let rows = assets.rows(partitions.as_deref())?;
    if args.json {
        let mut result = as_json(&assets, &waited.outcome);
        result["rows"] = json!(rows);
        output::json(&result)?;
    } else {
        tell(&waited.outcome);
    }
    assets.tell_rows(rows.as_ref(), args.json);
    Ok(exit(&waited))
}

/// Executes a run to its end, or resumes it.
pub(super) fn execute(
    assets: &Assets,
    execution: Execution,
    run: &str,
    selection: Selection,
    mode: Mode,
    config: Value,
) -> anyhow::Result<Waited> {
    let plan = match mode {
        Mode::Observe => Plan::observing(&assets.graph, &selection),
        Mode::All | Mode::Stale => Plan::new(&assets.graph, &selection),
    };
    let steps = plan?.len();
    let executor = assets.executor(execution)?;
    if mode != Mode::Observe {
        assets.look(&executor)?;
    }
    executor.submit(RunRequest {
        selection,
        mode,
        config,
        ..RunRequest::new(run, Arc::clone(&assets.graph))
    })?;
    progress::wait(&executor, run, steps)
}

pub(super) fn exit(waited: &Waited) -> Exit {
    match waited.outcome.status {
        _ if waited.interrupted => Exit::Interrupted,
        RunStatus::Success => Exit::Done,
        _ => Exit::Unexpected,
    }
}

/// A run's outcome for a person: what failed is an error, to standard error.
pub(super) fn tell(outcome: &RunOutcome) {
    let steps = &outcome.steps;
    output::line(&format!(
        "run {}: {}: {} materialized, {} fresh, {} failed, {} skipped, {} canceled",
        outcome.run,
        outcome.status.as_str(),
        steps.materialized,
        steps.fresh,
        steps.failed,
        steps.skipped,
        steps.canceled
    ));
    for failed in &outcome.failures {
        let partition = failed.partition.as_deref().unwrap_or_default();
        output::note(&format!(
            "error: asset {} {partition}, attempt {}: {}",
            failed.asset, failed.attempt, failed.failure
        ));
    }
}

/// A run's outcome, with the summary when all of a source was materialized.
fn as_json(assets: &Assets, outcome: &RunOutcome) -> Value {
    let source = assets.etl.sources().get(&assets.source).ok();
    let summary = source.and_then(|source| orchbench_assets::summary(source, outcome).ok());
    let failures: Vec<Value> = outcome
        .failures
        .iter()
        .map(|failed| {
            json!({
                "asset": failed.asset,
                "partition": failed.partition,
                "attempt": failed.attempt,
                "error_type": failed.failure.error_type,
                "message": failed.failure.message,
            })
        })
        .collect();
    let materializations: Vec<Value> = outcome
        .materializations
        .iter()
        .map(|made| {
            json!({
                "asset": made.asset,
                "partition": made.partition.as_deref(),
                "data_version": made.data_version,
                "attempt": made.attempt,
            })
        })
        .collect();
    json!({
        "run": outcome.run,
        "status": outcome.status,
        "steps": {
            "materialized": outcome.steps.materialized,
            "fresh": outcome.steps.fresh,
            "failed": outcome.steps.failed,
            "skipped": outcome.steps.skipped,
            "canceled": outcome.steps.canceled,
        },
        "failures": failures,
        "materializations": materializations,
        "summary": summary,
    })
}
