//! Schedules: each time once, missed times within a bound, across restarts.

use std::sync::Arc;

use super::fixture::{Noting, asset, at, daemon, graph, key, memory, open};
use crate::automation::Schedule;
use crate::catalog::Failpoint;
use crate::cron::Cron;
use crate::{AssetGraph, Partitions, Selection};

fn days(step: &Arc<Noting>) -> Arc<AssetGraph> {
    let days = Partitions::daily("2024-03-01", "2024-04-30").unwrap();
    graph(vec![asset("daily", step).partitions(days)])
}

fn schedule() -> Schedule {
    let cron = Cron::new("0 6 * * *", "Europe/Berlin").unwrap();
    Schedule::of_previous_day("mornings", cron, Selection::assets([key("daily")]))
}

#[test]
fn each_morning_materializes_the_day_before_across_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let step = Arc::new(Noting::default());
    let graph = days(&step);
    {
        let executor = open(&path, Failpoint::default()).unwrap();
        let mut daemon = daemon(&executor, &graph, schedule());
        let beat = daemon.tick(at("2024-03-30T12:00:00Z")).unwrap();
        assert_eq!(
            beat.ticks[0].note.as_deref(),
            Some("begins with the first time after 2024-03-30T12:00:00Z")
        );
        // Six in the morning is 04:00 UTC from this day on.
        assert!(
            daemon
                .tick(at("2024-03-31T03:59:59Z"))
                .unwrap()
                .submitted
                .is_empty()
        );
        let beat = daemon.tick(at("2024-03-31T04:00:00Z")).unwrap();
        assert_eq!(beat.submitted, ["mornings/2024-03-31T04:00:00Z"]);
        assert!(
            daemon
                .tick(at("2024-03-31T04:00:30Z"))
                .unwrap()
                .submitted
                .is_empty()
        );
        daemon.settle().unwrap();
    }
    assert_eq!(step.take(), ["daily@2024-03-30"]);
    let executor = open(&path, Failpoint::default()).unwrap();
    let mut daemon = daemon(&executor, &graph, schedule());
    // The mornings of the 1st and the 2nd were missed.
    daemon.tick(at("2024-04-02T10:00:00Z")).unwrap();
    daemon.settle().unwrap();
    assert_eq!(step.take(), ["daily@2024-03-31", "daily@2024-04-01"]);
    assert_eq!(executor.catalog().verify(None).unwrap().missing, 0);
}

#[test]
fn missed_times_are_made_good_within_a_bound() {
    let step = Arc::new(Noting::default());
    let graph = days(&step);
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, schedule().catch_up(2));
    daemon.tick(at("2024-03-10T12:00:00Z")).unwrap();
    let beat = daemon.tick(at("2024-03-20T12:00:00Z")).unwrap();
    assert_eq!(
        beat.ticks[0].note.as_deref(),
        Some("8 missed times are not made good")
    );
    daemon.settle().unwrap();
    assert_eq!(step.take(), ["daily@2024-03-18", "daily@2024-03-19"]);
}

#[test]
fn what_cannot_run_is_a_problem_and_not_an_end() {
    let step = Arc::new(Noting::default());
    let graph = days(&step);
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, schedule());
    daemon.tick(at("2024-05-09T12:00:00Z")).unwrap();
    let beat = daemon.tick(at("2024-05-10T12:00:00Z")).unwrap();
    assert_eq!(
        beat.problems[0],
        "run mornings/2024-05-10T04:00:00Z: selection: no selected asset has a partition \"2024-05-09\""
    );
    assert!(beat.submitted.is_empty());
    let runs = executor.catalog().runs().unwrap();
    assert_eq!(runs[0].status, crate::RunStatus::Failure);
    let beat = daemon.tick(at("2024-05-10T12:00:30Z")).unwrap();
    assert_eq!(beat.problems, [""; 0]);
}

/// A schedule of the day before, in Berlin.
fn at_hours(hours: &str) -> Schedule {
    let cron = Cron::new(&format!("0 {hours} * * *"), "Europe/Berlin").unwrap();
    Schedule::of_previous_day("mornings", cron, Selection::assets([key("daily")]))
}

#[test]
fn a_changed_line_does_not_run_a_day_again() {
    // The line was seen at eight of these days and then changed; at the second time, a day later.
    for (hours, later) in [
        ("7", vec!["daily@2024-03-12"]),
        ("10", vec!["daily@2024-03-12"]),
        ("5", vec!["daily@2024-03-12"]),
        ("6", vec!["daily@2024-03-12"]),
        (
            "10,18",
            vec!["daily@2024-03-11", "daily@2024-03-11", "daily@2024-03-12"],
        ),
    ] {
        let step = Arc::new(Noting::default());
        let graph = days(&step);
        let executor = memory();
        let mut first = daemon(&executor, &graph, at_hours("6"));
        first.tick(at("2024-03-10T12:00:00Z")).unwrap();
        first.tick(at("2024-03-11T05:30:00Z")).unwrap();
        first.tick(at("2024-03-12T05:30:00Z")).unwrap();
        first.settle().unwrap();
        assert_eq!(step.take(), ["daily@2024-03-10", "daily@2024-03-11"]);
        let mut second = daemon(&executor, &graph, at_hours(hours));
        for time in [
            "2024-03-12T07:00:00Z",
            "2024-03-12T20:00:00Z",
            "2024-03-13T09:30:00Z",
        ] {
            second.tick(at(time)).unwrap();
        }
        second.settle().unwrap();
        assert_eq!(step.take(), later, "0 {hours} * * *");
    }
}

#[test]
fn up_to_a_change_the_times_of_the_line_before_count() {
    let step = Arc::new(Noting::default());
    let graph = days(&step);
    let executor = memory();
    daemon(&executor, &graph, at_hours("6"))
        .tick(at("2024-03-10T12:00:00Z"))
        .unwrap();
    // Nobody looked in the morning; the line was changed before it was looked at again.
    let mut later = daemon(&executor, &graph, at_hours("5"));
    let beat = later.tick(at("2024-03-11T06:00:00Z")).unwrap();
    later.settle().unwrap();
    assert_eq!(step.take(), ["daily@2024-03-10"]);
    assert_eq!(
        beat.ticks[0].note.as_deref(),
        Some(
            "the line was 0 6 * * * Europe/Berlin up to 2024-03-11T06:00:00Z, \
             now 0 5 * * * Europe/Berlin"
        )
    );
    later.tick(at("2024-03-12T04:30:00Z")).unwrap();
    later.settle().unwrap();
    assert_eq!(step.take(), ["daily@2024-03-11"]);
    // One that has run nothing has no day to leave out.
    let executor = memory();
    daemon(&executor, &graph, at_hours("6"))
        .tick(at("2024-03-10T07:00:00Z"))
        .unwrap();
    let mut moved = daemon(&executor, &graph, at_hours("10"));
    moved.tick(at("2024-03-10T07:30:00Z")).unwrap();
    moved.tick(at("2024-03-10T09:30:00Z")).unwrap();
    moved.settle().unwrap();
    assert_eq!(step.take(), ["daily@2024-03-09"]);
}

#[test]
fn a_cursor_of_an_older_version_is_gone_on_with() {
    let step = Arc::new(Noting::default());
    let graph = days(&step);
    let executor = memory();
    let tick = crate::Tick {
        automation: Arc::from("mornings"),
        for_ms: 0,
        cursor: Some("2024-03-11T05:00:00Z".to_owned()),
        orders: Vec::new(),
        note: None,
    };
    executor
        .append(vec![crate::Event::Ticked(Arc::new(tick))])
        .unwrap();
    let mut daemon = daemon(&executor, &graph, schedule());
    daemon.tick(at("2024-03-12T05:30:00Z")).unwrap();
    daemon.settle().unwrap();
    assert_eq!(step.take(), ["daily@2024-03-11"]);
}

#[test]
fn the_latest_hour_and_month_are_those_that_are_over() {
    let hours = Partitions::hourly("2024-02-29-22:00", "2024-03-31-23:00").unwrap();
    let months = Partitions::monthly("2024-02-01", "2024-12-31").unwrap();
    for (partitions, line, first, made) in [
        (
            hours,
            "0 * * * *",
            "2024-02-29T23:00:00Z",
            "daily@2024-02-29-22:00",
        ),
        (
            months,
            "0 0 1 * *",
            "2024-03-01T00:00:00Z",
            "daily@2024-02-01",
        ),
    ] {
        let step = Arc::new(Noting::default());
        let graph = graph(vec![asset("daily", &step).partitions(partitions.clone())]);
        let executor = memory();
        let cron = Cron::new(line, "UTC").unwrap();
        let selection = Selection::assets([key("daily")]);
        let schedule = Schedule::of_latest("latest", cron, selection, partitions);
        let mut daemon = daemon(&executor, &graph, schedule);
        // Begins before, when no hour and no month is over: what is due then orders nothing.
        daemon.tick(at("2024-01-31T23:30:00Z")).unwrap();
        let early = daemon.tick(at("2024-02-29T22:00:00Z")).unwrap();
        assert!(early.submitted.is_empty(), "{:?}", early.submitted);
        daemon.tick(at(first)).unwrap();
        daemon.settle().unwrap();
        assert_eq!(step.take(), [made]);
    }
}
