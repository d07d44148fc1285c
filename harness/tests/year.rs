//! The whole year is the same everywhere: three engines, two databases, one digest, on one host or three; and
//! the counts are those of the CSV.

#[path = "fixtures/host.rs"]
mod host;
#[path = "fixtures/hosts.rs"]
mod hosts;
#[expect(dead_code, reason = "of what others do to it nothing is done here")]
#[path = "../../pipelines/etl/tests/fixtures/s3.rs"]
mod s3;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use asset_engine::{Executor, ExecutorOptions};
use orchbench_assets::GraphOptions;
use orchbench_etl::catalogue::CatalogueService;
use orchbench_etl::{Etl, EtlConfig, SourceCatalogue, Summary};
use orchbench_lab::postgres::LocalPostgres;
use orchbench_lab::process::TempFolder;
use orchbench_lab::server::{Choice, LocalServer, ServerSettings, ServerSpec, provision};
use orchbench_temporal::{Client, PipelineInput, WorkerOptions, worker};
use tokio::sync::oneshot;

const READY: Duration = Duration::from_secs(60);
const CONCURRENCY: usize = 8;

/// What the CSV holds, computed by a program that is none of ours (Python's csv module).
const FLIGHTS: u64 = 336_776;
const NO_PLANE: u64 = 52_606;
const NO_AIRPORT: u64 = 7_602;
const NO_WEATHER: u64 = 1_556;
const ARR_DELAY_SUM: i64 = 2_257_174;

fn main() -> Result<()> {
    // Children are started through this program, as `orchbench` starts its own.
    orchbench::cli::serve_if_child();
    let scratch = tempfile::tempdir()?;
    let catalogue = CatalogueService::start(&scratch.path().join("receipts.jsonl"))?;
    let mut passed = 0;
    let mut digests = Vec::new();
    for store in ["sqlite", "postgres"] {
        for engine in ["direct", "asset-engine", "temporal"] {
            // A cluster of its own for each: nothing of one run can help the next.
            let postgres = match store {
                "postgres" => LocalPostgres::find_and_start()?,
                _ => None,
            };
            if store == "postgres" && postgres.is_none() {
                println!("not run: {engine} on {store}: initdb and postgres were not found");
                continue;
            }
            let folder = scratch.path().join(format!("{store}-{engine}"));
            std::fs::create_dir_all(&folder)?;
            let warehouse = match &postgres {
                Some(postgres) => postgres.url().to_owned(),
                None => format!("sqlite:{}", folder.join("warehouse.sqlite").display()),
            };
            let etl = Arc::new(Etl::open(EtlConfig {
                catalogue_url: Some(catalogue.url().to_owned()),
                ..EtlConfig::new(&folder, warehouse)
            })?);
            let begun = std::time::Instant::now();
            let summaries =
                run_twice(engine, &etl, &folder).with_context(|| format!("{engine} on {store}"))?;
            check(&summaries).with_context(|| format!("{engine} on {store}"))?;
            digests.push(summaries[0].digest.clone());
            passed += 1;
            println!(
                "whole year: {engine} on {store}: ok ({:.1} s for two runs)",
                begun.elapsed().as_secs_f64()
            );
        }
    }
    match LocalPostgres::find_and_start()? {
        None => println!("not run: three hosts: initdb and postgres were not found"),
        Some(postgres) => {
            let hosts = hosts::Hosts::start(scratch.path(), postgres, catalogue.url())?;
            let sources = SourceCatalogue::embedded()?;
            let summary = hosts.run(sources.get("all")?, CONCURRENCY)?;
            check_counts(&summary).context("three hosts")?;
            digests.push(summary.digest);
            passed += 1;
            println!("whole year: assets-on-temporal on three hosts: ok");
        }
    }
    digests.dedup();
    ensure!(digests.len() == 1, "digests differ: {digests:?}");
    println!("{passed} passed, 0 failed");
    Ok(())
}

fn run_twice(engine: &str, etl: &Arc<Etl>, folder: &Path) -> Result<[Summary; 2]> {
    match engine {
        "direct" => Ok([
            etl.run_direct("first", "all", CONCURRENCY)?,
            etl.run_direct("second", "all", CONCURRENCY)?,
        ]),
        "asset-engine" => {
            let options = ExecutorOptions::default().concurrency(CONCURRENCY);
            let executor = Executor::open(folder.join("catalog.sqlite"), options)?;
            let run = |run: &str| {
                let options = GraphOptions::default();
                orchbench_assets::run(&executor, etl, run, "all", &options)
            };
            Ok([run("first")?, run("second")?])
        }
        _ => temporal(etl, folder),
    }
}

fn temporal(etl: &Arc<Etl>, _folder: &Path) -> Result<[Summary; 2]> {
    let provisioned = provision(&Choice::Cache, &|what, _| println!("{what}"))?;
    let data = TempFolder::create("year")?;
    let spec = ServerSpec::new(data.path()).settings(ServerSettings::tuned());
    let server = LocalServer::start(&provisioned, &spec)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let options = WorkerOptions::new(server.address());
    let worker_etl = Arc::clone(etl);
    let working = std::thread::spawn(move || {
        let stopped = async {
            // A dropped sender stops the worker as well.
            let _ = stopped.await;
        };
        let on_ready = move |_: &_| ready.send(()).unwrap_or(());
        worker::run_blocking(options, worker_etl, on_ready, stopped)
    });
    is_ready.recv_timeout(READY)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let summaries = runtime.block_on(async {
        let client = Client::connect(server.address(), "default", READY).await?;
        let run = async || -> Result<Summary> {
            let input = PipelineInput {
                concurrency: CONCURRENCY,
                ..PipelineInput::new("all")
            };
            client.start_pipeline("year", input).await?;
            let result = client.pipeline_result("year", None).await?;
            result.map_err(|failure| anyhow::anyhow!("{failure}"))
        };
        Ok::<_, anyhow::Error>([run().await?, run().await?])
    })?;
    // The worker may have ended by itself already; its own result says so.
    let _ = stop.send(());
    match working.join() {
        Ok(ended) => ended?,
        Err(_) => anyhow::bail!("the worker panicked"),
    }
    server.stop()?;
    Ok(summaries)
}

fn check(summaries: &[Summary; 2]) -> Result<()> {
    summaries.iter().try_for_each(check_counts)?;
    let [first, second] = summaries;
    ensure!(
        first.changed == FLIGHTS,
        "the first run changed {}",
        first.changed
    );
    ensure!(
        second.changed == 0,
        "the second run changed {}",
        second.changed
    );
    ensure!(
        first.digest == second.digest,
        "the second run's digest differs"
    );
    Ok(())
}

/// The counts are those of the CSV.
fn check_counts(summary: &Summary) -> Result<()> {
    ensure!(
        summary.partitions == 365,
        "{} partitions",
        summary.partitions
    );
    ensure!(
        summary.extracted == FLIGHTS,
        "extracted {}",
        summary.extracted
    );
    ensure!(
        summary.extracted == summary.accepted + summary.quarantined,
        "{} accepted and {} quarantined",
        summary.accepted,
        summary.quarantined
    );
    ensure!(
        summary.loaded == summary.accepted,
        "loaded {}",
        summary.loaded
    );
    let unresolved = summary.unresolved;
    ensure!(
        (unresolved.plane, unresolved.airport, unresolved.weather)
            == (NO_PLANE, NO_AIRPORT, NO_WEATHER),
        "{unresolved:?}"
    );
    ensure!(
        summary.arr_delay_sum == ARR_DELAY_SUM,
        "{}",
        summary.arr_delay_sum
    );
    Ok(())
}
