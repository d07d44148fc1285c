//! Staleness: Dagster's behaviours B6, B8 and B9, and resume of what failed (B5).

use std::sync::{Arc, Mutex};

use super::fixture::{Script, asset, graph, key, made, memory, pipeline, request, stale_run};
use crate::{
    Asset, AssetGraph, Executor, Materialized, Plan, RunStatus, Selection, StepContext,
    StepFailure, staleness,
};

fn stale(executor: &Executor, graph: &AssetGraph) -> Vec<String> {
    let plan = Plan::new(graph, &Selection::all()).unwrap();
    staleness(graph, executor.catalog(), &plan)
        .unwrap()
        .iter()
        .map(|step| format!("{}: {}", step.asset, step.reason))
        .collect()
}

/// a → b → c, where a's code version and data version are set and b's data version is fixed when
/// asked for.
fn chain(code: &str, data: &str, fixed_b: bool, log: &Arc<Mutex<Vec<String>>>) -> Arc<AssetGraph> {
    let step = |data: Option<String>| {
        let log = Arc::clone(log);
        move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
            log.lock().unwrap().push(cx.asset.to_string());
            let read: Vec<&str> = cx
                .inputs
                .iter()
                .map(|input| input.data_version.as_str())
                .collect();
            Ok(made(&data.clone().unwrap_or_else(|| {
                format!("{}<{}>", cx.asset, read.join(","))
            })))
        }
    };
    graph(vec![
        Asset::new(key("a"), step(Some(data.to_owned()))).code_version(code),
        Asset::new(key("b"), step(fixed_b.then(|| "fixed".to_owned()))).depends_on(key("a")),
        Asset::new(key("c"), step(None)).depends_on(key("b")),
    ])
}

#[test]
fn b6_a_code_version_makes_its_own_asset_stale_and_then_what_reads_new_data() {
    let log = Arc::default();
    let executor = memory(2);
    let first = chain("1", "v1", false, &log);
    assert_eq!(stale(&executor, &first)[0], "a: never materialized");
    executor.run(request("first", &first)).unwrap();
    assert!(stale(&executor, &first).is_empty());
    let second = chain("2", "v2", false, &log);
    assert_eq!(stale(&executor, &second), ["a: code version 1, now 2"]);
    let mut only_a = request("only a", &second);
    only_a.selection = Selection::parse("a").unwrap();
    executor.run(only_a).unwrap();
    assert_eq!(
        stale(&executor, &second),
        ["b: input a read at data version v1, now v2"]
    );
    log.lock().unwrap().clear();
    let outcome = executor.run(stale_run("rest", &second)).unwrap();
    assert_eq!(*log.lock().unwrap(), ["b", "c"]);
    assert_eq!((outcome.steps.materialized, outcome.steps.fresh), (2, 1));
    assert!(stale(&executor, &second).is_empty());
}

#[test]
fn b8_an_unchanged_data_version_stops_staleness() {
    let log = Arc::default();
    let executor = memory(2);
    executor
        .run(request("first", &chain("1", "v1", true, &log)))
        .unwrap();
    let second = chain("2", "v2", true, &log);
    log.lock().unwrap().clear();
    let outcome = executor.run(stale_run("second", &second)).unwrap();
    assert_eq!(*log.lock().unwrap(), ["a", "b"]);
    assert_eq!((outcome.steps.materialized, outcome.steps.fresh), (2, 1));
    assert_eq!(executor.wait("second").unwrap().steps.fresh, 1);

    // Nothing is left to do, and a run that does nothing ends well.
    let third = executor.run(stale_run("third", &second)).unwrap();
    assert_eq!(third.status, RunStatus::Success);
    assert_eq!((third.steps.materialized, third.steps.fresh), (0, 3));
}

#[test]
fn b9_a_selection_runs_whole_fresh_or_not() {
    let script = Arc::new(Script::default());
    let graph = pipeline(&script, 2);
    let executor = memory(2);
    executor.run(request("first", &graph)).unwrap();
    let once = script.pieces().len();
    executor.run(request("second", &graph)).unwrap();
    assert_eq!(script.pieces().len(), 2 * once);
    executor.run(stale_run("third", &graph)).unwrap();
    assert_eq!(script.pieces().len(), 2 * once);
}

#[test]
fn b5_what_failed_is_what_is_run_again() {
    let script = Arc::new(Script::failing(&[("joined@2013-01-02", 1)]));
    let graph = pipeline(&script, 3);
    let executor = memory(3);
    let outcome = executor.run(request("first", &graph)).unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    assert_eq!(
        (
            outcome.steps.failed,
            outcome.steps.skipped,
            outcome.steps.materialized
        ),
        (1, 3, 8)
    );
    // A new run has new attempts; let the second one be enough.
    let healed = Arc::new(Script::default());
    let graph = pipeline(&healed, 3);
    let outcome = executor.run(stale_run("again", &graph)).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    let mut executed = healed.pieces();
    executed.sort();
    assert_eq!(
        executed,
        [
            "announced",
            "joined@2013-01-02",
            "loaded@2013-01-02",
            "marts"
        ]
    );
}

#[test]
fn a_changed_graph_is_stale_where_it_changed() {
    let script = Arc::new(Script::default());
    let executor = memory(1);
    let two = graph(vec![
        asset("a", &script),
        asset("b", &script),
        asset("c", &script).depends_on(key("a")),
    ]);
    executor.run(request("first", &two)).unwrap();
    let more = graph(vec![
        asset("a", &script),
        asset("b", &script),
        asset("c", &script)
            .depends_on(key("a"))
            .depends_on(key("b")),
    ]);
    assert_eq!(stale(&executor, &more), ["c: input b is new"]);
    executor.run(stale_run("second", &more)).unwrap();
    let version = executor.catalog().latest(&key("a"), None).unwrap().unwrap();
    assert_eq!(
        stale(
            &executor,
            &graph(vec![
                asset("a", &script),
                asset("b", &script),
                asset("c", &script).depends_on(key("b"))
            ])
        ),
        ["c: input a is no longer read"],
        "{}",
        version.data_version
    );
}

#[test]
fn what_is_gone_is_told_from_what_is_no_longer_read() {
    let script = Arc::new(Script::default());
    let executor = memory(1);
    let days = |last: &str| crate::Partitions::daily("2013-01-01", last).unwrap();
    let with = |source: &str, last: &str| {
        let read = asset(source, &script).partitions(days(last));
        let reads = crate::Mapping::Last(2);
        graph(vec![
            read,
            asset("reader", &script).depends_on_mapped(key(source), reads),
        ])
    };
    let graph = with("raw", "2013-01-02");
    executor.run(request("first", &graph)).unwrap();
    let told = |graph: &AssetGraph| {
        let reasons = crate::why(graph, executor.catalog(), &key("reader"), None).unwrap();
        let told = reasons.iter().map(ToString::to_string);
        // Of the versions, which are digests, only that there are some.
        told.map(|reason| match reason.split_once(" read at data version ") {
            Some((input, rest)) => format!("{input} {}", rest.split_once(' ').unwrap().1),
            None => reason,
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(told(&graph), [""; 0]);
    // The last two are others now, and one of them is not made yet.
    let moved = [
        "input raw 2013-01-01 is no longer among the partitions that are read",
        "input raw 2013-01-03 is new and was never made",
    ];
    assert_eq!(told(&with("raw", "2013-01-03")), moved);
    // The asset has another name, and nothing is made under that.
    let renamed = [
        "input raw 2013-01-01 is no longer read",
        "input raw 2013-01-02 is no longer read",
        "input cooked 2013-01-01 is new and was never made",
        "input cooked 2013-01-02 is new and was never made",
    ];
    assert_eq!(told(&with("cooked", "2013-01-02")), renamed);
    let wiped = crate::Report::Wiped {
        asset: key("raw"),
        partition: Some("2013-01-02".into()),
    };
    executor.record_all([wiped]).unwrap();
    assert_eq!(told(&graph), ["input raw 2013-01-02 is not there any more"]);
}
