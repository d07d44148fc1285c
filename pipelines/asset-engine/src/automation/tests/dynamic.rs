//! Partitions that come and go at run time: in plans, runs, rules, backfills and sensors.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::fixture::{Noting, asset, at, daemon, graph, key, memory, open};
use super::rules::step;
use crate::automation::{Backfill, Condition, Order, Rule, Sensor};
use crate::catalog::Failpoint;
use crate::{
    AssetGraph, BackfillRecord, Durability, Evaluation, Executor, PartitionChange, Partitions,
    Plan, Recorder, RunRequest, RunStatus, Selection,
};

/// What is made of each fruit, what is made of that, and a total.
fn fruits(noting: &Arc<Noting>) -> Arc<AssetGraph> {
    let keys = Partitions::dynamic("fruits").unwrap();
    graph(vec![
        asset("raw", noting).partitions(keys.clone()),
        asset("clean", noting)
            .partitions(keys)
            .depends_on(key("raw")),
        asset("total", noting).depends_on(key("clean")),
    ])
}

fn add(executor: &Executor, keys: &[&str]) -> usize {
    let changes = keys
        .iter()
        .map(|key| PartitionChange::added("fruits", *key));
    executor.change_partitions(changes).unwrap()
}

fn pieces(graph: &AssetGraph) -> Vec<String> {
    let plan = Plan::new(graph, &Selection::all()).unwrap();
    let name = |(asset, partition): (&crate::AssetKey, Option<&Arc<str>>)| {
        partition.map_or(asset.to_string(), |key| format!("{asset}@{key}"))
    };
    plan.iter(graph).map(name).collect()
}

#[test]
fn keys_come_in_order_go_and_come_again_whoever_keeps_the_catalog() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(&dir.path().join("catalog.db"), Failpoint::default()).unwrap();
    for executor in [memory(), file] {
        let noting = Arc::new(Noting::default());
        let defined = fruits(&noting);
        assert_eq!(pieces(&defined), ["total"]);
        assert_eq!(add(&executor, &["plum", "apple", "plum"]), 2);
        let current = defined.current(executor.catalog()).unwrap();
        assert_eq!(
            pieces(&current),
            [
                "raw@plum",
                "raw@apple",
                "clean@plum",
                "clean@apple",
                "total"
            ]
        );
        assert!(Arc::ptr_eq(
            &current.current(executor.catalog()).unwrap(),
            &current
        ));
        assert_eq!(defined.identity(), current.identity());
        // A run of the definitions is one of the keys of now.
        let request = RunRequest::unnamed(Arc::clone(&defined));
        assert_eq!(executor.run(request).unwrap().status, RunStatus::Success);
        assert_eq!(noting.take().len(), 5);
        let gone = ["plum", "plum", "pear"].map(|key| PartitionChange::removed("fruits", key));
        assert_eq!(executor.change_partitions(gone).unwrap(), 1);
        let fewer = current.current(executor.catalog()).unwrap();
        assert_eq!(pieces(&fewer), ["raw@apple", "clean@apple", "total"]);
        let of_plum = RunRequest::unnamed(Arc::clone(&defined))
            .selection(Selection::all().with_partitions(["plum"]));
        let refused = executor.run(of_plum).unwrap_err().to_string();
        assert!(refused.contains("plum"), "{refused}");
        // What was made of it counts again.
        assert_eq!(add(&executor, &["plum"]), 1);
        let again = fewer.current(executor.catalog()).unwrap();
        let plan = Plan::new(&again, &Selection::parse("raw or clean").unwrap()).unwrap();
        let stale = crate::staleness(&again, executor.catalog(), &plan).unwrap();
        assert_eq!(stale, []);
        executor.catalog().verify(None).unwrap();
    }
}

#[test]
fn names_are_checked_where_they_are_given() {
    let executor = memory();
    let refused = |change| {
        executor
            .change_partitions([change])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(PartitionChange::added("two words", "a")),
        "set of partitions \"two words\": expected a name without spaces"
    );
    assert_eq!(
        refused(PartitionChange::added("fruits", "")),
        "partition key 1 is empty"
    );
    assert!(Partitions::dynamic("").is_err());
}

#[test]
fn products_grow_with_their_dimensions() {
    let noting = Arc::new(Noting::default());
    let origins = Partitions::static_keys(["north", "south"]).unwrap();
    let fruits = Partitions::dynamic("fruits").unwrap();
    let both = Partitions::product([("fruit", fruits), ("origin", origins.clone())]).unwrap();
    let defined = graph(vec![
        asset("both", &noting).partitions(both),
        asset("by-origin", &noting)
            .partitions(origins)
            .depends_on(key("both")),
    ]);
    assert_eq!(pieces(&defined), ["by-origin@north", "by-origin@south"]);
    let executor = memory();
    add(&executor, &["apple"]);
    let current = defined.current(executor.catalog()).unwrap();
    assert_eq!(
        pieces(&current),
        [
            "both@apple|north",
            "both@apple|south",
            "by-origin@north",
            "by-origin@south"
        ]
    );
}

#[test]
fn a_rule_asks_for_a_key_that_comes_and_a_daemon_sees_what_a_recorder_adds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let noting = Arc::new(Noting::default());
    let executor = open(&path, Failpoint::default()).unwrap();
    let mut recorder = Recorder::open(&path, Durability::ProcessCrash).unwrap();
    add(&executor, &["apple"]);
    let rule = Rule::new(
        "rule",
        Selection::parse("raw or clean").unwrap(),
        Condition::on_missing(),
    );
    let mut daemon = daemon(&executor, &fruits(&noting), rule);
    let now = Timestamp::now();
    assert_eq!(step(&mut daemon, &noting, now), [""; 0]);
    let plum = PartitionChange::added("fruits", "plum");
    assert_eq!(recorder.change_partitions([plum.clone()]).unwrap(), 1);
    assert_eq!(recorder.change_partitions([plum]).unwrap(), 0);
    assert_eq!(
        step(&mut daemon, &noting, now + 1.minute()),
        ["clean@plum", "raw@plum"]
    );
    assert_eq!(step(&mut daemon, &noting, now + 2.minutes()), [""; 0]);
}

#[test]
fn a_sensor_adds_a_key_and_asks_for_it_in_one_look() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let noting = Arc::new(Noting::default());
    let look = |cx: &crate::EvaluationContext<'_>| {
        let number = cx.cursor.map_or(0, |cursor| cursor.len());
        let fruit = ["apple", "plum", "plum"][number.min(2)];
        let selection = Selection::parse("raw").map_err(|error| error.to_string())?;
        let order = Order::new(fruit, selection.with_partitions([fruit]));
        Ok(Evaluation::new([order])
            .change_partitions([PartitionChange::added("fruits", fruit)])
            .cursor("x".repeat(number + 1)))
    };
    let executor = open(&path, Failpoint::default()).unwrap();
    let mut daemon = daemon(&executor, &fruits(&noting), Sensor::new("sensor", look));
    let noon = at("2024-01-01T12:00:00Z");
    assert_eq!(step(&mut daemon, &noting, noon), ["raw@apple"]);
    assert_eq!(step(&mut daemon, &noting, noon), ["raw@plum"]);
    assert_eq!(step(&mut daemon, &noting, noon), [""; 0]);
    let keys = executor.catalog().partitions("fruits").unwrap();
    assert_eq!(keys.len(), 2);
}

#[test]
fn a_backfill_goes_on_while_keys_come() {
    let noting = Arc::new(Noting::default());
    let executor = memory();
    add(&executor, &["apple", "plum"]);
    let graph = fruits(&noting).current(executor.catalog()).unwrap();
    let record = BackfillRecord::new(
        "all",
        Selection::parse("raw or clean").unwrap(),
        ["apple", "plum"],
    );
    let backfill = Backfill::request(&executor, &graph, record.clone()).unwrap();
    backfill.advance().unwrap();
    add(&executor, &["pear"]);
    let graph = graph.current(executor.catalog()).unwrap();
    let same = Backfill::request(&executor, &graph, record).unwrap();
    let progress = same.run(|_| ()).unwrap();
    assert_eq!(
        (progress.status, progress.succeeded),
        (RunStatus::Success, 2)
    );
    assert!(noting.take().iter().all(|piece| !piece.contains("pear")));
}

#[test]
fn without_an_end_a_day_is_there_from_when_on_it_is_over() {
    let noting = Arc::new(Noting::default());
    let days = Partitions::daily_since("2024-01-01").unwrap();
    let defined = graph(vec![asset("daily", &noting).partitions(days)]);
    let executor = memory();
    let rule = Rule::new("all", Selection::all(), Condition::fill_missing());
    let mut daemon = daemon(&executor, &defined, rule);
    daemon.tick(at("2024-01-03T12:00:00Z")).unwrap();
    daemon.settle().unwrap();
    let mut first = noting.take();
    first.sort();
    assert_eq!(first, ["daily@2024-01-01", "daily@2024-01-02"]);
    daemon.tick(at("2024-01-03T23:59:59Z")).unwrap();
    daemon.settle().unwrap();
    assert!(noting.take().is_empty());
    daemon.tick(at("2024-01-04T00:00:00Z")).unwrap();
    daemon.settle().unwrap();
    assert_eq!(noting.take(), ["daily@2024-01-03"]);
    // A run of the definitions is one of today's partitions, and of the same graph.
    let grown = defined.current(executor.catalog()).unwrap();
    assert_eq!(grown.identity(), defined.identity());
    let other = Partitions::daily_since("2024-01-02").unwrap();
    let other = graph(vec![asset("daily", &noting).partitions(other)]);
    assert_ne!(other.identity(), defined.identity());
    let last = Selection::all().with_partitions(["2025-12-31"]);
    let request = RunRequest::unnamed(Arc::clone(&defined)).selection(last);
    assert_eq!(executor.run(request).unwrap().status, RunStatus::Success);
    assert_eq!(noting.take(), ["daily@2025-12-31"]);
}

/// What a rule remembers of a key ends with it: one that comes again is another, whether what it asked for
/// had failed or the key was missing from the first.
#[test]
fn a_key_that_comes_again_is_asked_for_again() {
    for condition in [Condition::on_missing(), Condition::fill_missing()] {
        let noting = Arc::new(Noting::default());
        noting.fail("raw@plum", true);
        let executor = memory();
        let keys = Partitions::dynamic("fruits").unwrap();
        let graph = graph(vec![asset("raw", &noting).partitions(keys)]);
        add(&executor, &["apple"]);
        let rule = Rule::new("rule", Selection::all(), condition.clone());
        let mut daemon = daemon(&executor, &graph, rule);
        let mut minutes = 0;
        let mut tick = || {
            minutes += 1;
            daemon
                .tick(at("2024-01-01T00:00:00Z") + minutes.minutes())
                .unwrap();
            daemon.settle().unwrap();
            noting.take()
        };
        let remove = |key: &str| {
            let gone = PartitionChange::removed("fruits", key);
            executor.change_partitions([gone]).unwrap();
        };
        // Missing from the first, which only one of them asks for.
        let fills = condition == Condition::fill_missing();
        let first: &[&str] = if fills { &["raw@apple"] } else { &[] };
        assert_eq!(tick(), first);
        add(&executor, &["plum"]);
        assert_eq!(tick(), ["raw@plum"]);
        assert_eq!(tick(), [""; 0], "what has failed is not asked for again");
        remove("plum");
        assert_eq!(tick(), [""; 0]);
        add(&executor, &["plum"]);
        assert_eq!(tick(), ["raw@plum"]);
        remove("apple");
        add(&executor, &["apple"]);
        // What was made of it counts again.
        let again: &[&str] = if fills { &[] } else { &["raw@apple"] };
        assert_eq!(tick(), again);
        assert_eq!(tick(), [""; 0]);
    }
}
