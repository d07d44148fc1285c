//! Rules: what of a piece was wiped.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::fixture::{Noting, asset, daemon, graph, key, memory, open};
use super::rules::{make, rule, step};
use crate::automation::{Condition, Rule};
use crate::catalog::Failpoint;
use crate::{Executor, Partitions, Report, Selection};

/// Wipes a piece.
fn wipe(executor: &Executor, asset: &str, partition: Option<&str>) {
    let wiped = Report::Wiped {
        asset: key(asset),
        partition: partition.map(Arc::from),
    };
    executor.record_all([wiped]).unwrap();
}

#[test]
fn what_was_wiped_is_asked_for_again_whoever_keeps_the_catalog() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(&dir.path().join("catalog.db"), Failpoint::default()).unwrap();
    for executor in [memory(), file] {
        for (name, condition) in [
            ("eager", Condition::eager()),
            ("missing", Condition::on_missing()),
        ] {
            let noting = Arc::new(Noting::default());
            let days = Partitions::daily("2024-01-01", "2024-01-02").unwrap();
            let graph = graph(vec![
                asset("a", &noting).partitions(days.clone()),
                asset("b", &noting).partitions(days).depends_on(key("a")),
            ]);
            make(&executor, &graph, "by hand", "a");
            let rule = Rule::new(name, Selection::assets([key("b")]), condition);
            let mut daemon = daemon(&executor, &graph, rule);
            let now = Timestamp::now();
            daemon.tick(now).unwrap();
            daemon.settle().unwrap();
            noting.take();
            // Looked at for the same time, and for later ones; and what is wiped before the rule has
            // seen that it was made.
            for minute in [0, 1, 2, 2] {
                wipe(&executor, "b", Some("2024-01-02"));
                let made = step(&mut daemon, &noting, now + minute.minutes());
                assert_eq!(made, ["b@2024-01-02"], "minute {minute}");
                assert_eq!(step(&mut daemon, &noting, now + 9.minutes()), [""; 0]);
            }
            for day in ["2024-01-01", "2024-01-02"] {
                wipe(&executor, "b", Some(day));
            }
        }
    }
}

#[test]
fn what_failed_and_was_never_made_is_not_asked_for_again_by_itself() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![asset("a", &noting), asset("b", &noting)]);
    let executor = memory();
    let mut daemon = daemon(&executor, &graph, rule(Condition::on_missing()));
    let now = Timestamp::now();
    noting.fail("a", true);
    assert_eq!(step(&mut daemon, &noting, now), ["a", "b"]);
    wipe(&executor, "b", None);
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), ["b"]);
}
