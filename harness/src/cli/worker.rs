//! `orchbench worker ENGINE`: the process that does an engine's work. The harness starts
//! these with `--config`; by hand, `orchbench worker temporal` polls the task queue for
//! anyone who starts `DataPipelineWorkflow` by name, and `orchbench worker assets` for whoever
//! materializes assets `--on temporal`.

mod assets;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use orchbench_etl::catalogue::CatalogueService;
use orchbench_etl::{EtlConfig, SourceCatalogue, SourceError};

use orchbench_temporal::Endpoint;

use super::assets::place::CatalogArgs;
use super::connection::{Connection, HOUR_MS};
use crate::engine::{StepExecution, TEMPORAL, TemporalWorker, WorkerConfig};
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::scenario::known_engine;
use orchbench_lab::process;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Registered name of the engine; or `assets`, for the assets of a source on Temporal.
    engine: String,
    /// The harness's own configuration of a worker; excludes all other options.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Whose assets are materialized, by `worker assets`.
    #[arg(long, default_value = "my-source")]
    source: String,
    #[command(flatten)]
    place: CatalogArgs,
    #[command(flatten)]
    surroundings: Surroundings,
    #[command(flatten)]
    connection: Connection,
    /// The task queue; by default `data-pipeline-queue`, and `assets-SOURCE` of assets.
    #[arg(long)]
    task_queue: Option<String>,
    /// Use the tuned worker settings (sticky timeout 1 s) instead of the defaults.
    #[arg(long)]
    tuned: bool,
    /// Serve Prometheus metrics here, such as `127.0.0.1:9464`; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
    /// How long activities may go on after SIGTERM or Ctrl-C, in milliseconds.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=HOUR_MS))]
    drain_ms: Option<u64>,
    /// How many steps it has in work at a time, 100 by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    activity_slots: Option<u32>,
}

/// Where state is, for commands by hand.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct WorkFolder {
    /// Folder of artifacts and state.
    #[arg(long, default_value = "orchbench-data")]
    pub work_dir: PathBuf,
    /// An object store for artifacts in the place of the work folder, such as `s3://bucket/prefix`: what else it needs is
    /// taken from the environment, as its cloud's own tools do.
    #[arg(long, value_name = "URL", env = "ORCHBENCH_STORE")]
    pub store: Option<String>,
}

/// Where steps read and write, for commands by hand.
#[derive(Debug, clap::Args)]
pub(super) struct Surroundings {
    #[command(flatten)]
    folder: WorkFolder,
    /// `sqlite:PATH` or `postgres://…`; by default a SQLite file in the work folder.
    #[arg(long)]
    warehouse: Option<String>,
    /// Input folder instead of the embedded nycflights13.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// A sources.toml instead of the embedded one.
    #[arg(long)]
    sources: Option<PathBuf>,
    /// Catalogue service to announce to; by default one is served here.
    #[arg(long)]
    catalogue_url: Option<String>,
    /// Write the effect journal to this folder.
    #[arg(long)]
    journal_dir: Option<PathBuf>,
    /// Make every step take longer by this, to watch or to kill it at work.
    #[arg(long, value_name = "MS", default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(0..=HOUR_MS))]
    step_delay_ms: u64,
}

impl Surroundings {
    /// The steps' configuration, with the catalogue service to keep alive when one was
    /// started.
    pub(super) fn open(self) -> anyhow::Result<(EtlConfig, Option<CatalogueService>)> {
        let mut config = self.config()?;
        if config.catalogue_url.is_some() {
            return Ok((config, None));
        }
        let service = CatalogueService::start(&config.work_dir.join("receipts.jsonl"))?;
        config.catalogue_url = Some(service.url().to_owned());
        Ok((config, Some(service)))
    }

    /// The work folder, for who only reads: it is not made.
    pub(super) fn folder(&self) -> &WorkFolder {
        &self.folder
    }

    /// The catalogue of sources.
    pub(super) fn source_catalogue(&self) -> Result<SourceCatalogue, SourceError> {
        match &self.sources {
            Some(path) => SourceCatalogue::read(path),
            None => SourceCatalogue::embedded(),
        }
    }

    /// The same for who does not announce: no catalogue service is started.
    pub(super) fn config(self) -> anyhow::Result<EtlConfig> {
        let (work_dir, store) = (self.folder.work_dir, self.folder.store);
        std::fs::create_dir_all(&work_dir)
            .with_context(|| format!("--work-dir {}", work_dir.display()))?;
        let warehouse = self
            .warehouse
            .unwrap_or_else(|| format!("sqlite:{}", work_dir.join("warehouse.sqlite").display()));
        Ok(EtlConfig {
            data_dir: self.data_dir,
            journal_dir: self.journal_dir,
            store,
            sources_file: self.sources,
            catalogue_url: self.catalogue_url,
            step_delay_ms: self.step_delay_ms,
            ..EtlConfig::new(work_dir, warehouse)
        })
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    if args.engine == assets::NAME {
        return assets::run(args);
    }
    let engine = known_engine("ENGINE", &args.engine)?;
    if let Some(path) = args.config {
        process::adopt_parent()?;
        (engine.worker)(WorkerConfig::read(&path)?)?;
        return Ok(Exit::Done);
    }
    // By hand, only one that others can start work on.
    if engine.name != TEMPORAL.name {
        let message = format!(
            "orchbench worker {} is started by the harness with --config; by hand, use \
             `orchbench materialize` for the asset engine",
            args.engine
        );
        return Err(UsageError(message).into());
    }
    let server = args.connection.target();
    let endpoint = server.resolve()?;
    let (etl, _catalogue) = args.surroundings.open()?;
    let task_queue = args.task_queue;
    let task_queue = task_queue.unwrap_or_else(|| orchbench_temporal::TASK_QUEUE.to_owned());
    polling(&task_queue, &endpoint);
    let config = WorkerConfig {
        etl,
        concurrency: 8,
        execution: StepExecution::InProcess,
        engine: serde_json::to_value(TemporalWorker {
            connect_timeout_ms: Some(args.connection.connect_timeout_ms()),
            tuned: args.tuned,
            drain_ms: args.drain_ms,
            activity_slots: args.activity_slots.map(|slots| slots as usize),
            metrics: args.metrics,
            ..TemporalWorker::new(server, task_queue)
        })?,
    };
    (engine.worker)(config)?;
    Ok(Exit::Done)
}

/// Says what is polled.
fn polling(task_queue: &str, endpoint: &Endpoint) {
    output::note(&format!(
        "polling task queue {task_queue} of namespace {} at {}; stop with Ctrl-C or SIGTERM",
        endpoint.namespace, endpoint.address
    ));
}
