//! Rules: what is asked for, once, and in which runs.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::fixture::{Noting, asset, daemon, graph, key, memory};
use crate::automation::{Condition, Daemon, Rule};
use crate::cron::Cron;
use crate::{Asset, Executor, Observation, Partitions, RunRequest, Selection};

/// Ticks, waits for the runs, and tells what was executed.
pub fn step(daemon: &mut Daemon, step: &Noting, now: Timestamp) -> Vec<String> {
    let beat = daemon.tick(now).unwrap();
    assert_eq!(beat.problems, [""; 0]);
    daemon.settle().unwrap();
    step.take()
}

pub fn rule(condition: Condition) -> Rule {
    Rule::new("rule", Selection::all(), condition)
}

pub fn make(executor: &Executor, graph: &Arc<crate::AssetGraph>, run: &str, selection: &str) {
    let mut request = RunRequest::new(run, Arc::clone(graph));
    request.selection = Selection::parse(selection).unwrap();
    executor.run(request).unwrap();
}

#[test]
fn keep_fresh_makes_what_is_missing_and_what_reads_something_newer() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![
        asset("a", &noting),
        asset("b", &noting).depends_on(key("a")),
        asset("c", &noting),
    ]);
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, rule(Condition::keep_fresh()));
    let now = Timestamp::now();
    // All three in one run, in which b comes after a.
    let beat = daemon.tick(now).unwrap();
    assert_eq!(beat.submitted.len(), 1);
    daemon.settle().unwrap();
    assert_eq!(noting.take(), ["a", "b", "c"]);
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), [""; 0]);
    make(&executor, &graph, "by hand", "a");
    noting.take();
    assert_eq!(step(&mut daemon, &noting, now + 2.minutes()), ["b"]);
    assert_eq!(step(&mut daemon, &noting, now + 3.minutes()), [""; 0]);
}

#[test]
fn what_failed_is_asked_for_again_when_what_it_reads_has_changed() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![
        asset("a", &noting),
        asset("b", &noting).depends_on(key("a")),
    ]);
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, rule(Condition::keep_fresh()));
    let now = Timestamp::now();
    noting.fail("b", true);
    assert_eq!(step(&mut daemon, &noting, now), ["a", "b"]);
    noting.fail("b", false);
    for minute in 1..4 {
        assert_eq!(step(&mut daemon, &noting, now + minute.minutes()), [""; 0]);
    }
    make(&executor, &graph, "by hand", "a");
    noting.take();
    assert_eq!(step(&mut daemon, &noting, now + 4.minutes()), ["b"]);
}

#[test]
fn a_source_counts_when_it_is_seen_in_another_version() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![
        Asset::external(key("source")),
        asset("a", &noting).depends_on(key("source")),
    ]);
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, rule(Condition::keep_fresh()));
    let now = Timestamp::now();
    let see = |version| {
        executor
            .record_all([Observation::new(key("source"), None, version)])
            .unwrap()
    };
    see("v1");
    assert_eq!(step(&mut daemon, &noting, now), ["a"]);
    see("v1");
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), [""; 0]);
    see("v2");
    assert_eq!(step(&mut daemon, &noting, now + 2.minutes()), ["a"]);
    assert_eq!(step(&mut daemon, &noting, now + 3.minutes()), [""; 0]);
}

#[test]
fn the_first_look_at_a_source_is_no_news_and_a_tick_looks() {
    let noting = Arc::new(Noting::default());
    let version = Arc::new(std::sync::Mutex::new("v1"));
    let now_at = Arc::clone(&version);
    let look =
        move |_: &crate::StepContext<'_>| Ok(crate::Materialized::new(*now_at.lock().unwrap()));
    let graph = graph(vec![
        Asset::observed(key("source"), look),
        asset("a", &noting).depends_on(key("source")),
    ]);
    let executor = memory();
    make(&executor, &graph, "by hand, unobserved", "a");
    noting.take();
    let either = Condition::eager() | Condition::Stale;
    let mut daemon = daemon(&executor, &graph, rule(either));
    let now = Timestamp::now();
    assert_eq!(step(&mut daemon, &noting, now), [""; 0]);
    *version.lock().unwrap() = "v2";
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), ["a"]);
    assert_eq!(step(&mut daemon, &noting, now + 2.minutes()), [""; 0]);
}

#[test]
fn fill_missing_waits_for_dependencies_partition_by_partition() {
    let noting = Arc::new(Noting::default());
    let days = Partitions::daily("2024-01-01", "2024-01-03").unwrap();
    let graph = graph(vec![
        asset("a", &noting).partitions(days.clone()),
        asset("b", &noting).partitions(days).depends_on(key("a")),
    ]);
    let executor = memory();
    let only_b = Selection::assets([key("b")]);
    let mut daemon = daemon(
        &executor,
        &graph,
        Rule::new("rule", only_b, Condition::fill_missing()),
    );
    let now = Timestamp::now();
    assert_eq!(step(&mut daemon, &noting, now), [""; 0]);
    let mut two_days = RunRequest::new("by hand", Arc::clone(&graph));
    two_days.selection = Selection::parse("a")
        .unwrap()
        .with_partitions(["2024-01-01", "2024-01-03"]);
    executor.run(two_days).unwrap();
    noting.take();
    let beat = daemon.tick(now).unwrap();
    assert_eq!(beat.submitted.len(), 2);
    daemon.settle().unwrap();
    assert_eq!(noting.take(), ["b@2024-01-01", "b@2024-01-03"]);
    // Newer parents do not matter to it.
    make(&executor, &graph, "again", "a");
    noting.take();
    assert_eq!(
        step(&mut daemon, &noting, now + 1.minute()),
        ["b@2024-01-02"]
    );
}

#[test]
fn on_cron_asks_once_after_each_time() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![
        asset("a", &noting),
        asset("b", &noting).depends_on(key("a")),
    ]);
    let executor = memory();
    let cron = Cron::new("0 0 * * *", "UTC").unwrap();
    let mut daemon = daemon(&executor, &graph, rule(Condition::on_cron(cron.clone())));
    // Times to come, as the catalog's own are those of now.
    let begin = cron
        .ticks(Timestamp::now(), Timestamp::now() + 48.hours())
        .next()
        .unwrap();
    assert_eq!(step(&mut daemon, &noting, begin + 1.hour()), [""; 0]);
    assert_eq!(step(&mut daemon, &noting, begin + 23.hours()), [""; 0]);
    assert_eq!(step(&mut daemon, &noting, begin + 25.hours()), ["a", "b"]);
    assert_eq!(step(&mut daemon, &noting, begin + 26.hours()), [""; 0]);
    assert_eq!(step(&mut daemon, &noting, begin + 49.hours()), ["a", "b"]);
}

#[test]
fn conditions_combine() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![asset("a", &noting), asset("b", &noting)]);
    let now = Timestamp::now();
    let executed = |condition| {
        let executor = memory();
        make(&executor, &graph, "by hand", "a");
        noting.take();
        step(
            &mut daemon(&executor, &graph, rule(condition)),
            &noting,
            now,
        )
    };
    let (missing, stale) = (Condition::Missing, Condition::Stale);
    assert_eq!(executed(missing.clone()), ["b"]);
    assert_eq!(executed(!missing.clone()), ["a"]);
    assert_eq!(executed(stale.clone()), ["b"]);
    assert_eq!(executed(!missing.clone() | stale.clone()), ["a", "b"]);
    assert_eq!(executed(missing.clone() & !stale.clone()), [""; 0]);
    assert_eq!(executed(!(missing | stale)), ["a"]);
}

#[test]
fn a_daemon_goes_on_with_other_definitions() {
    let noting = Arc::new(Noting::default());
    let executor = memory();
    let (one, two) = (
        graph(vec![asset("a", &noting)]),
        graph(vec![asset("a", &noting), asset("b", &noting)]),
    );
    let mut daemon = daemon(&executor, &one, rule(Condition::keep_fresh()));
    let now = Timestamp::now();
    assert_eq!(step(&mut daemon, &noting, now), ["a"]);
    daemon.redefine(two);
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), ["b"]);
}

#[test]
fn what_is_under_way_is_not_asked_for() {
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let slow = Asset::new(key("slow"), move |_: &crate::StepContext<'_>| {
        wait.lock().unwrap().recv().unwrap();
        Ok(crate::Materialized::new("v1"))
    });
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![slow, asset("after", &noting).depends_on(key("slow"))]);
    let executor = memory();
    let mut request = RunRequest::new("by hand", Arc::clone(&graph));
    request.selection = Selection::assets([key("slow")]);
    executor.submit(request).unwrap();
    let mut daemon = daemon(&executor, &graph, rule(Condition::eager()));
    let now = Timestamp::now();
    assert!(daemon.tick(now).unwrap().submitted.is_empty());
    let_go.send(()).unwrap();
    executor.wait("by hand").unwrap();
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), ["after"]);
}

#[test]
fn a_changed_cron_line_counts_from_when_it_is_seen() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![asset("a", &noting)]);
    let executor = memory();
    let hourly = |minute: u32| Cron::new(&format!("{minute} * * * *"), "UTC").unwrap();
    let with = |minute| rule(Condition::on_cron(hourly(minute)));
    // Times to come, as the catalog's own are those of now.
    let later = Timestamp::now() + 48.hours();
    let begin = hourly(0).ticks(later, later + 1.hour()).next().unwrap();
    let mut first = daemon(&executor, &graph, with(0));
    assert_eq!(step(&mut first, &noting, begin - 10.minutes()), [""; 0]);
    assert_eq!(step(&mut first, &noting, begin + 10.minutes()), ["a"]);
    let mut second = daemon(&executor, &graph, with(20));
    // That of twenty past has come already.
    assert_eq!(step(&mut second, &noting, begin + 30.minutes()), [""; 0]);
    assert_eq!(step(&mut second, &noting, begin + 79.minutes()), [""; 0]);
    assert_eq!(step(&mut second, &noting, begin + 80.minutes()), ["a"]);
}
