//! What all parts share: a Temporal server, a client, and a PostgreSQL server for each catalog.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use asset_engine::RunStatus;
use orchbench::environment;
use orchbench_assets_on_temporal::{MaterializeInput, MaterializeOutcome, workflow_id};
use orchbench_bench::Worker;
use orchbench_lab::postgres::LocalPostgres;
use orchbench_lab::process::{TempFolder, Usage};
use orchbench_lab::server::{Choice, LocalServer, ServerSettings, ServerSpec, provision};
use orchbench_temporal::client::Execution;
use orchbench_temporal::{Client, SDK_VERSION};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::graph::Chain;
use super::worker::Config;

/// Longest that the server may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Lab {
    measured_on: String,
    server: LocalServer,
    runtime: Runtime,
    client: Client,
    // Removed after the server has ended.
    folder: TempFolder,
}

/// Which workflow is on a task queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    Assets,
    Plain,
}

/// A catalog on a PostgreSQL server of its own, and a task queue.
pub struct Place<'a> {
    lab: &'a Lab,
    pub queue: String,
    postgres: LocalPostgres,
    pub store: PathBuf,
}

/// How large a history is.
pub struct History {
    pub workflow: String,
    pub events: i64,
    pub bytes: i64,
}

impl Lab {
    pub fn start() -> Result<Self> {
        let folder = TempFolder::create("scale")?;
        let provisioned = provision(&Choice::Cache, &|what, _| eprintln!("{what}"))?;
        let spec = ServerSpec::new(folder.path().join("server")).settings(ServerSettings::tuned());
        let server = LocalServer::start(&provisioned, &spec)?;
        let runtime = Runtime::new()?;
        let client = runtime.block_on(Client::connect(server.address(), "default", PATIENCE))?;
        Ok(Self {
            measured_on: measured_on(&server),
            server,
            runtime,
            client,
            folder,
        })
    }

    pub fn stop(self) -> Result<()> {
        Ok(self.server.stop()?)
    }

    pub fn place(&self, queue: &str) -> Result<Place<'_>> {
        let postgres = LocalPostgres::find_and_start()?;
        let store = self.folder.path().join(queue);
        std::fs::create_dir_all(&store)?;
        Ok(Place {
            lab: self,
            queue: queue.to_owned(),
            postgres: postgres.context("PostgreSQL: expected its programs, found none")?,
            store,
        })
    }

    /// What the server has used so far.
    pub fn server_usage(&self) -> Result<Usage> {
        let pid = self.server.pid()?.context("the server is gone")?;
        Usage::of_tree(pid).context("the server is gone")
    }

    /// On what it is measured, and what ran beside it at the start.
    pub fn measured_on(&self) -> &str {
        &self.measured_on
    }
}

fn measured_on(server: &LocalServer) -> String {
    let machine = environment::capture(&[], None, BTreeMap::default(), BTreeMap::default());
    let day = machine.started_at.split('T').next().unwrap_or_default();
    format!(
        "{day}, {} × {}, {}, load {} before; Temporal {} on SQLite, tuned; catalog on PostgreSQL, \
         synchronous_commit=on; Rust SDK {SDK_VERSION} ({} build).",
        machine.cpus,
        machine.cpu,
        machine.os,
        machine.load_1m,
        server.versions().server,
        machine.build,
    )
}

impl Place<'_> {
    pub fn url(&self) -> &str {
        self.postgres.url()
    }

    pub fn worker(&self, chain: &Chain, slots: Option<usize>, side: Side) -> Result<Worker> {
        let config = Config {
            address: self.lab.server.address().to_owned(),
            queue: self.queue_of(side),
            catalog: self.url().to_owned(),
            chain: chain.clone(),
            slots,
            side,
        };
        config.start(self.lab.folder.path())
    }

    fn queue_of(&self, side: Side) -> String {
        match side {
            Side::Assets => self.queue.clone(),
            Side::Plain => format!("{}-plain", self.queue),
        }
    }

    fn client(&self, side: Side) -> Client {
        let client = self.lab.client.clone();
        client.with_task_queue(self.queue_of(side))
    }

    /// The time of a run of assets, from its request to its end.
    pub fn run(&self, input: &MaterializeInput) -> Result<(Duration, MaterializeOutcome)> {
        let id = workflow_id(&self.queue, &input.run);
        let argument = serde_json::to_value(input)?;
        let (took, outcome) = self.workflow(Side::Assets, "MaterializeWorkflow", &id, argument)?;
        let outcome: MaterializeOutcome = serde_json::from_value(outcome)?;
        let status = outcome.status;
        ensure!(
            status == RunStatus::Success,
            "run {}: {status:?}",
            input.run
        );
        Ok((took, outcome))
    }

    /// The time of a workflow, and its result.
    pub fn workflow(
        &self,
        side: Side,
        name: &str,
        id: &str,
        argument: Value,
    ) -> Result<(Duration, Value)> {
        let client = self.client(side);
        let begun = Instant::now();
        let ended = self.lab.runtime.block_on(async {
            client.start_named(name, id, &[argument]).await?;
            client.result(id, None).await
        })?;
        let took = begun.elapsed();
        let result = ended.with_context(|| format!("workflow {id}"))?;
        Ok((took, result))
    }

    /// The history of each execution on the queue, once the server shows so many.
    pub fn histories(&self, executions: usize) -> Result<Vec<History>> {
        let client = self.client(Side::Assets);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = client.executions("ExecutionStatus != 'Running'");
            let found = self.lab.runtime.block_on(found)?;
            if found.len() >= executions {
                let history = |each: Execution| History {
                    workflow: each.workflow,
                    events: each.events,
                    bytes: each.history_bytes,
                };
                return Ok(found.into_iter().map(history).collect());
            }
            ensure!(
                Instant::now() < deadline,
                "expected {executions} executions, found {}",
                found.len()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// How large the catalog is, bytes.
    pub fn catalog_bytes(&self) -> Result<f64> {
        let size = "SELECT pg_database_size(current_database())";
        let output = Command::new(self.postgres.bin().join("psql"))
            .args([self.url(), "--no-psqlrc", "-Atc", size])
            .output()?;
        ensure!(output.status.success(), "psql: {}", output.status);
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }

    /// What PostgreSQL has used so far.
    pub fn postgres_usage(&self) -> Result<Usage> {
        Usage::of_tree(self.postgres.pid()).context("PostgreSQL is gone")
    }
}
