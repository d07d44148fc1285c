//! Several assets of one step, and checks.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::fixture::{Script, asset, graph, key, made, memory, request, selected, stale_run};
use crate::{
    Asset, AssetGraph, Check, Checked, Event, Materialized, Mode, Partitions, RetryPolicy,
    RunStatus, StaleReason, StepContext, StepFailure, why,
};

/// `split` makes `left` and `right` for each day; `joined` reads both.
fn split(fail_until: u32, version: &'static str, script: &Arc<Script>) -> Arc<AssetGraph> {
    let days = Partitions::daily("2013-01-01", "2013-01-02").unwrap();
    let step = move |cx: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
        if cx.attempt <= fail_until {
            return Err(StepFailure::retryable("Planned", "not yet"));
        }
        Ok(vec![made("left"), made(version)])
    };
    let both = Asset::together([key("left"), key("right")], step)
        .into_iter()
        .map(|asset| {
            asset
                .depends_on(key("lookup"))
                .partitions(days.clone())
                .retry(RetryPolicy::constant(1, 0))
        });
    let mut assets = vec![
        asset("lookup", script),
        asset("joined", script)
            .partitions(days.clone())
            .depends_on(key("right"))
            .depends_on(key("left")),
    ];
    assets.extend(both);
    graph(assets)
}

#[test]
fn one_step_makes_several_assets_in_one_attempt() {
    let script = Arc::new(Script::default());
    let executor = memory(3);
    let first = split(1, "v1", &script);
    let outcome = executor.run(request("first", &first)).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.steps.materialized, 7);
    let events = executor.catalog().events("first").unwrap();
    let mut attempts: Vec<String> = events
        .iter()
        .filter_map(|record| match &record.event {
            Event::AttemptStarted(attempt) => {
                Some(format!("{} {}", attempt.asset, attempt.attempt))
            }
            _ => None,
        })
        .collect();
    attempts.sort();
    assert_eq!(
        attempts,
        [
            "joined 1", "joined 1", "left 1", "left 1", "left 2", "left 2", "lookup 1"
        ]
    );
    let right = executor.catalog().latest_of(&key("right")).unwrap();
    assert_eq!(right.len(), 2);
    assert_eq!(right[0].data_version, "v1");
    assert_eq!(right[0].inputs[0].asset, key("lookup"));

    // Fresh together, stale together; and one selected brings the other.
    let again = executor.run(stale_run("fresh", &first)).unwrap();
    assert_eq!((again.steps.materialized, again.steps.fresh), (0, 7));
    let new_right: Vec<Asset> = split(0, "v2", &script)
        .assets()
        .iter()
        .map(|asset| match asset.key.as_str() {
            "right" => asset.clone().code_version("2"),
            _ => asset.clone(),
        })
        .collect();
    let second = graph(new_right);
    let outcome = executor.run(stale_run("second", &second)).unwrap();
    assert_eq!((outcome.steps.materialized, outcome.steps.fresh), (6, 1));
    let only = executor
        .run(selected("third", &second, "right", Mode::All))
        .unwrap();
    assert_eq!(only.steps.materialized, 4);
}

#[test]
fn a_step_that_fails_makes_none_of_its_assets() {
    let script = Arc::new(Script::default());
    let executor = memory(2);
    let failing = split(9, "v1", &script);
    let outcome = executor.run(request("run", &failing)).unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    let steps = outcome.steps;
    assert_eq!((steps.materialized, steps.failed, steps.skipped), (1, 2, 4));
    let again = executor.wait("run").unwrap();
    assert_eq!(again.steps, steps);

    let short =
        |_: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> { Ok(vec![made("v1")]) };
    let short = graph(Asset::together([key("a"), key("b")], short));
    let outcome = executor.run(request("short", &short)).unwrap();
    assert_eq!(
        outcome.failures[0].failure.to_string(),
        "WrongOutputs: expected 2 results, found 1"
    );
}

/// a, checked, and b which reads it.
fn checked(check: Check, version: &'static str, script: &Arc<Script>) -> Arc<AssetGraph> {
    let step =
        move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> { Ok(made(version)) };
    graph(vec![
        Asset::new(key("a"), step).checked_by(check),
        asset("b", script).depends_on(key("a")),
        asset("apart", script),
    ])
}

fn is_v2(made: &crate::Materialization, _: &StepContext<'_>) -> Result<Checked, StepFailure> {
    Ok(Checked {
        passed: made.data_version == "v2",
        metadata: json!({ "seen": made.data_version }),
    })
}

#[test]
fn a_blocking_check_holds_back_what_is_downstream() {
    let script = Arc::new(Script::default());
    let executor = memory(2);
    let bad = checked(Check::blocking("is_v2", is_v2), "v1", &script);
    let outcome = executor.run(request("bad", &bad)).unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    let steps = outcome.steps;
    assert_eq!(
        (steps.materialized, steps.blocked, steps.skipped),
        (2, 1, 1)
    );
    assert_eq!(executor.wait("bad").unwrap().steps, steps);
    assert_eq!(script.pieces(), ["apart"]);
    let results = executor.catalog().checks_of(&key("a")).unwrap();
    assert_eq!(results[0].metadata, json!({ "seen": "v1" }));

    let catalog = executor.catalog();
    assert_eq!(
        why(&bad, catalog, &key("a"), None).unwrap(),
        [StaleReason::CheckFailed {
            check: "is_v2".to_owned(),
            data_version: "v1".to_owned()
        }]
    );
    assert_eq!(
        why(&bad, catalog, &key("b"), None).unwrap(),
        [StaleReason::Missing]
    );

    // Made again with data that passes, it lets go what it held back, and nothing else.
    let good = checked(Check::blocking("is_v2", is_v2), "v2", &script);
    let outcome = executor.run(stale_run("good", &good)).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!((outcome.steps.materialized, outcome.steps.fresh), (2, 1));
    assert!(
        why(&good, executor.catalog(), &key("a"), None)
            .unwrap()
            .is_empty()
    );

    // A check that fails later, on the same data, from outside.
    let report = crate::CheckResult::new(key("a"), None, "audit", false);
    executor.record_all([report]).unwrap();
    let reasons = why(&good, executor.catalog(), &key("b"), None).unwrap();
    assert_eq!(
        reasons[0].to_string(),
        "input a failed check audit at data version v2"
    );
}

#[test]
fn a_warning_is_recorded_and_a_check_that_breaks_counts_as_failed() {
    let script = Arc::new(Script::default());
    let executor = memory(2);
    let warned = checked(Check::warning("is_v2", is_v2), "v1", &script);
    let outcome = executor.run(request("warned", &warned)).unwrap();
    assert_eq!(
        (outcome.status, outcome.steps.materialized),
        (RunStatus::Success, 3)
    );
    assert!(!executor.catalog().checks_of(&key("a")).unwrap()[0].passed);

    let broken = |_: &crate::Materialization,
                  _: &StepContext<'_>|
     -> Result<Checked, StepFailure> { panic!("no ruler") };
    let broken = checked(Check::blocking("broken", broken), "v1", &script);
    let outcome = executor.run(request("broken", &broken)).unwrap();
    assert_eq!(
        (outcome.status, outcome.steps.skipped),
        (RunStatus::Failure, 1)
    );
    let results = executor.catalog().checks_of(&key("a")).unwrap();
    assert_eq!(results[0].metadata["failure"]["message"], "no ruler");
}

#[test]
fn a_cancelled_step_keeps_all_that_it_makes() {
    let executor = memory(1);
    let (begun, is_begun) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let (begun, may_go_on) = (Mutex::new(begun), Mutex::new(may_go_on));
    let step = move |_: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
        begun.lock().unwrap().send(()).unwrap();
        may_go_on.lock().unwrap().recv().unwrap();
        Ok(vec![made("a"), made("b")])
    };
    let script = Arc::new(Script::default());
    let mut assets = Asset::together([key("a"), key("b")], step);
    assets.push(asset("c", &script).depends_on(key("b")));
    let graph = graph(assets);
    executor.submit(request("run", &graph)).unwrap();
    is_begun.recv().unwrap();
    assert!(executor.cancel("run").unwrap());
    go_on.send(()).unwrap();
    let outcome = executor.wait("run").unwrap();
    assert_eq!(outcome.status, RunStatus::Canceled);
    assert_eq!((outcome.steps.materialized, outcome.steps.canceled), (2, 1));
    assert_eq!(executor.wait("run").unwrap().steps, outcome.steps);
    // It has ended, and the other was never there.
    assert!(!executor.cancel("run").unwrap());
    assert!(!executor.cancel("no such run").unwrap());
}
