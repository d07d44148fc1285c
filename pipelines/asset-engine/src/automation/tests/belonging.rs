//! A daemon carries on what was asked for on its own graph, and names the rest.

use std::sync::Arc;

use super::fixture::{Noting, asset, at, daemon, key, memory};
use crate::automation::{Backfill, Daemon, FailedOrder, Order, Sensor};
use crate::{
    AssetGraph, BackfillRecord, Evaluation, Event, Mode, Partitions, RunRecord, RunStatus,
    Selection, Tick,
};

/// The same asset of two sources.
fn of(source: &str, step: &Arc<Noting>) -> Arc<AssetGraph> {
    let days = Partitions::daily("2013-01-01", "2013-01-02").unwrap();
    let assets = vec![asset("daily", step).partitions(days)];
    let parts = [("source".to_owned(), source.to_owned())];
    Arc::new(AssetGraph::new(assets).unwrap().identified_by(parts))
}

fn run(id: &str, graph: &AssetGraph) -> Arc<RunRecord> {
    Arc::new(RunRecord {
        run: Arc::from(id),
        selection: Selection::all(),
        mode: Mode::All,
        config: Arc::new(serde_json::Value::Null),
        tags: crate::RunTags::default(),
        identity: Arc::clone(graph.identity()),
    })
}

#[test]
fn runs_orders_and_backfills_of_another_graph_are_left_alone() {
    let step = Arc::new(Noting::default());
    let (own, other) = (of("own", &step), of("other", &step));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let open = || super::fixture::open(&path, crate::catalog::Failpoint::default()).unwrap();
    {
        let executor = open();
        let tick = Tick {
            automation: Arc::from("sensor"),
            for_ms: 0,
            cursor: None,
            orders: vec![run("sensor/ordered", &other)],
            note: None,
        };
        let events = vec![
            Event::RunSubmitted(run("k", &other)),
            Event::Ticked(Arc::new(tick)),
        ];
        executor.append(events).unwrap();
        let record = BackfillRecord::new("b", Selection::all(), ["2013-01-01"]);
        Backfill::request(&executor, &other, record).unwrap();
    }
    let executor = open();
    let mut strange = Daemon::new(Arc::clone(&executor), own, Vec::new());
    let beat = strange.tick(at("2024-01-01T00:00:00Z")).unwrap();
    let left = |what: &str| format!("{what}: asked for on source other, this is source own");
    assert_eq!(
        beat.left_alone,
        [
            left("run k"),
            left("order sensor/ordered"),
            left("backfill b")
        ]
    );
    assert!(
        beat.submitted.is_empty() && beat.problems.is_empty(),
        "{beat:?}"
    );
    let again = strange.tick(at("2024-01-01T00:00:05Z")).unwrap();
    assert!(again.left_alone.is_empty(), "named twice: {again:?}");
    assert_eq!(step.executed(), [""; 0]);
    assert_eq!(executor.catalog().orders().unwrap().len(), 1);
    drop((strange, executor));

    let executor = open();
    let mut fitting = Daemon::new(Arc::clone(&executor), other, Vec::new());
    let beat = fitting.tick(at("2024-01-01T00:01:00Z")).unwrap();
    assert_eq!(beat.submitted, ["k", "sensor/ordered", "b/2013-01-01"]);
    assert_eq!(fitting.settle().unwrap().len(), 3);
    for info in executor.catalog().runs().unwrap() {
        assert_eq!(info.status, RunStatus::Success, "{}", info.record.run);
    }
}

#[test]
fn an_order_that_failed_is_named_until_what_it_was_to_make_is_there() {
    let step = Arc::new(Noting::default());
    let graph = of("own", &step);
    let executor = memory();
    let sensor = || {
        Sensor::new("sensor", |cx: &crate::EvaluationContext<'_>| {
            let first = Order::new("first", Selection::all());
            let asked = cx.cursor.is_none().then_some(first);
            Ok(Evaluation::new(asked).cursor("1"))
        })
    };
    step.fail("daily@2013-01-02", true);
    let mut first = daemon(&executor, &graph, sensor());
    let beat = first.tick(at("2024-01-01T00:00:00Z")).unwrap();
    assert_eq!(beat.submitted, ["sensor/first"]);
    first.settle().unwrap();
    let failed = FailedOrder {
        run: "sensor/first".to_owned(),
        status: RunStatus::Failure,
    };
    let beat = first.tick(at("2024-01-01T00:00:05Z")).unwrap();
    assert_eq!(beat.failed_orders, std::slice::from_ref(&failed));
    let beat = first.tick(at("2024-01-01T00:00:10Z")).unwrap();
    assert!(beat.failed_orders.is_empty(), "named twice");
    // Another daemon says so as well, until somebody else has made it.
    let beat = daemon(&executor, &graph, sensor())
        .tick(at("2024-01-01T00:00:15Z"))
        .unwrap();
    assert_eq!(beat.failed_orders, [failed]);
    step.fail("daily@2013-01-02", false);
    let by_hand = crate::RunRequest {
        selection: Selection::assets([key("daily")]).with_partitions(["2013-01-02"]),
        ..crate::RunRequest::new("by-hand", Arc::clone(&graph))
    };
    executor.run(by_hand).unwrap();
    let beat = daemon(&executor, &graph, sensor())
        .tick(at("2024-01-01T00:00:20Z"))
        .unwrap();
    assert!(beat.failed_orders.is_empty(), "{beat:?}");
}
