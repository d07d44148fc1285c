//! `orchbench workflow`: the Temporal pipelines by hand. Workflows go by name and take JSON, so
//! that any workflow on any server will do. What Temporal's own tool does as well (lists, schedules,
//! resets, pauses) is left to it.

mod input;
mod remaining;
mod show;
mod start;
mod talk;

use clap::Subcommand;

use super::connection::Connection;
use crate::exit::Exit;

const AFTER: &str = "All else is Temporal's own tool's: `temporal workflow list`, `temporal workflow reset`, \
`temporal activity pause`, `temporal schedule create --schedule-id daily --cron '0 6 * * *' \
--workflow-id daily --type DailyWorkflow --task-queue data-pipeline-queue --input '\"all\"'`.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a workflow by name.
    Start(start::Start),
    /// Wait for a workflow's end.
    Result(start::Which),
    /// Send a signal.
    Signal(talk::Message),
    /// Ask a workflow, running or closed.
    Query(talk::Patient),
    /// Send an update and wait for its outcome.
    Update(talk::Patient),
    /// Ask a workflow to cancel itself.
    Cancel(talk::End),
    /// End a workflow at once, without asking it.
    Terminate(talk::End),
    /// Say how a workflow stands: status, pending activities and children, what keeps it from going on.
    Describe(start::Which),
    /// Print a workflow's history step by step.
    Show(show::Show),
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // What can be wrong with the words is said before anybody is called.
        let json = args.json;
        let connection = &args.connection;
        match args.command {
            Command::Start(start) => start::start(start, connection, json).await,
            Command::Result(which) => start::result(&which, connection, json).await,
            Command::Signal(message) => talk::signal(message, connection, json).await,
            Command::Query(query) => talk::query(query, connection).await,
            Command::Update(update) => talk::update(update, connection, json).await,
            Command::Cancel(end) => talk::cancel(&end, connection, json).await,
            Command::Terminate(end) => talk::terminate(&end, connection, json).await,
            Command::Describe(which) => show::describe(&which, connection, json).await,
            Command::Show(which) => show::show(&which, connection, json).await,
        }
    })
}
