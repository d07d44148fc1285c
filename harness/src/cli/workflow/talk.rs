//! `signal`, `query`, `update`, `cancel`, `terminate`: talk to a workflow that there is.

use std::time::Duration;

use serde_json::json;

use super::super::connection::{Connection, HOUR_MS};
use super::input::Input;
use super::start::Which;
use crate::exit::{Exit, UsageError};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Message {
    #[command(flatten)]
    which: Which,
    /// The signal's, query's or update's name.
    name: String,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, clap::Args)]
pub(super) struct Patient {
    #[command(flatten)]
    message: Message,
    /// How long to wait for the answer, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 9_000,
        value_parser = clap::value_parser!(u64).range(1..=HOUR_MS))]
    timeout_ms: u64,
}

#[derive(Debug, clap::Args)]
pub(super) struct End {
    #[command(flatten)]
    which: Which,
    /// Why, for the history.
    #[arg(long, default_value = "by hand")]
    reason: String,
}

pub(super) async fn signal(
    message: Message,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let Message { which, name, input } = message;
    let arguments = input.values()?;
    let client = connection.client().await?;
    client
        .signal(&which.id, which.run_id.as_deref(), &name, &arguments)
        .await?;
    done("signalled", &which.id, &name, as_json)
}

pub(super) async fn query(query: Patient, connection: &Connection) -> anyhow::Result<Exit> {
    let patience = Duration::from_millis(query.timeout_ms);
    let Message { which, name, input } = query.message;
    let arguments = input.values()?;
    let client = connection.client().await?;
    let run_id = which.run_id.as_deref();
    let answer = client
        .query(&which.id, run_id, &name, &arguments, patience)
        .await?;
    output::json(&answer)?;
    Ok(Exit::Done)
}

pub(super) async fn update(
    update: Patient,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let Message { which, name, input } = update.message;
    let arguments = input.values()?;
    let client = connection.client().await?;
    let run_id = which.run_id.as_deref();
    let patience = Duration::from_millis(update.timeout_ms);
    let outcome = client
        .update(&which.id, run_id, &name, &arguments, patience)
        .await?;
    if as_json {
        match &outcome {
            Ok(result) => output::json(&json!({"result": result}))?,
            Err(failure) => output::json(&json!({"failure": failure}))?,
        }
    }
    match outcome {
        Ok(result) if !as_json => output::json(&result)?,
        Ok(_) => {}
        Err(failure) => {
            let message = format!("workflow {}: update {name} refused: {failure}", which.id);
            return Err(UsageError(message).into());
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn cancel(
    end: &End,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let client = connection.client().await?;
    let run_id = end.which.run_id.as_deref();
    client.cancel(&end.which.id, run_id, &end.reason).await?;
    done("asked to cancel", &end.which.id, &end.reason, as_json)
}

pub(super) async fn terminate(
    end: &End,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let client = connection.client().await?;
    let run_id = end.which.run_id.as_deref();
    client.terminate(&end.which.id, run_id, &end.reason).await?;
    done("terminated", &end.which.id, &end.reason, as_json)
}

fn done(what: &str, id: &str, name: &str, as_json: bool) -> anyhow::Result<Exit> {
    if as_json {
        output::json(&json!({"workflow_id": id, "done": what, "what": name}))?;
    } else {
        output::line(&format!("{what} {id}: {name}"));
    }
    Ok(Exit::Done)
}
