//! A three-step workflow on a real Temporal server of the benchmark's own, at default and
//! at tuned settings.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use orchbench_etl::Shape;
use orchbench_etl::{Etl, EtlConfig};
use orchbench_lab::process;
use orchbench_lab::server::{Choice, LocalServer, ServerSettings, ServerSpec, provision};
use orchbench_temporal::{Client, NoopInput, WorkerOptions, worker};
use tokio::sync::oneshot;

const READY: Duration = Duration::from_secs(60);

fn three_steps(c: &mut Criterion, settings: ServerSettings) -> anyhow::Result<()> {
    let folder = process::TempFolder::create("bench")?;
    let provisioned = provision(&Choice::Auto, &|what, _| eprintln!("{what}"))?;
    let name = settings.name.clone();
    let spec = ServerSpec::new(folder.path().join("temporal")).settings(settings);
    let server = LocalServer::start(&provisioned, &spec)?;

    let warehouse = format!(
        "sqlite:{}",
        folder.path().join("warehouse.sqlite").display()
    );
    let etl = Arc::new(Etl::open(EtlConfig::new(folder.path(), warehouse))?);
    let options = WorkerOptions::new(server.address());
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let working = std::thread::spawn(move || {
        let stopped = async {
            // A dropped sender stops the worker as well.
            let _ = stopped.await;
        };
        let on_ready = move |_: &_| ready.send(()).unwrap_or(());
        worker::run_blocking(options, etl, on_ready, stopped)
    });
    is_ready.recv_timeout(READY)?;

    let runtime = tokio::runtime::Runtime::new()?;
    let client = runtime.block_on(Client::connect(server.address(), "default", READY))?;
    let mut number = 0_u64;
    let mut group = c.benchmark_group("temporal, three-step workflow");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(8));
    group.bench_function(BenchmarkId::new("server on SQLite", name), |b| {
        b.iter(|| {
            number += 1;
            let id = format!("bench-{number}");
            let input = NoopInput::new(Shape::Chain, 3);
            runtime.block_on(async {
                client
                    .start_noop(&id, input)
                    .await
                    .expect("the workflow starts");
                client
                    .noop_result(&id, None)
                    .await
                    .expect("the server answers")
                    .expect("the workflow succeeds")
            })
        });
    });
    group.finish();
    let _ = stop.send(());
    match working.join() {
        Ok(ended) => ended?,
        Err(_) => anyhow::bail!("the worker panicked"),
    }
    server.stop()?;
    Ok(())
}

fn main() -> anyhow::Result<()> {
    // This program starts its server through itself, as `orchbench` does.
    orchbench::cli::serve_if_child();
    let mut criterion = Criterion::default().configure_from_args();
    three_steps(&mut criterion, ServerSettings::default())?;
    three_steps(&mut criterion, ServerSettings::tuned())?;
    criterion.final_summary();
    Ok(())
}
