//! External assets: Dagster's behaviour B7.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::fixture::{graph, key, made, pure_version, request, selected, stale_run};
use crate::{
    Asset, AssetGraph, Executor, ExecutorOptions, Looked, Materialized, Mode, Plan, RunStatus,
    Selection, StepContext, StepFailure, UNOBSERVED, staleness,
};

/// An external source whose version is in `seen`, and two assets below it.
fn sourced(seen: &Arc<Mutex<String>>, looks: &Arc<AtomicU32>) -> Arc<AssetGraph> {
    let (seen, looks) = (Arc::clone(seen), Arc::clone(looks));
    let look = move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        looks.fetch_add(1, Ordering::Relaxed);
        Ok(made(&seen.lock().unwrap()))
    };
    let step = |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> { Ok(pure_version(cx)) };
    graph(vec![
        Asset::observed(key("source"), look),
        Asset::external(key("silent")),
        Asset::new(key("a"), step).depends_on(key("source")),
        Asset::new(key("b"), step)
            .depends_on(key("a"))
            .depends_on(key("silent")),
    ])
}

#[test]
fn b7_a_changed_source_is_unseen_until_observed() {
    let seen = Arc::new(Mutex::new("v1".to_owned()));
    let looks = Arc::default();
    let dir = tempfile::tempdir().unwrap();
    let options = ExecutorOptions::default().concurrency(2);
    let executor = Executor::open(dir.path().join("catalog.db"), options).unwrap();
    let graph = sourced(&seen, &looks);
    // Materializing does not look.
    let outcome = executor.run(request("first", &graph)).unwrap();
    assert_eq!(
        (outcome.status, outcome.steps.materialized),
        (RunStatus::Success, 2)
    );
    assert_eq!(looks.load(Ordering::Relaxed), 0);
    let a = executor.catalog().latest(&key("a"), None).unwrap().unwrap();
    assert_eq!(a.inputs[0].data_version, UNOBSERVED);

    let stale = || {
        let plan = Plan::new(&graph, &Selection::all()).unwrap();
        let stale = staleness(&graph, executor.catalog(), &plan).unwrap();
        stale
            .iter()
            .map(|step| format!("{}: {}", step.asset, step.reason))
            .collect::<Vec<_>>()
    };
    assert!(stale().is_empty());
    let observed = executor
        .run(selected("look", &graph, "*", Mode::Observe))
        .unwrap();
    assert_eq!(
        (observed.status, observed.steps.materialized),
        (RunStatus::Success, 1)
    );
    assert_eq!(observed.materializations[0].data_version, "v1");
    assert_eq!(executor.wait("look").unwrap(), observed);
    assert!(stale().is_empty(), "the first look is no change");
    let second = executor.run(stale_run("second", &graph)).unwrap();
    assert_eq!((second.steps.materialized, second.steps.fresh), (0, 2));

    *seen.lock().unwrap() = "v2".to_owned();
    assert!(stale().is_empty(), "a change that nobody has looked at");
    executor
        .run(selected("look again", &graph, "source", Mode::Observe))
        .unwrap();
    assert_eq!(
        stale(),
        ["a: source source read at data version INITIAL, observed at v2"]
    );
    // Back to what it was at the first look.
    *seen.lock().unwrap() = "v1".to_owned();
    executor.look(&graph).unwrap();
    assert!(stale().is_empty());
    *seen.lock().unwrap() = "v2".to_owned();
    executor.look(&graph).unwrap();
    let third = executor.run(stale_run("third", &graph)).unwrap();
    assert_eq!((third.steps.materialized, third.steps.fresh), (2, 0));
    let error = Plan::new(&graph, &Selection::parse("source").unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "selection: asset source is external, expected one that can be materialized; observe it instead"
    );
}

#[test]
fn a_look_records_what_has_changed_and_nothing_else() {
    let seen = Arc::new(Mutex::new("v1".to_owned()));
    let kept = Arc::new(Mutex::new(true));
    let is_kept = Arc::clone(&kept);
    let source = Arc::clone(&seen);
    let look = move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        let version = source.lock().unwrap().clone();
        match version.as_str() {
            "away" => Err(StepFailure::retryable("Away", "not here")),
            "panic" => panic!("as planned"),
            version => Ok(made(version)),
        }
    };
    let step = |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> { Ok(pure_version(cx)) };
    let graph = graph(vec![
        Asset::observed(key("source"), look),
        Asset::new(key("a"), step)
            .depends_on(key("source"))
            .still_there(move |_| *is_kept.lock().unwrap()),
        Asset::new(key("b"), step).depends_on(key("a")),
    ]);
    let executor = Executor::memory(ExecutorOptions::default());
    let events = || executor.catalog().all_events().unwrap().len();
    let first = executor.look(&graph).unwrap();
    assert_eq!(first.changed[0].data_version, "v1");
    executor.run(request("first", &graph)).unwrap();
    let before = events();
    assert_eq!(executor.look(&graph).unwrap(), Looked::default());
    for (state, problem) in [("away", "Away: not here"), ("panic", "as planned")] {
        *seen.lock().unwrap() = state.to_owned();
        let looked = executor.look(&graph).unwrap();
        assert!(
            looked.problems[0].starts_with("source source: "),
            "{looked:?}"
        );
        assert!(looked.problems[0].contains(problem), "{looked:?}");
    }
    assert_eq!(events(), before, "nothing was seen");

    // What is gone counts as missing; what was made of it is as good as it was.
    *seen.lock().unwrap() = "v1".to_owned();
    *kept.lock().unwrap() = false;
    assert_eq!(executor.look(&graph).unwrap().gone, [(key("a"), None)]);
    assert_eq!(executor.look(&graph).unwrap().gone, []);
    *kept.lock().unwrap() = true;
    let again = executor.run(stale_run("again", &graph)).unwrap();
    assert_eq!((again.steps.materialized, again.steps.fresh), (1, 1));
}
