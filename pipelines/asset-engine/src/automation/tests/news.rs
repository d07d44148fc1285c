//! Rules: what is news to a piece, what of it was wiped, and what holds it back.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::fixture::{Noting, asset, daemon, graph, key, memory, open};
use super::rules::{make, rule, step};
use crate::automation::{Automation, Backfill, Condition, EvaluationContext, Rule};
use crate::catalog::Failpoint;
use crate::{
    Asset, BackfillRecord, CheckResult, Executor, Materialization, Partitions, Report, Selection,
};

/// A reader that tells when it has begun, and ends when it is told to.
struct Gate {
    begun: std::sync::mpsc::Receiver<()>,
    go_on: std::sync::mpsc::Sender<()>,
}

fn gated(name: &str, reads: &str, noting: &Arc<Noting>) -> (Asset, Gate) {
    let (begun, is_begun) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let both = std::sync::Mutex::new((begun, may_go_on));
    let noting = Arc::clone(noting);
    let step = move |cx: &crate::StepContext<'_>| {
        let both = both.lock().unwrap();
        both.0.send(()).unwrap();
        both.1.recv().unwrap();
        crate::Step::execute(noting.as_ref(), cx)
    };
    let gate = Gate {
        begun: is_begun,
        go_on,
    };
    (Asset::new(key(name), step).depends_on(key(reads)), gate)
}

#[test]
fn what_was_made_while_its_reader_was_at_work_is_news_to_it() {
    let noting = Arc::new(Noting::default());
    let (reader, gate) = gated("reader", "a", &noting);
    let graph = graph(vec![asset("a", &noting), reader]);
    let executor = memory();
    make(&executor, &graph, "first", "a");
    let mut daemon = daemon(&executor, &graph, rule(Condition::keep_fresh()));
    let now = Timestamp::now();
    let beat = daemon.tick(now).unwrap();
    assert_eq!(beat.submitted.len(), 1);
    gate.begun.recv().unwrap();
    // The reader has what "first" made; it is committed after what "second" makes.
    make(&executor, &graph, "second", "a");
    gate.go_on.send(()).unwrap();
    daemon.settle().unwrap();
    noting.take();
    gate.go_on.send(()).unwrap();
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), ["reader"]);
    gate.begun.recv().unwrap();
    let made = executor.catalog().latest(&key("reader"), None).unwrap();
    assert_eq!(made.unwrap().inputs[0].data_version, "second");
    assert_eq!(step(&mut daemon, &noting, now + 2.minutes()), [""; 0]);
}

#[test]
fn what_was_reported_without_its_inputs_goes_by_what_is_younger() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![
        asset("a", &noting),
        asset("b", &noting).depends_on(key("a")),
    ]);
    let executor = memory();
    make(&executor, &graph, "first", "a");
    executor
        .record_all([Materialization::reported(key("b"), None, "v1", "1")])
        .unwrap();
    noting.take();
    let mut daemon = daemon(&executor, &graph, rule(Condition::eager()));
    let now = Timestamp::now();
    assert_eq!(step(&mut daemon, &noting, now), [""; 0]);
    make(&executor, &graph, "second", "a");
    noting.take();
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), ["b"]);
}

/// Wipes a piece.
pub fn wipe(executor: &Executor, asset: &str, partition: Option<&str>) {
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
            ("fresh", Condition::keep_fresh()),
            ("missing", Condition::fill_missing()),
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
    let mut daemon = daemon(&executor, &graph, rule(Condition::fill_missing()));
    let now = Timestamp::now();
    noting.fail("a", true);
    assert_eq!(step(&mut daemon, &noting, now), ["a", "b"]);
    wipe(&executor, "b", None);
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), ["b"]);
}

#[test]
fn a_rule_leaves_to_a_backfill_what_that_is_still_to_make() {
    let noting = Arc::new(Noting::default());
    let days = Partitions::daily("2024-01-01", "2024-01-03").unwrap();
    let graph = graph(vec![
        asset("a", &noting).partitions(days.clone()),
        asset("b", &noting).partitions(days).depends_on(key("a")),
    ]);
    let executor = memory();
    let of_days = ["2024-01-01", "2024-01-02"];
    let record = BackfillRecord::new("b", Selection::assets([key("b")]), of_days);
    make(&executor, &graph, "by hand", "a");
    let backfill = Backfill::request(&executor, &graph, record).unwrap();
    noting.take();
    let rule = rule(Condition::fill_missing());
    let context = EvaluationContext {
        now: Timestamp::now(),
        cursor: None,
        catalog: executor.catalog(),
        graph: &graph,
    };
    let asked = |context: &EvaluationContext<'_>| {
        let orders = rule.evaluate(context).unwrap().orders;
        let partitions = orders
            .iter()
            .filter_map(|order| order.selection.partitions());
        partitions.flatten().cloned().collect::<Vec<String>>()
    };
    assert_eq!(asked(&context), ["2024-01-03"]);
    backfill.cancel().unwrap();
    assert_eq!(asked(&context), ["2024-01-01", "2024-01-02", "2024-01-03"]);
}

#[test]
fn a_rule_leaves_alone_what_reads_data_that_failed_a_check() {
    let noting = Arc::new(Noting::default());
    let graph = graph(vec![
        asset("a", &noting),
        asset("b", &noting).depends_on(key("a")),
    ]);
    let executor = memory();
    make(&executor, &graph, "bad", "a");
    let check = |passed| {
        let check = CheckResult::new(key("a"), None, "audit", passed);
        executor.record_all([check]).unwrap();
    };
    check(false);
    noting.take();
    let mut daemon = daemon(&executor, &graph, rule(Condition::keep_fresh()));
    let now = Timestamp::now();
    assert_eq!(step(&mut daemon, &noting, now), [""; 0]);
    check(true);
    assert_eq!(step(&mut daemon, &noting, now + 1.minute()), ["b"]);
    check(false);
    make(&executor, &graph, "good", "a");
    noting.take();
    assert_eq!(step(&mut daemon, &noting, now + 2.minutes()), ["b"]);
}
