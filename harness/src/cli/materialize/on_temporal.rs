//! `--on temporal`: the run is a workflow, and the steps are executed by the workers of its task queue. Here it is only
//! asked for and waited for; what it did is in the catalog.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use asset_engine::{Mode, RunOutcome, RunRecord, Submitted};
use orchbench_assets_on_temporal::{MaterializeInput, MaterializeOutcome, workflow_id};
use orchbench_temporal::failure::End;
use orchbench_temporal::{Client, ClientError, Failure, Validate as _};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::Told;
use crate::cli::assets::location::Executable;
use crate::cli::assets::progress::{Waited, ended_steps};
use crate::cli::connection::Connection;
use crate::cli::run::interrupt_flag;
use crate::exit::UsageError;
use crate::output::{self, Progress};

/// How often the bar moves and the signal is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Whether the run that is under way under an id is the one that is asked for.
fn same(input: &MaterializeInput, record: &RunRecord) -> Result<(), UsageError> {
    let mode = if input.stale { Mode::Stale } else { Mode::All };
    let selection = &record.selection;
    let same = selection.to_string() == input.selection
        && selection.partitions() == input.partitions.as_deref()
        && (record.mode, record.config.as_ref()) == (mode, &input.config);
    match same {
        true => Ok(()),
        false => Err(UsageError(format!(
            "run {}: submitted before with another selection, mode or configuration",
            input.run
        ))),
    }
}

/// How a workflow ended, and whether the user asked for that.
struct Ended {
    result: Result<Value, Failure>,
    interrupted: bool,
}

/// Has a run executed of so many steps, or waits for the one of its id that is under way; Ctrl-C cancels it.
pub(super) fn run(
    assets: &Executable,
    connection: &Connection,
    task_queue: &str,
    input: &MaterializeInput,
    steps: usize,
) -> anyhow::Result<Told> {
    input.validate().map_err(UsageError)?;
    let run = &input.run;
    // A catalog in PostgreSQL is read beside the runtime, not inside of it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let client = runtime.block_on(connection.client())?;
    let client = client.with_task_queue(task_queue);
    let id = workflow_id(task_queue, run);
    let mut submitted = start(&runtime, &client, &id, input)?;
    let ended = wait(&runtime, &client, &id, (run, steps), assets)?;
    match ended.result {
        Ok(value) => {
            let outcome: MaterializeOutcome =
                serde_json::from_value(value).context("the result of the run's workflow")?;
            for problem in &outcome.problems {
                output::note(&format!("warning: {problem}"));
            }
            if outcome.ended_before {
                submitted = Submitted::Ended(outcome.status);
                output::note(&format!(
                    "run {run}: {}",
                    super::ended_before(outcome.status)
                ));
            }
        }
        // Its run is in the catalog, with how it ended.
        Err(failure) if failure.end() == End::Cancelled => {}
        Err(failure) => return Err(anyhow::Error::new(failure).context(format!("run {run}"))),
    }
    let catalog = assets.catalog()?;
    if let Some(info) = catalog.run(run)? {
        same(input, &info.record)?;
    }
    let outcome = RunOutcome::read(&catalog, run)?;
    Ok(Told {
        submitted,
        waited: Waited {
            outcome: outcome.with_context(|| format!("run {run}: open in the catalog"))?,
            interrupted: ended.interrupted,
        },
        partitions: input.partitions.clone(),
    })
}

/// Starts the workflow of a run, unless it is under way.
fn start(
    runtime: &Runtime,
    client: &Client,
    id: &str,
    input: &MaterializeInput,
) -> anyhow::Result<Submitted> {
    let argument = [serde_json::to_value(input)?];
    match runtime.block_on(client.start_named("MaterializeWorkflow", id, &argument)) {
        Ok(_) => {}
        Err(ClientError::AlreadyRunning { .. }) => {
            output::note(&format!(
                "run {}: is under way: this waits for its end",
                input.run
            ));
            return Ok(Submitted::UnderWay);
        }
        Err(error) => return Err(error.into()),
    }
    let description = runtime.block_on(client.describe(id, None))?;
    if let Some(hindrance) = runtime.block_on(client.hindrance(&description))? {
        output::note(&format!("note: run {} waits: {hindrance}", input.run));
    }
    Ok(Submitted::New)
}

/// Waits for the end of a workflow, with a bar on a terminal.
fn wait(
    runtime: &Runtime,
    client: &Client,
    id: &str,
    (run, steps): (&str, usize),
    assets: &Executable,
) -> anyhow::Result<Ended> {
    let interrupted = interrupt_flag()?;
    let progress = Progress::over(steps, "steps");
    let mut asked = false;
    let waiting = runtime.spawn({
        let (client, id) = (client.clone(), id.to_owned());
        async move { client.result(&id, None).await }
    });
    let mut catalog = None;
    while !waiting.is_finished() {
        std::thread::sleep(LOOK);
        if interrupted.load(Ordering::Relaxed) && !asked {
            asked = true;
            runtime.block_on(client.cancel(id, None, "interrupted"))?;
        }
        if progress.is_shown() {
            // It is made by the first worker.
            catalog = catalog.or_else(|| assets.catalog().ok());
            if let Some(catalog) = &catalog {
                progress.at(ended_steps(catalog, run)?);
            }
        }
    }
    progress.finish();
    let result = runtime.block_on(waiting).context("waiting for the run")?;
    Ok(Ended {
        result: result?,
        interrupted: asked,
    })
}
