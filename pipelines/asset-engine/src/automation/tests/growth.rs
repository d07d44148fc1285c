//! What automations and backfills do costs what they ask for, not what was ever done.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fixture::{Noting, asset, at, daemon, graph, key, open};
use crate::automation::{Automation, Backfill, Condition, Daemon, Order, Rule, Sensor};
use crate::catalog::{Failpoint, steps};
use crate::{
    AssetGraph, BackfillRecord, Evaluation, Event, Executor, Mode, Partitions, RunRecord,
    RunStatus, Selection,
};

const NOON: &str = "2024-01-01T12:00:00Z";

fn days(count: usize) -> Vec<String> {
    (0..count).map(|day| format!("d{day:05}")).collect()
}

fn daily(step: &Arc<Noting>, count: usize) -> Arc<AssetGraph> {
    let keys = Partitions::static_keys(days(count)).unwrap();
    graph(vec![
        asset("raw", step).partitions(keys.clone()),
        asset("clean", step)
            .partitions(keys.clone())
            .depends_on(key("raw")),
        asset("once", step),
        asset("old", step).partitions(keys),
    ])
}

/// An executor on a file whose steps are counted.
fn counting(path: &Path) -> (Arc<Executor>, Arc<AtomicU64>) {
    let steps = steps::watch(path);
    (open(path, Failpoint::default()).unwrap(), steps)
}

/// Steps of SQLite that something takes.
fn taking(steps: &AtomicU64, something: impl FnOnce()) -> u64 {
    let before = steps.load(Ordering::SeqCst);
    something();
    steps.load(Ordering::SeqCst) - before
}

fn rule() -> Rule {
    let selection = Selection::parse("raw or clean").unwrap();
    Rule::new("rule", selection, Condition::keep_fresh())
}

/// A sensor that asks once for so many runs.
fn sensor(runs: usize) -> Sensor {
    Sensor::new("sensor", move |cx| {
        let once = Selection::parse("once").map_err(|error| error.to_string())?;
        let order = |run: usize| Order::new(run.to_string(), once.clone());
        let is_first = cx.cursor.is_none();
        let orders = (0..runs).filter(|_| is_first).map(order);
        Ok(Evaluation::new(orders).cursor("asked"))
    })
}

/// Steps of a first eager tick over so many missing pieces, with the runs that it asks for.
fn first_tick(folder: &Path, pieces: usize) -> u64 {
    let step = Arc::new(Noting::default());
    let (executor, steps) = counting(&folder.join(format!("first-{pieces}.db")));
    let mut daemon = daemon(&executor, &daily(&step, pieces), rule());
    let steps = taking(&steps, || {
        let beat = daemon.tick(at(NOON)).unwrap();
        assert_eq!(beat.submitted.len(), pieces);
        assert_eq!(daemon.settle().unwrap().len(), pieces);
    });
    // All that it asks for is submitted in one commit.
    let events = executor.catalog().all_events().unwrap();
    let events = events.into_iter().map(|record| record.event);
    let asked = events.skip_while(|event| !matches!(event, Event::Ticked(_)));
    let submitted = asked.skip(1);
    let submitted = submitted.take_while(|event| matches!(event, Event::RunSubmitted(_)));
    assert_eq!(submitted.count(), pieces);
    steps
}

#[test]
fn the_first_tick_over_missing_pieces_grows_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let [few, many] = [40, 400].map(|pieces| first_tick(dir.path(), pieces));
    assert!(many <= 15 * few, "{few} steps for 40, {many} for 400");
}

/// Steps of a tick after so many runs that a sensor asked for, a backfill of as many partitions and as
/// many other backfills that have ended, and a request to cancel before all of that; and of opening
/// the catalog again.
fn later_tick(folder: &Path, runs: usize) -> (u64, u64) {
    let step = Arc::new(Noting::default());
    let path = folder.join(format!("later-{runs}.db"));
    let (executor, steps) = counting(&path);
    let run = Arc::from("nobody");
    executor
        .append(vec![Event::CancelRequested { run }])
        .unwrap();
    let graph = daily(&step, runs);
    let old = Selection::parse("old").unwrap();
    let record = BackfillRecord::new("backfill", old.clone(), days(runs));
    let request = Backfill::request(&executor, &graph, record).unwrap();
    request.run(|_| ()).unwrap();
    let ended = days(runs).into_iter().flat_map(|day| {
        let record = BackfillRecord::new(format!("of {day}"), old.clone(), [day]);
        let (id, status) = (Arc::from(record.id.as_str()), RunStatus::Canceled);
        [
            Event::BackfillRequested(Arc::new(record)),
            Event::BackfillEnded { id, status },
        ]
    });
    executor.append(ended.collect()).unwrap();
    let small = daily(&step, 5);
    let automations: Vec<Box<dyn Automation>> = vec![Box::new(sensor(runs)), Box::new(rule())];
    let mut daemon = Daemon::new(Arc::clone(&executor), small, automations);
    for _ in 0..2 {
        daemon.tick(at(NOON)).unwrap();
        daemon.settle().unwrap();
    }
    let tick = taking(&steps, || {
        let beat = daemon.tick(at(NOON)).unwrap();
        assert_eq!((beat.submitted.len(), beat.ended.len()), (0, 0));
        assert_eq!((beat.problems, beat.failed_orders.len()), (vec![], 0));
    });
    drop(daemon);
    drop(executor);
    let opened = taking(&steps, || drop(open(&path, Failpoint::default()).unwrap()));
    (tick, opened)
}

#[test]
fn a_tick_and_an_opening_cost_the_same_after_many_runs() {
    let dir = tempfile::tempdir().unwrap();
    let [few, many] = [10, 300].map(|runs| later_tick(dir.path(), runs));
    assert!(
        many.0 <= 2 * few.0,
        "tick: {} steps, then {}",
        few.0,
        many.0
    );
    assert!(
        many.1 <= 2 * few.1,
        "open: {} steps, then {}",
        few.1,
        many.1
    );
}

/// Steps of taking up so many runs that an executor left open when it died.
fn resumption(folder: &Path, runs: usize) -> u64 {
    let step = Arc::new(Noting::default());
    let path = folder.join(format!("resumed-{runs}.db"));
    let graph = daily(&step, runs);
    {
        let executor = open(&path, Failpoint::default()).unwrap();
        let submitted = days(runs).into_iter().map(|day| {
            let selection = Selection::parse("raw")
                .unwrap()
                .with_partitions([day.as_str()]);
            Event::RunSubmitted(Arc::new(RunRecord {
                run: Arc::from(day),
                selection,
                mode: Mode::All,
                config: Arc::default(),
                tags: Arc::default(),
                identity: Arc::clone(graph.identity()),
            }))
        });
        executor.append(submitted.collect()).unwrap();
    }
    let steps = steps::watch(&path);
    taking(&steps, || {
        let executor = open(&path, Failpoint::default()).unwrap();
        let mut daemon = Daemon::new(executor, graph, Vec::new());
        assert_eq!(daemon.tick(at(NOON)).unwrap().submitted.len(), runs);
        let ended = daemon.settle().unwrap();
        assert!(ended.iter().all(|run| run.status == RunStatus::Success));
        assert_eq!(ended.len(), runs);
    })
}

#[test]
fn taking_up_what_was_left_grows_with_the_runs() {
    let dir = tempfile::tempdir().unwrap();
    let [few, many] = [30, 300].map(|runs| resumption(dir.path(), runs));
    assert!(many <= 15 * few, "{few} steps for 30, {many} for 300");
}

/// Steps of a backfill of so many partitions, one run each.
fn backfill(folder: &Path, partitions: usize, by_ticks: bool) -> u64 {
    let step = Arc::new(Noting::default());
    let path = folder.join(format!("backfill-{partitions}-{by_ticks}.db"));
    let (executor, steps) = counting(&path);
    let graph = daily(&step, partitions);
    let selection = Selection::parse("raw or clean").unwrap();
    let record = BackfillRecord::new("backfill", selection, days(partitions));
    taking(&steps, || {
        let backfill = Backfill::request(&executor, &graph, record).unwrap();
        let mut daemon = Daemon::new(Arc::clone(&executor), Arc::clone(&graph), Vec::new());
        while by_ticks && !daemon.tick(at(NOON)).unwrap().submitted.is_empty() {
            daemon.settle().unwrap();
        }
        let progress = backfill.run(|_| ()).unwrap();
        assert_eq!(progress.succeeded, partitions);
    })
}

#[test]
fn a_backfill_grows_with_its_partitions() {
    let dir = tempfile::tempdir().unwrap();
    for by_ticks in [false, true] {
        let [few, many] = [20, 400].map(|days| backfill(dir.path(), days, by_ticks));
        assert!(many <= 25 * few, "{few} steps for 20, {many} for 400");
    }
}

/// A new daemon on a catalog of very many orders that failed looks at the newest of them, and says so.
#[test]
fn of_very_many_failed_orders_the_newest_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let executor = open(&dir.path().join("catalog.db"), Failpoint::default()).unwrap();
    let step = Arc::new(Noting::default());
    let graph = graph(vec![asset("item", &step)]);
    let sensor = Sensor::new("sensor", |_| Ok(Evaluation::default()));
    let failed = (0..1_003_u32).flat_map(|number| {
        let run: Arc<str> = Arc::from(format!("sensor/{number}"));
        let record = RunRecord {
            run: Arc::clone(&run),
            selection: Selection::all(),
            mode: Mode::All,
            config: Arc::default(),
            tags: Arc::default(),
            identity: Arc::clone(graph.identity()),
        };
        let (status, fresh) = (RunStatus::Failure, 0);
        let ended = Event::RunEnded { run, status, fresh };
        [Event::RunSubmitted(Arc::new(record)), ended]
    });
    executor.append(failed.collect()).unwrap();
    let mut daemon = daemon(&executor, &graph, sensor);
    let beat = daemon.tick(at(NOON)).unwrap();
    assert_eq!(beat.failed_orders.len(), 1_000);
    assert_eq!(beat.failed_orders[0].run, "sensor/3");
    assert_eq!(
        beat.left_alone,
        ["3 runs without success, older than the newest 1000"]
    );
    let beat = daemon.tick(at(NOON)).unwrap();
    assert!(beat.failed_orders.is_empty() && beat.left_alone.is_empty());
}
