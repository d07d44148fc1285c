//! `show` and `describe`: what the server knows, as the Temporal UI shows it.

mod table;

use orchbench_temporal::client::{Description, Hindrance, HistoryEvent};
use orchbench_temporal::{Client, ClientError};
use serde::Serialize;

use super::super::connection::Connection;
use super::start::Which;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    which: Which,
    /// Follow the chain of continuations: from the first execution to the last.
    #[arg(long)]
    follow: bool,
    /// Print the workflow tasks too.
    #[arg(long)]
    all: bool,
}

/// One execution with its history.
#[derive(Serialize)]
struct Run {
    #[serde(flatten)]
    description: Description,
    history: Vec<HistoryEvent>,
}

/// How an execution stands, and why it does not go on.
#[derive(Serialize)]
struct Standing {
    #[serde(flatten)]
    description: Description,
    hindrance: Option<Hindrance>,
}

pub(super) async fn show(
    show: &Show,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let client = connection.client().await?;
    let runs = runs(&client, show).await?;
    if as_json {
        output::json(&runs)?;
        return Ok(Exit::Done);
    }
    for run in &runs {
        output::line(&table::title(&run.description.execution));
        output::table(&table::steps(&run.history, show.all));
        pending(&run.description);
    }
    Ok(Exit::Done)
}

/// The execution that is meant; with `--follow` the chain from its first one on.
async fn runs(client: &Client, show: &Show) -> Result<Vec<Run>, ClientError> {
    let id = &show.which.id;
    let mut next = show.which.run_id.clone();
    if show.follow && next.is_none() {
        next = client.describe(id, None).await?.execution.first_run_id;
    }
    let mut runs = Vec::new();
    loop {
        let description = client.describe(id, next.as_deref()).await?;
        let run_id = description.execution.run_id.clone();
        let history = client.history(id, Some(&run_id)).await?;
        next = history.last().and_then(|event| event.next_run_id.clone());
        runs.push(Run {
            description,
            history,
        });
        if !show.follow || next.is_none() {
            return Ok(runs);
        }
    }
}

pub(super) async fn describe(
    which: &Which,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let client = connection.client().await?;
    let description = client.describe(&which.id, which.run_id.as_deref()).await?;
    let hindrance = client.hindrance(&description).await?;
    if as_json {
        output::json(&Standing {
            description,
            hindrance,
        })?;
        return Ok(Exit::Done);
    }
    output::line(&table::title(&description.execution));
    if let Some(hindrance) = hindrance {
        output::line(&format!("  waits: {hindrance}"));
    }
    for (name, value) in &description.execution.attributes {
        output::line(&format!("  {name}: {value}"));
    }
    pending(&description);
    Ok(Exit::Done)
}

fn pending(description: &Description) {
    if !description.pending_activities.is_empty() {
        output::line("pending activities:");
        output::table(&table::pending(&description.pending_activities));
    }
    if !description.pending_children.is_empty() {
        output::line("pending children:");
        for child in &description.pending_children {
            output::line(&format!("  {child}"));
        }
    }
}
