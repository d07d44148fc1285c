//! `start` and `result`: begin a workflow, wait for its end.

use orchbench_etl::journal::check_id;
use orchbench_temporal::client::Description;
use orchbench_temporal::failure::End;
use orchbench_temporal::input::{WORKFLOWS, check};
use orchbench_temporal::{Client, ClientError, Failure};
use serde_json::{Value, json};

use super::super::connection::Connection;
use super::input::Input;
use super::remaining;
use crate::exit::{Exit, UsageError};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Start {
    /// The workflow's name, such as `DataPipelineWorkflow`.
    workflow: String,
    #[command(flatten)]
    input: Input,
    /// The workflow's id; by default one of its own.
    #[arg(long)]
    id: Option<String>,
    /// The task queue.
    #[arg(long, default_value = orchbench_temporal::TASK_QUEUE)]
    task_queue: String,
    /// Of a BackfillWorkflow that has run under this id: only the partitions that failed or were not
    /// reached.
    #[arg(long, requires = "id")]
    remaining: bool,
    /// Wait for the end and print the result.
    #[arg(long)]
    wait: bool,
}

/// One workflow.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The workflow's id.
    pub(super) id: String,
    /// The execution; by default the latest of this id.
    #[arg(long)]
    pub(super) run_id: Option<String>,
}

pub(super) async fn start(
    start: Start,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let mut arguments = start.input.values()?;
    // What the workflow itself would say is said without it, where it is one of ours.
    check(&start.workflow, &arguments)
        .map_err(|reason| UsageError(format!("{}: {reason}", start.workflow)))?;
    if !ours(&start.workflow) {
        output::note(&format!(
            "note: orchbench has no {} (it has {}): a worker of yours must know it",
            start.workflow,
            WORKFLOWS.map(|(name, _)| name).join(", ")
        ));
    }
    if start.remaining && start.workflow != "BackfillWorkflow" {
        let message = format!(
            "--remaining: expected BackfillWorkflow, found {}",
            start.workflow
        );
        return Err(UsageError(message).into());
    }
    if let Some(id) = start.id.as_deref().filter(|_| ours(&start.workflow)) {
        // The run's id is made of it.
        check_id("--id", id).map_err(|error| UsageError(error.to_string()))?;
    }
    let client = connection.client().await?.with_task_queue(start.task_queue);
    let id = match start.id {
        Some(id) => {
            before(&client, &id).await?;
            if start.remaining && !remaining::narrow(&client, &id, &mut arguments).await? {
                return Ok(Exit::Done);
            }
            id
        }
        None => format!("{}-{}", start.workflow, jiff::Timestamp::now()),
    };
    let started = client.start_named(&start.workflow, &id, &arguments).await?;
    let ids = json!({"workflow_id": started.workflow_id, "run_id": started.run_id});
    if !start.wait {
        if as_json {
            output::json(&ids)?;
        } else {
            output::line(&format!("started {} (run {})", id, started.run_id));
        }
        return Ok(Exit::Done);
    }
    output::note(&format!("started {} (run {})", id, started.run_id));
    ended(&client, &id, &started.run_id, as_json).await
}

pub(super) async fn result(
    which: &Which,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let client = connection.client().await?;
    let described = client.describe(&which.id, which.run_id.as_deref()).await?;
    ended(&client, &which.id, &described.execution.run_id, as_json).await
}

fn ours(workflow: &str) -> bool {
    WORKFLOWS.iter().any(|(name, _)| *name == workflow)
}

/// Says that an id has been in use: what follows is executed now, whatever came of it before.
async fn before(client: &Client, id: &str) -> Result<(), ClientError> {
    match client.describe(id, None).await {
        Ok(Description { execution, .. }) if execution.closed_ns.is_some() => {
            output::note(&format!(
                "note: workflow {id} has run before ({}, run {}); this is another execution, and what is \
                 done already changes nothing",
                execution.status, execution.run_id
            ));
            Ok(())
        }
        Ok(_) | Err(ClientError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Waits for an execution's end, over its continuations, and says it.
async fn ended(client: &Client, id: &str, run_id: &str, as_json: bool) -> anyhow::Result<Exit> {
    let description = client.describe(id, Some(run_id)).await?;
    if let Some(hindrance) = client.hindrance(&description).await? {
        output::note(&format!("note: workflow {id} waits: {hindrance}"));
    }
    let outcome = client.result(id, Some(run_id)).await?;
    if as_json {
        let mut ended = json!({"workflow_id": id, "run_id": run_id});
        match &outcome {
            Ok(result) => ended["result"] = result.clone(),
            Err(failure) => ended["failure"] = serde_json::to_value(failure)?,
        }
        output::json(&ended)?;
    }
    say(id, outcome, as_json)
}

/// Prints a result; a failure is an error of the command, with how the workflow ended.
fn say(id: &str, outcome: Result<Value, Failure>, printed: bool) -> anyhow::Result<Exit> {
    match outcome {
        Ok(result) => {
            if !printed {
                output::json(&result)?;
            }
            Ok(Exit::Done)
        }
        Err(failure) => {
            let ended = match failure.end() {
                End::Failed => "failed",
                End::Cancelled => "was cancelled",
                End::Terminated => "was terminated",
                End::TimedOut => "timed out",
            };
            Err(anyhow::Error::new(failure).context(format!("workflow {id} {ended}")))
        }
    }
}
