//! `orchbench server`: a Temporal server that orchbench provisions, by hand.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

use crate::exit::{Exit, UsageError};
use crate::output;
use orchbench_lab::server::{self, Choice, ServerSettings, ServerSpec, Status};

/// How long a server may take to stop.
const STOP: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start one, in the foreground unless detached.
    Start(Start),
    /// Say whether one runs, and where.
    Status,
    /// Stop the one that runs.
    Stop,
    /// Find or make what a server needs, without starting one.
    Provision(Which),
}

#[derive(Debug, clap::Args)]
struct Start {
    /// Return once it is ready; `orchbench server stop` ends it.
    #[arg(long)]
    detach: bool,
    /// Loopback port of the gRPC frontend.
    #[arg(long, default_value_t = 7233)]
    port: u16,
    /// Named settings: default, tuned, tuned-poll, tuned-timer.
    #[arg(long, default_value = "default")]
    settings: String,
    /// Folder of the database and the log.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

/// Which Temporal server to use.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Which {
    /// Use the server at this address; it is never started, killed or stopped.
    #[arg(long, conflicts_with = "server")]
    temporal_address: Option<String>,
    /// Where to take the server from.
    #[arg(long, value_enum, default_value_t = From::Auto)]
    server: From,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    /// TEMPORAL_ADDRESS or a temporal.toml profile, else as cache.
    Auto,
    /// Temporal on PostgreSQL in containers, and the warehouse on the same PostgreSQL.
    Docker,
    /// The dev server in a container.
    DockerDev,
    /// The dev server of `temporal` on PATH.
    Path,
    /// `temporal-server` on SQLite in orchbench's own cache, which is filled when it is empty.
    Cache,
}

impl Which {
    /// The choice that the words make.
    pub(super) fn choice(&self) -> Result<Choice, UsageError> {
        Ok(match (&self.temporal_address, self.server) {
            (Some(address), _) if address.trim().is_empty() => {
                return Err(UsageError(
                    "--temporal-address: expected host:port, found nothing".into(),
                ));
            }
            (Some(address), _) => Choice::Address(address.clone()),
            (None, From::Auto) => Choice::Auto,
            (None, From::Docker) => Choice::Docker,
            (None, From::DockerDev) => Choice::DockerDev,
            (None, From::Path) => Choice::Path,
            (None, From::Cache) => Choice::Cache,
        })
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    match args.command {
        Command::Start(start) => begin(&start)?,
        Command::Status => match server::status()? {
            Status::Running(running) => output::line(&format!(
                "running at {} (server {}, settings {}, data in {})",
                running.address,
                running.server_version,
                running.settings,
                running.data_dir.display()
            )),
            Status::Stopped => output::line("not running"),
        },
        Command::Stop => match server::stop(STOP)? {
            Some(running) => output::line(&format!("stopped the server at {}", running.address)),
            None => output::line("not running"),
        },
        Command::Provision(which) => {
            let found = server::provision(&which.choice()?, &output::waiting())?;
            output::line(&found.to_string());
        }
    }
    Ok(Exit::Done)
}

fn begin(start: &Start) -> anyhow::Result<()> {
    let settings = ServerSettings::named(&start.settings)
        .map_err(|error| UsageError(format!("--settings: {error}")))?;
    let data_dir = match &start.data_dir {
        Some(dir) => dir.clone(),
        None => server::default_data_dir()?,
    };
    let ready = |address: &str| {
        output::line(&format!("Temporal server ready at {address}"));
        output::line(&format!("  export TEMPORAL_ADDRESS={address}"));
    };
    if start.detach {
        let running = server::detach(&words(start), &output::waiting())?;
        ready(&running.address);
        return Ok(());
    }
    let spec = ServerSpec {
        choice: start.which.choice()?,
        port: Some(start.port),
        ..ServerSpec::new(data_dir).settings(settings)
    };
    server::serve_foreground(&spec, &output::waiting(), &mut |running| {
        ready(&running.address);
    })?;
    Ok(())
}

/// The words that start the same server in the foreground.
fn words(start: &Start) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["server", "start", "--settings", &start.settings, "--port"]
        .map(OsString::from)
        .into();
    words.push(start.port.to_string().into());
    if let Some(dir) = &start.data_dir {
        words.extend(["--data-dir".into(), dir.clone().into_os_string()]);
    }
    if let Some(value) = start.which.server.to_possible_value() {
        words.extend(["--server".into(), value.get_name().into()]);
    }
    words
}
