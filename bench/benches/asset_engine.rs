//! The asset engine without work: what a step costs in memory, and durable (WAL,
//! synchronous=FULL, success acknowledged after the commit), beside one bare SQLite
//! transaction of the same durability.

use std::sync::Arc;

use asset_engine::{Durability, Executor, ExecutorOptions, RunRequest};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use orchbench_assets::{GraphOptions, noop_graph};
use orchbench_etl::Shape;

const STEPS: u32 = 100;

fn no_op_steps(c: &mut Criterion) {
    let mut group = c.benchmark_group("asset engine, no-op steps");
    group
        .throughput(Throughput::Elements(u64::from(STEPS)))
        .sample_size(20);
    for (name, shape) in [("chain", Shape::Chain), ("fan-out", Shape::FanOut)] {
        let graph =
            Arc::new(noop_graph(shape, STEPS, &GraphOptions::default()).expect("a valid graph"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = ExecutorOptions::default()
            .concurrency(64)
            .durability(Durability::PowerLoss);
        let durable = Executor::open(folder.path().join("catalog.sqlite"), options.clone())
            .expect("a catalog");
        let memory = Executor::memory(options);
        let mut run = 0_u64;
        for (store, executor) in [("durable", &durable), ("memory", &memory)] {
            group.bench_function(BenchmarkId::new(store, name), |b| {
                b.iter(|| {
                    run += 1;
                    let id = format!("run-{run}");
                    executor
                        .submit(RunRequest::new(id.as_str(), Arc::clone(&graph)))
                        .and_then(|_| executor.wait(&id))
                        .expect("the run succeeds")
                });
            });
        }
    }
    group.finish();
}

fn bare_transaction(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let connection =
        rusqlite::Connection::open(folder.path().join("bare.sqlite")).expect("a database");
    connection
        .execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);")
        .expect("a table");
    c.bench_function("asset engine, yardstick/one bare SQLite transaction", |b| {
        b.iter(|| {
            connection
                .execute("INSERT INTO t (v) VALUES (?1)", ["a row"])
                .expect("an insert")
        });
    });
}

criterion_group!(benches, no_op_steps, bare_transaction);
criterion_main!(benches);
