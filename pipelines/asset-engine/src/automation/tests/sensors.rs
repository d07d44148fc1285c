//! Sensors: a cursor in the catalog, and runs that are neither lost nor doubled by a crash.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::ToSpan;

use super::fixture::{Noting, asset, at, daemon, graph, key, memory, open};
use crate::automation::{Evaluation, Order, Sensor};
use crate::catalog::{Failpoint, FailpointMode};
use crate::{Event, RunRequest, RunStatus, Selection};

/// A sensor of items that are numbered; its cursor says how many it has seen.
fn sensor(items: &Arc<AtomicUsize>) -> Sensor {
    let items = Arc::clone(items);
    Sensor::new("items", move |cx| {
        let seen: usize = cx
            .cursor
            .unwrap_or("0")
            .parse()
            .map_err(|_| "cursor".to_owned())?;
        let there = items.load(Ordering::SeqCst);
        if there > 90 {
            return Err("the shop is closed".to_owned());
        }
        let order = |item| Order::new(format!("item-{item}"), Selection::assets([key("item")]));
        Ok(Evaluation::new((seen..there).map(order)).cursor(there.to_string()))
    })
}

#[test]
fn the_cursor_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let step = Arc::new(Noting::default());
    let graph = graph(vec![asset("item", &step)]);
    let items = Arc::new(AtomicUsize::new(0));
    for (there, expected) in [(2, 2), (2, 0), (5, 3)] {
        items.store(there, Ordering::SeqCst);
        let executor = open(&path, Failpoint::default()).unwrap();
        let mut daemon = daemon(&executor, &graph, sensor(&items));
        let beat = daemon.tick(at("2024-01-01T00:00:00Z")).unwrap();
        assert_eq!(beat.submitted.len(), expected, "{beat:?}");
        assert_eq!(daemon.settle().unwrap().len(), expected);
        let tick = &executor.catalog().ticks().unwrap()[0];
        assert_eq!(tick.cursor.as_deref(), Some(there.to_string().as_str()));
    }
    assert_eq!(step.executed().len(), 5);
}

#[test]
fn an_error_is_noted_once_and_keeps_the_cursor() {
    let step = Arc::new(Noting::default());
    let graph = graph(vec![asset("item", &step)]);
    let items = Arc::new(AtomicUsize::new(1));
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, sensor(&items));
    daemon.tick(at("2024-01-01T00:00:00Z")).unwrap();
    items.store(99, Ordering::SeqCst);
    for _ in 0..3 {
        let beat = daemon.tick(at("2024-01-01T00:00:00Z")).unwrap();
        assert_eq!(beat.problems, ["automation items: the shop is closed"]);
    }
    let ticks = |record: &&crate::EventRecord| matches!(record.event, Event::Ticked(_));
    let events = executor.catalog().all_events().unwrap();
    assert_eq!(events.iter().filter(ticks).count(), 2);
    let tick = &executor.catalog().ticks().unwrap()[0];
    assert_eq!(tick.cursor.as_deref(), Some("1"));
    assert_eq!(tick.note.as_deref(), Some("failed: the shop is closed"));
    items.store(2, Ordering::SeqCst);
    let beat = daemon.tick(at("2024-01-01T00:00:00Z")).unwrap();
    assert_eq!(beat.submitted, ["items/item-1"]);
    daemon.settle().unwrap();
}

#[test]
fn a_sensor_rests_between_looks() {
    let step = Arc::new(Noting::default());
    let graph = graph(vec![asset("item", &step)]);
    let items = Arc::new(AtomicUsize::new(1));
    let sensor = sensor(&items).min_interval(Duration::from_secs(30));
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, sensor);
    let begin = at("2024-01-01T00:00:00Z");
    assert_eq!(daemon.tick(begin).unwrap().submitted.len(), 1);
    items.store(2, Ordering::SeqCst);
    assert_eq!(
        daemon.tick(begin + 29.seconds()).unwrap().submitted.len(),
        0
    );
    assert_eq!(
        daemon.tick(begin + 30.seconds()).unwrap().submitted.len(),
        1
    );
    daemon.settle().unwrap();
}

/// One life of the daemon: two looks, the second after another item has come.
fn live(path: &Path, failpoint: Failpoint, step: &Arc<Noting>) -> Result<(), String> {
    let graph = graph(vec![asset("item", step)]);
    let items = Arc::new(AtomicUsize::new(2));
    let executor = open(path, failpoint).map_err(|error| error.to_string())?;
    let mut daemon = daemon(&executor, &graph, sensor(&items));
    for there in [2, 3] {
        items.store(there, Ordering::SeqCst);
        let beat = daemon.tick(at("2024-01-01T00:00:00Z"));
        assert_eq!(beat.map_err(|error| error.to_string())?.problems, [""; 0]);
        daemon.settle().map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[test]
fn a_crash_at_any_write_neither_loses_nor_doubles_a_run() {
    let writes = {
        let dir = tempfile::tempdir().unwrap();
        let count = Failpoint::new(0, FailpointMode::Error);
        live(
            &dir.path().join("catalog.db"),
            count.clone(),
            &Arc::default(),
        )
        .unwrap();
        count.writes()
    };
    assert!(writes > 40, "{writes}");
    for fail_at in 1..=writes {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        let step = Arc::new(Noting::default());
        let _ = live(&path, Failpoint::new(fail_at, FailpointMode::Error), &step);
        live(&path, Failpoint::default(), &step).unwrap();
        let executor = open(&path, Failpoint::default()).unwrap();
        let catalog = executor.catalog();
        let mut made: BTreeMap<String, u32> = BTreeMap::new();
        for record in catalog.all_events().unwrap() {
            if let Event::Materialized(one) = record.event {
                *made.entry(one.run.to_string()).or_default() += 1;
            }
        }
        let once = |item| (format!("items/item-{item}"), 1);
        assert_eq!(made, (0..3).map(once).collect(), "write {fail_at}");
        let runs = catalog.runs().unwrap();
        assert!(
            runs.iter().all(|run| run.status == RunStatus::Success),
            "write {fail_at}"
        );
        assert_eq!(runs.len(), 3, "write {fail_at}");
        assert!(catalog.orders().unwrap().is_empty(), "write {fail_at}");
        catalog.verify(None).unwrap();
    }
}

#[test]
fn a_sensor_is_told_of_each_run_that_fails_from_its_first_look_on() {
    let step = Arc::new(Noting::default());
    step.fail("item", true);
    let graph = graph(vec![asset("item", &step), asset("alarm", &step)]);
    let executor = memory();
    let run = |id: &str| {
        let request = RunRequest::new(id, Arc::clone(&graph));
        executor.run(request.selection(Selection::assets([key("item")])))
    };
    let outcome = run("before the first look").unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    let sensor = Sensor::on_failure("alarms", |_, failed| {
        let alarm = Selection::assets([key("alarm")]);
        Ok(vec![Order::new(failed.run.as_ref(), alarm)])
    });
    let mut daemon = daemon(&executor, &graph, sensor);
    let mut look = || {
        let submitted = daemon.tick(at("2024-01-01T00:00:00Z")).unwrap().submitted;
        daemon.settle().unwrap();
        submitted
    };
    assert_eq!(look(), [""; 0]);
    run("first").unwrap();
    run("second").unwrap();
    assert_eq!(look(), ["alarms/first", "alarms/second"]);
    assert_eq!(look(), [""; 0]);
    step.fail("item", false);
    run("third").unwrap();
    assert_eq!(look(), [""; 0]);
}

/// A report for each delivery that came, and none for that of a report; each end is told once, also by the next
/// daemon.
#[test]
fn a_sensor_is_told_of_runs_that_succeeded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let step = Arc::new(Noting::default());
    let graph = graph(vec![asset("item", &step), asset("report", &step)]);
    let look = |runs: &[&str]| {
        let executor = open(&path, Failpoint::default()).unwrap();
        for id in runs {
            let request = RunRequest::new(*id, Arc::clone(&graph));
            let of_item = request.selection(Selection::assets([key("item")]));
            executor.run(of_item).unwrap();
        }
        let sensor = Sensor::on_end("reports", RunStatus::Success, |_, ended| {
            let report = Selection::assets([key("report")]);
            Ok(vec![Order::new(ended.run.as_ref(), report)])
        });
        let mut daemon = daemon(&executor, &graph, sensor);
        let beat = daemon.tick(at("2024-01-01T00:00:00Z")).unwrap();
        daemon.settle().unwrap();
        beat.submitted
    };
    assert_eq!(look(&["before the first look"]), [""; 0]);
    step.fail("item", true);
    assert_eq!(look(&["failed"]), [""; 0]);
    step.fail("item", false);
    assert_eq!(
        look(&["first", "second"]),
        ["reports/first", "reports/second"]
    );
    assert_eq!(look(&[]), [""; 0]);
}

#[test]
fn a_start_is_no_end() {
    let executor = Arc::new(memory());
    let graph = graph(vec![asset("item", &Arc::new(Noting::default()))]);
    let sensor = Sensor::on_end("starts", RunStatus::Started, |_, _| Ok(Vec::new()));
    let mut daemon = daemon(&executor, &graph, sensor);
    let beat = daemon.tick(at("2024-01-01T00:00:00Z")).unwrap();
    let told = &beat.ticks[0].note;
    assert_eq!(
        told.as_deref(),
        Some("failed: expected a status in which runs end, found started")
    );
}
