//! Rules under Dagster's names: what was missing or outdated when a rule first found an asset is left
//! alone, and so is what is not of the latest time.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::fixture::{Noting, asset, at, daemon, graph, key, memory, open};
use super::news::wipe;
use super::rules::{make, rule, step};
use crate::automation::memory::Memory;
use crate::automation::{Condition, Rule};
use crate::catalog::Failpoint;
use crate::{AssetGraph, Executor, Partitions, RunRequest, Selection};

/// What is cut by some keys, and what is whole.
fn cut(noting: &Arc<Noting>, keys: &[&str]) -> Arc<AssetGraph> {
    let keys = Partitions::static_keys(keys.iter().copied()).unwrap();
    graph(vec![
        asset("cut", noting).partitions(keys),
        asset("whole", noting),
    ])
}

fn make_partition(executor: &Executor, graph: &Arc<AssetGraph>, run: &str, partition: &str) {
    let mut request = RunRequest::new(run, Arc::clone(graph));
    request.selection = Selection::all().with_partitions([partition]);
    executor.run(request).unwrap();
}

#[test]
fn what_is_missing_at_first_is_left_alone_and_what_comes_to_be_missing_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(&dir.path().join("catalog.db"), Failpoint::default()).unwrap();
    for executor in [memory(), file] {
        for (name, condition) in [
            ("eager", Condition::eager()),
            ("missing", Condition::on_missing()),
        ] {
            let noting = Arc::new(Noting::default());
            let (few, more) = (cut(&noting, &["x", "y"]), cut(&noting, &["x", "new", "y"]));
            let rule = Rule::new(name, Selection::all(), condition);
            let now = Timestamp::now();
            let mut first = daemon(&executor, &few, rule.clone());
            assert_eq!(step(&mut first, &noting, now), [""; 0]);
            assert_eq!(step(&mut first, &noting, now + 1.minute()), [""; 0]);
            make_partition(&executor, &few, &format!("{name} by hand"), "x");
            noting.take();
            assert_eq!(step(&mut first, &noting, now + 2.minutes()), [""; 0]);
            wipe(&executor, "cut", Some("x"));
            wipe(&executor, "whole", None);
            // In a process of its own, which finds another key as well.
            let mut second = daemon(&executor, &more, rule);
            let made = step(&mut second, &noting, now + 3.minutes());
            assert_eq!(made, ["cut@new", "cut@x", "whole"], "{name}");
            assert_eq!(step(&mut second, &noting, now + 4.minutes()), [""; 0]);
            for piece in [("cut", Some("x")), ("cut", Some("new")), ("whole", None)] {
                wipe(&executor, piece.0, piece.1);
            }
        }
    }
}

#[test]
fn what_is_outdated_at_first_is_left_alone_until_it_is_once_more() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![
        asset("a", &noting),
        asset("b", &noting).depends_on(key("a")),
    ]);
    let executor = memory();
    make(&executor, &graph, "both", "a or b");
    make(&executor, &graph, "newer", "a");
    let mut daemon = daemon(&executor, &graph, rule(Condition::eager()));
    noting.take();
    let now = Timestamp::now();
    assert_eq!(step(&mut daemon, &noting, now), [""; 0]);
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), [""; 0]);
    make(&executor, &graph, "newest", "a");
    noting.take();
    assert_eq!(step(&mut daemon, &noting, now + 2.minutes()), ["b"]);
    assert_eq!(step(&mut daemon, &noting, now + 3.minutes()), [""; 0]);
}

#[test]
fn of_times_only_the_latest_that_is_over_is_asked_for() {
    let noting = Arc::new(Noting::default());
    let days = Partitions::daily("2024-01-01", "2024-01-31").unwrap();
    let graph = graph(vec![
        asset("raw", &noting).partitions(days.clone()),
        asset("clean", &noting)
            .partitions(days)
            .depends_on(key("raw")),
    ]);
    let executor = memory();
    let clean = Selection::assets([key("clean")]);
    let mut daemon = daemon(
        &executor,
        &graph,
        Rule::new("rule", clean, Condition::eager()),
    );
    assert_eq!(
        step(&mut daemon, &noting, at("2024-01-04T12:00:00Z")),
        [""; 0]
    );
    make(&executor, &graph, "a month", "raw");
    noting.take();
    let later = at("2024-01-04T13:00:00Z");
    assert_eq!(step(&mut daemon, &noting, later), ["clean@2024-01-03"]);
    assert_eq!(step(&mut daemon, &noting, later + 1.hour()), [""; 0]);
    // The day before was not there when the rule was first evaluated.
    let next = at("2024-01-05T00:00:00Z");
    assert_eq!(step(&mut daemon, &noting, next), ["clean@2024-01-04"]);
    let past_all = at("2026-01-01T00:00:00Z");
    assert_eq!(step(&mut daemon, &noting, past_all), ["clean@2024-01-31"]);
    assert_eq!(step(&mut daemon, &noting, past_all), [""; 0]);
}

#[test]
fn a_time_that_is_not_over_is_not_asked_for() {
    let noting = Arc::new(Noting::default());
    let days = Partitions::daily("2024-01-01", "2024-01-31").unwrap();
    let graph = graph(vec![asset("a", &noting).partitions(days)]);
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, rule(Condition::fill_missing()));
    let made = step(&mut daemon, &noting, at("2024-01-03T12:00:00Z"));
    assert_eq!(made, ["a@2024-01-01", "a@2024-01-02"]);
}

#[test]
fn a_cursor_of_an_older_version_finds_assets_for_the_first_time() {
    let old = r#"{"since_ms":7,"crons":[],"asked":{}}"#;
    let (memory, changed) = Memory::read(Some(old), 9, Vec::new()).unwrap();
    assert!(memory.first_looks.is_empty() && !changed);
    assert_eq!(memory.since_ms, 7);
    let (same, _) = Memory::read(Some(&memory.text().unwrap()), 9, Vec::new()).unwrap();
    assert_eq!(same, memory);
}
