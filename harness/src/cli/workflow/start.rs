//! `start` and `result`: begin a workflow, wait for its end.

use orchbench_temporal::{Client, Failure};
use serde_json::{Value, json};

use super::super::connection::Connection;
use super::input::Input;
use crate::exit::Exit;
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
    let arguments = start.input.values()?;
    let id = start
        .id
        .unwrap_or_else(|| format!("{}-{}", start.workflow, jiff::Timestamp::now()));
    let client = connection.client().await?.with_task_queue(start.task_queue);
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

/// Waits for an execution's end, over its continuations, and says it.
async fn ended(client: &Client, id: &str, run_id: &str, as_json: bool) -> anyhow::Result<Exit> {
    let outcome = client.result(id, Some(run_id)).await?;
    if as_json {
        let mut ended = json!({"workflow_id": id, "run_id": run_id});
        match &outcome {
            Ok(result) => ended["result"] = result.clone(),
            Err(failure) => ended["failure"] = serde_json::to_value(failure)?,
        }
        output::json(&ended)?;
    }
    say(&format!("workflow {id}"), outcome, as_json)
}

/// Prints a result; a failure is an error of the command, with the subject that failed.
pub(super) fn say(
    subject: &str,
    outcome: Result<Value, Failure>,
    printed: bool,
) -> anyhow::Result<Exit> {
    match outcome {
        Ok(result) => {
            if !printed {
                output::json(&result)?;
            }
            Ok(Exit::Done)
        }
        Err(failure) => Err(anyhow::Error::new(failure).context(format!("{subject} failed"))),
    }
}
