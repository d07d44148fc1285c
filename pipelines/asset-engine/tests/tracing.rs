//! What a subscriber of `tracing` is told, and with whose words. In a process of its own, as steps run in
//! threads of the engine's, which know only the subscriber of all.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use asset_engine::{
    Asset, AssetGraph, AssetKey, Backfill, BackfillRecord, Daemon, Executor, ExecutorOptions,
    Materialized, Partitions, RetryPolicy, RunRequest, Selection, Sensor, StepContext, StepFailure,
};

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<u8>>>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_step_says_is_told_with_its_run_asset_partition_and_attempt() {
    let told = Told::default();
    let writer = told.clone();
    tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .with_max_level(tracing::Level::DEBUG)
        .init();
    let step = |cx: &StepContext<'_>| {
        tracing::info!("looks around");
        match cx.attempt {
            1 => Err(StepFailure::retryable("Planned", "not yet")),
            _ => Ok(Materialized::new("1")),
        }
    };
    let day = Partitions::daily("2024-01-01", "2024-01-01").unwrap();
    let orders = Asset::new(AssetKey::new("shop/orders").unwrap(), step)
        .partitions(day)
        .retry(RetryPolicy::constant(1, 0));
    let graph = Arc::new(AssetGraph::new(vec![orders]).unwrap());
    let executor = Executor::memory(ExecutorOptions::default().concurrency(1));
    executor
        .run(RunRequest::new("r1", Arc::clone(&graph)))
        .unwrap();
    let days = BackfillRecord::new("b1", Selection::all(), ["2024-01-01"]);
    let backfill = Backfill::request(&executor, &graph, days).unwrap();
    backfill.run(|_| ()).unwrap();
    let broken = Sensor::new("broken", |_| Err("no door".to_owned()));
    let mut daemon = Daemon::new(Arc::new(executor), graph, vec![Box::new(broken)]);
    daemon
        .tick("2024-01-02T00:00:00Z".parse().unwrap())
        .unwrap();
    let told = String::from_utf8(told.0.lock().unwrap().clone()).unwrap();
    let attempt = |number: u32| {
        format!(r#"step{{run=r1 asset=shop/orders partition="2024-01-01" attempt={number}}}: "#)
    };
    let expected = [
        "INFO asset_engine::executor::scheduler: run accepted run=r1".to_owned(),
        format!("INFO {}tracing: looks around", attempt(1)),
        format!("WARN {}asset_engine::executor::worker: attempt failed failure=Planned: not yet retryable=true", attempt(1)),
        format!("INFO {}tracing: looks around", attempt(2)),
        format!("DEBUG {}asset_engine::executor::worker: attempt succeeded pieces=1", attempt(2)),
        r#"INFO asset_engine::executor::scheduler: run ended run=r1 status="success" materialized=1 failed=0"#.to_owned(),
        "INFO asset_engine::executor::scheduler: backfill accepted backfill=b1 partitions=1".to_owned(),
        r#"INFO asset_engine::executor::scheduler: backfill ended backfill=b1 status="success""#.to_owned(),
        r#"WARN automation{name="broken"}: asset_engine::automation::daemon: evaluation failed error=no door"#.to_owned(),
    ];
    let mut lines = told.lines().map(str::trim_start);
    for expected in expected {
        let found = lines.any(|line| line.starts_with(&expected));
        assert!(found, "{expected}, in that order, in\n{told}");
    }
}
