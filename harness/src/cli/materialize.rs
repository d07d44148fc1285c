//! `orchbench materialize SELECTION`: assets on the asset engine, by hand; in this process, or on Temporal's workers.

mod on_temporal;

use std::sync::Arc;

use asset_engine::{Mode, Plan, RunOutcome, RunRequest, RunStatus, Submitted};
use orchbench_assets_on_temporal::MaterializeInput;
use orchbench_etl::journal::{check_id, escaped};
use serde_json::{Value, json};

use super::assets::location::{Executable, Execution, Location};
use super::assets::progress::{self, Waited};
use super::connection::Connection;
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
    /// Id of the run; the same id again goes on with a run that did not end, failed or was
    /// cancelled: what it made stays.
    #[arg(long)]
    run: Option<String>,
    /// The run's configuration, which every step sees, as JSON.
    #[arg(long)]
    config: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    /// Who executes the steps.
    #[arg(long, value_enum, default_value_t = On::Process)]
    on: On,
    /// The task queue of `--on temporal`; by default `assets-SOURCE`.
    #[arg(long)]
    task_queue: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    location: Location,
}

/// Who executes the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum On {
    /// This process.
    Process,
    /// The workers that `orchbench worker assets` starts, on any number of hosts.
    Temporal,
}

/// The task queue of the assets of a source.
pub(super) fn task_queue(named: Option<String>, source: &str) -> String {
    named.unwrap_or_else(|| format!("assets-{source}"))
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let run = args
        .run
        .unwrap_or_else(|| format!("materialize-{}", jiff::Timestamp::now()));
    check_id("--run", &run)?;
    if args.on == On::Temporal && args.location.approval {
        let message = "--approval: expected --on process, as no worker has a gate".to_owned();
        return Err(UsageError(message).into());
    }
    let assets = args.location.open(&args.selection)?;
    let selection = assets.select_in(&args.selection, args.partition.as_deref())?;
    let config = match &args.config {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| UsageError(format!("--config: expected JSON, found {error}")))?,
        None => json!({ "source": assets.source }),
    };
    if args.on == On::Temporal {
        // What is wrong with the words is said before anybody is called.
        let steps = Plan::new(&assets.graph, &selection)?.len();
        let input = MaterializeInput {
            selection: selection.to_string(),
            partitions: selection.partitions().map(<[String]>::to_vec),
            stale: args.stale,
            config,
            reopen: true,
            at_once: args.execution.concurrency(),
            ..MaterializeInput::new(run)
        };
        let queue = task_queue(args.task_queue, &assets.source);
        let told = on_temporal::run(&assets, &args.connection, &queue, &input, steps)?;
        return tell_all(&assets, &told, args.json);
    }
    let mode = if args.stale { Mode::Stale } else { Mode::All };
    let request = RunRequest::new(run, Arc::clone(&assets.graph))
        .selection(selection)
        .mode(mode)
        .config(config);
    execute_and_tell(&assets, args.execution, request, args.json)
}

/// Executes a run to its end, or what is left of it, and says how it ended.
pub(super) fn execute_and_tell(
    assets: &Executable,
    execution: Execution,
    request: RunRequest,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let partitions = request.selection.partitions().map(<[String]>::to_vec);
    let (submitted, waited) = execute(assets, execution, request)?;
    let told = Told {
        submitted,
        waited,
        partitions,
    };
    tell_all(assets, &told, as_json)
}

/// A run that was waited for.
struct Told {
    submitted: Submitted,
    waited: Waited,
    partitions: Option<Vec<String>>,
}

/// Says how a run ended, and what became of the rows.
fn tell_all(assets: &Executable, told: &Told, as_json: bool) -> anyhow::Result<Exit> {
    let rows = assets.rows(told.partitions.as_deref())?;
    let outcome = &told.waited.outcome;
    if as_json {
        let mut result = outcome_as_json(assets, told.submitted, outcome);
        result["rows"] = json!(rows);
        output::json(&result)?;
    } else {
        tell(outcome);
    }
    assets.tell_rows(rows.as_ref(), as_json);
    Ok(exit(&told.waited))
}

/// Executes a run to its end, or what is left of it, and says when it is not a new one.
fn execute(
    assets: &Executable,
    execution: Execution,
    request: RunRequest,
) -> anyhow::Result<(Submitted, Waited)> {
    let steps = Plan::new(&assets.graph, &request.selection)?.len();
    let run = request.run.clone();
    let executor = assets.executor(execution)?;
    if request.mode != Mode::Observe {
        assets.look(&executor)?;
    }
    let submitted = executor.submit(request.reopen())?;
    let known = match submitted {
        Submitted::Resumed => Some("was left open: goes on with what it had not done".to_owned()),
        Submitted::Reopened(status) => Some(format!(
            "had ended with {}: executes what failed or was left out, what it made stays",
            status.as_str()
        )),
        Submitted::Ended(status) => Some(ended_before(status)),
        _ => None,
    };
    if let Some(known) = known {
        output::note(&format!("run {run}: {known}"));
    }
    let waited = progress::wait(&executor, &run, steps)?;
    Ok((submitted, waited))
}

fn ended_before(status: RunStatus) -> String {
    let status = status.as_str();
    format!("had ended with {status} before: nothing is executed, this is what it did then")
}

fn exit(waited: &Waited) -> Exit {
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
        escaped(&outcome.run),
        outcome.status.as_str(),
        steps.materialized,
        steps.fresh,
        steps.failed,
        steps.skipped,
        steps.canceled
    ));
    tell_failures(outcome);
}

/// What failed in a run.
pub(super) fn tell_failures(outcome: &RunOutcome) {
    for failed in &outcome.failures {
        let partition = failed.partition.as_deref().unwrap_or_default();
        output::note(&format!(
            "error: asset {} {partition}, attempt {}: {}",
            failed.asset,
            failed.attempt,
            escaped(&failed.failure.to_string())
        ));
    }
}

/// A run's outcome, with the summary when all of a source was materialized.
fn outcome_as_json(assets: &Executable, submitted: Submitted, outcome: &RunOutcome) -> Value {
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
        "submitted": match submitted {
            Submitted::Resumed => "resumed",
            Submitted::Reopened(_) => "reopened",
            Submitted::Ended(_) => "ended before",
            _ => "new",
        },
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
