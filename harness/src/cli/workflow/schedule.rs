//! `orchbench workflow schedule`: the server starts a workflow by the clock.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use orchbench_temporal::client::{Cadence, NewSchedule, Overlap, Schedule};
use serde_json::json;

use super::super::connection::Connection;
use super::input::Input;
use super::show::time;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a schedule.
    Create(Create),
    /// List the schedules.
    List,
    /// Say how a schedule stands, and what it has started.
    Show(Which),
    /// Let a schedule start nothing for a while.
    Pause(Noted),
    /// Set a paused schedule in motion again.
    Unpause(Noted),
    /// Start the schedule's workflow now, also when it is paused.
    Trigger(Trigger),
    /// Remove a schedule; what it has started goes on.
    Delete(Which),
}

#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    which: Which,
    /// Arguments of the workflow, each as JSON or @FILE.
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    when: When,
    /// The IANA name of the time zone of --cron; by default UTC.
    #[arg(long, value_name = "ZONE", requires = "cron")]
    time_zone: Option<String>,
    /// The workflow that it starts.
    #[arg(long, default_value = "DailyWorkflow")]
    workflow: String,
    /// The workflow id, to which the time of each start is added; by default the schedule's id.
    #[arg(long)]
    workflow_id: Option<String>,
    /// The task queue.
    #[arg(long, default_value = orchbench_temporal::TASK_QUEUE)]
    task_queue: String,
    /// When a start is due and the one before it still runs.
    #[arg(long, value_enum, default_value_t = OnOverlap::Skip)]
    overlap: OnOverlap,
    /// Make it paused.
    #[arg(long)]
    paused: bool,
    /// A note for those who look at it.
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct When {
    /// Again and again after this time, such as `10s` or `24h`.
    #[arg(long, value_name = "DURATION", value_parser = interval)]
    every: Option<Duration>,
    /// At the times of a cron expression, such as `0 6 * * *`.
    #[arg(long, value_name = "CRON")]
    cron: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The schedule's id.
    schedule: String,
}

#[derive(Debug, clap::Args)]
struct Noted {
    #[command(flatten)]
    which: Which,
    /// Why.
    #[arg(long, default_value = "by hand")]
    note: String,
}

#[derive(Debug, clap::Args)]
struct Trigger {
    #[command(flatten)]
    which: Which,
    /// When one that it has started still runs.
    #[arg(long, value_enum, default_value_t = OnOverlap::AllowAll)]
    overlap: OnOverlap,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnOverlap {
    Skip,
    BufferOne,
    BufferAll,
    CancelOther,
    TerminateOther,
    AllowAll,
}

impl From<OnOverlap> for Overlap {
    fn from(overlap: OnOverlap) -> Self {
        match overlap {
            OnOverlap::Skip => Self::Skip,
            OnOverlap::BufferOne => Self::BufferOne,
            OnOverlap::BufferAll => Self::BufferAll,
            OnOverlap::CancelOther => Self::CancelOther,
            OnOverlap::TerminateOther => Self::TerminateOther,
            OnOverlap::AllowAll => Self::AllowAll,
        }
    }
}

/// A duration of at least a second, which is the least that the server takes.
fn interval(text: &str) -> Result<Duration, String> {
    let duration: jiff::SignedDuration = text
        .parse()
        .map_err(|error| format!("expected a duration such as 10s or 1h 30m: {error}"))?;
    match Duration::try_from(duration) {
        Ok(duration) if duration >= Duration::from_secs(1) => Ok(duration),
        _ => Err("expected at least 1s".to_owned()),
    }
}

pub(super) async fn run(
    args: Args,
    connection: &Connection,
    as_json: bool,
) -> anyhow::Result<Exit> {
    match args.command {
        Command::Create(new) => create(new, connection, as_json).await,
        Command::List => {
            let schedules = connection.client().await?.schedules().await?;
            if as_json {
                output::json(&schedules)?;
            } else {
                output::table(&table(&schedules));
            }
            Ok(Exit::Done)
        }
        Command::Show(Which { schedule }) => {
            let client = connection.client().await?;
            show(&client.schedule(&schedule).await?, as_json)
        }
        Command::Pause(Noted { which, note }) => {
            let client = connection.client().await?;
            client.pause_schedule(&which.schedule, &note).await?;
            done("paused", &which.schedule, as_json)
        }
        Command::Unpause(Noted { which, note }) => {
            let client = connection.client().await?;
            client.unpause_schedule(&which.schedule, &note).await?;
            done("unpaused", &which.schedule, as_json)
        }
        Command::Trigger(Trigger { which, overlap }) => {
            let client = connection.client().await?;
            client
                .trigger_schedule(&which.schedule, overlap.into())
                .await?;
            done("triggered", &which.schedule, as_json)
        }
        Command::Delete(Which { schedule }) => {
            let client = connection.client().await?;
            client.delete_schedule(&schedule).await?;
            done("deleted", &schedule, as_json)
        }
    }
}

async fn create(new: Create, connection: &Connection, as_json: bool) -> anyhow::Result<Exit> {
    let id = new.which.schedule;
    let cadence = match (new.when.every, new.when.cron) {
        (Some(every), _) => Cadence::Every(every),
        (None, expression) => Cadence::Cron {
            expression: expression.unwrap_or_default(),
            time_zone: new.time_zone,
        },
    };
    let schedule = NewSchedule {
        workflow: new.workflow,
        workflow_id: new.workflow_id.unwrap_or_else(|| id.clone()),
        arguments: new.input.values()?,
        cadence,
        overlap: new.overlap.into(),
        paused: new.paused,
        note: new.note,
    };
    let client = connection.client().await?.with_task_queue(new.task_queue);
    client.create_schedule(&id, schedule).await?;
    done("created", &id, as_json)
}

fn show(schedule: &Schedule, as_json: bool) -> anyhow::Result<Exit> {
    if as_json {
        output::json(schedule)?;
        return Ok(Exit::Done);
    }
    output::table(&table(std::slice::from_ref(schedule)));
    if let Some(started) = schedule.started {
        output::line(&format!("started {started} workflows; the last ones:"));
    }
    let rows: Vec<Vec<String>> = schedule
        .recent
        .iter()
        .map(|run| {
            vec![
                format!("  {}", time(run.started_ns)),
                run.workflow_id.clone(),
                run.run_id.clone(),
            ]
        })
        .collect();
    output::table(&rows);
    Ok(Exit::Done)
}

/// A row a schedule, under a row of titles.
fn table(schedules: &[Schedule]) -> Vec<Vec<String>> {
    let titles = ["schedule", "starts", "state", "next", "note"];
    let rows = schedules.iter().map(|each| {
        let state = if each.paused { "paused" } else { "active" };
        vec![
            each.schedule_id.clone(),
            each.workflow.clone().unwrap_or_default(),
            state.to_owned(),
            time(each.next_ns.first().copied()),
            each.note.clone().unwrap_or_default(),
        ]
    });
    std::iter::once(titles.map(str::to_owned).into())
        .chain(rows)
        .collect()
}

fn done(what: &str, id: &str, as_json: bool) -> anyhow::Result<Exit> {
    if as_json {
        output::json(&json!({"schedule_id": id, "done": what}))?;
    } else {
        output::line(&format!("{what} {id}"));
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_at_least_a_second() {
        assert_eq!(interval("1h 30m"), Ok(Duration::from_secs(5_400)));
        for (text, part) in [("500ms", "at least 1s"), ("often", "such as 10s")] {
            let message = interval(text).err().unwrap_or_default();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
