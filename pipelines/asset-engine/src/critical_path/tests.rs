//! Which chain of steps a run waited for.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use super::*;
use crate::event::{Attempt, InputVersion, Materialization};

const RUN: &str = "run";

fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

/// Events at their times, in milliseconds.
fn log(events: Vec<(u64, Event)>) -> Vec<EventRecord> {
    let record = |(seq, (ms, event)): (u64, (u64, Event))| EventRecord {
        seq,
        t_ns: ms * 1_000_000,
        at_ms: 0,
        epoch: 1,
        event,
    };
    (1..).zip(events).map(record).collect()
}

fn start(ms: u64, asset: &str, attempt: u32) -> (u64, Event) {
    let attempt = Attempt {
        run: Arc::from(RUN),
        asset: key(asset),
        partition: None,
        attempt,
    };
    (ms, Event::AttemptStarted(attempt))
}

fn end(ms: u64, asset: &str, reads: &[&str]) -> (u64, Event) {
    let input = |read: &&str| InputVersion {
        asset: key(read),
        partition: None,
        data_version: "1".to_owned(),
    };
    let made = Materialization {
        run: Arc::from(RUN),
        inputs: reads.iter().map(input).collect(),
        ..Materialization::reported(key(asset), None, "1", "1")
    };
    (ms, Event::Materialized(Arc::new(made)))
}

fn told(events: Vec<(u64, Event)>) -> (Vec<String>, u64) {
    let path = CriticalPath::of(&log(events));
    let told = |step: &CriticalStep| format!("{} {} ms", step.asset, step.took_ns / 1_000_000);
    (
        path.steps.iter().map(told).collect(),
        path.took_ns / 1_000_000,
    )
}

#[test]
fn the_longest_chain_counts_and_not_the_one_of_most_steps() {
    let events = vec![
        start(0, "slow", 1),
        start(0, "a", 1),
        end(1, "a", &[]),
        start(1, "b", 1),
        end(2, "b", &["a"]),
        start(2, "c", 1),
        end(3, "c", &["b"]),
        end(10, "slow", &["elsewhere"]),
        start(10, "last", 1),
        end(14, "last", &["c", "slow"]),
    ];
    assert_eq!(
        told(events),
        (vec!["slow 10 ms".to_owned(), "last 4 ms".to_owned()], 14)
    );
}

#[test]
fn a_step_takes_from_its_first_attempt_and_what_it_makes_besides_as_long() {
    let events = vec![
        start(0, "flaky", 1),
        start(5, "flaky", 2),
        end(7, "flaky", &[]),
        end(7, "beside", &[]),
        start(7, "reader", 1),
        end(8, "reader", &["beside"]),
    ];
    assert_eq!(
        told(events),
        (vec!["beside 7 ms".to_owned(), "reader 1 ms".to_owned()], 8)
    );
}

#[test]
fn a_run_that_has_made_nothing_has_none() {
    assert_eq!(CriticalPath::of(&[]), CriticalPath::default());
    let begun = log(vec![start(0, "a", 1)]);
    assert_eq!(CriticalPath::of(&begun), CriticalPath::default());
}
