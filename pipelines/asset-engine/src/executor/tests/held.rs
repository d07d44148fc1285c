//! What failed a blocking check holds back what reads it, in whichever run.

use std::sync::{Arc, Mutex};

use super::fixture::{Script, asset, graph, key, made, memory, request, selected, stale_run};
use crate::{
    Asset, AssetGraph, Check, CheckResult, Checked, Executor, ExecutorOptions, Materialized, Mode,
    RunStatus, StaleReason, StepContext, StepFailure, why,
};

/// What the asset `a` is made as.
type Version = Arc<Mutex<&'static str>>;

fn set(version: &Version, to: &'static str) {
    *version.lock().unwrap() = to;
}

fn is_good(made: &crate::Materialization, _: &StepContext<'_>) -> Result<Checked, StepFailure> {
    Ok(Checked {
        passed: made.data_version.starts_with("good"),
        metadata: serde_json::Value::Null,
    })
}

fn blocking() -> Check {
    Check::blocking("is_good", is_good)
}

/// a, with some checks, and b which reads it.
fn checked(
    version: &Version,
    checks: impl IntoIterator<Item = Check>,
    script: &Arc<Script>,
) -> Arc<AssetGraph> {
    let version = Arc::clone(version);
    let step = move |_: &StepContext<'_>| Ok(made(*version.lock().unwrap()));
    let a = Asset::new(key("a"), step);
    graph(vec![
        checks.into_iter().fold(a, Asset::checked_by),
        asset("b", script).depends_on(key("a")),
    ])
}

/// Why b was not made in a run of b alone; `None` = it was.
fn why_held(executor: &Executor, graph: &Arc<AssetGraph>, run: &str, mode: Mode) -> Option<String> {
    let outcome = executor.run(selected(run, graph, "b", mode)).unwrap();
    let held = outcome.failures.first();
    let status = match held {
        Some(_) => RunStatus::Failure,
        None => RunStatus::Success,
    };
    assert_eq!(outcome.status, status, "{outcome:?}");
    held.map(|failed| failed.failure.to_string())
}

const HELD: &str = "BlockedInput: input a failed check is_good at data version bad";

#[test]
fn a_later_run_of_what_reads_bad_data_is_held_back() {
    let (version, script) = (Arc::new(Mutex::new("bad")), Arc::new(Script::default()));
    let graph = checked(&version, [blocking()], &script);
    let executor = memory(2);
    executor.run(request("bad", &graph)).unwrap();
    for (run, mode) in [("all", Mode::All), ("stale", Mode::Stale)] {
        let held = why_held(&executor, &graph, run, mode);
        assert_eq!(held.as_deref(), Some(HELD), "{run}");
    }
    assert_eq!(script.pieces(), [""; 0]);
    set(&version, "good");
    executor
        .run(selected("good", &graph, "a", Mode::All))
        .unwrap();
    let mut again = selected("all", &graph, "b", Mode::All);
    again.reopen = true;
    assert_eq!(executor.run(again).unwrap().status, RunStatus::Success);
    assert_eq!(script.pieces(), ["b"]);
}

#[test]
fn data_that_is_made_again_as_it_was_when_it_failed_is_held_back() {
    let (version, script) = (Arc::new(Mutex::new("good")), Arc::new(Script::default()));
    let graph = checked(&version, [blocking()], &script);
    let executor = memory(2);
    executor.run(request("first", &graph)).unwrap();
    let audit = CheckResult {
        data_version: Some("good".to_owned()),
        ..CheckResult::new(key("a"), None, "audit", false)
    };
    executor.record_all([audit]).unwrap();
    let again = executor.run(request("again", &graph)).unwrap();
    assert_eq!(
        again.failures[0].failure.to_string(),
        "BlockedInput: input a failed check audit at data version good"
    );
    set(&version, "good as well");
    let other = executor.run(stale_run("other", &graph)).unwrap();
    assert_eq!(other.status, RunStatus::Success, "{other:?}");
    assert_eq!(why_held(&executor, &graph, "b alone", Mode::All), None);
    assert_eq!(script.pieces(), ["b", "b", "b"]);
}

/// raw, a check of it that is an asset of its own, and load, which reads both.
fn apart(version: &Version, script: &Arc<Script>) -> Arc<AssetGraph> {
    let version = Arc::clone(version);
    let raw = move |_: &StepContext<'_>| Ok(made(*version.lock().unwrap()));
    let check = |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        let read = &cx.inputs[0].data_version;
        if read.starts_with("good") {
            return Ok(made("passed"));
        }
        Err(StepFailure::fatal("Bad", read.clone()))
    };
    graph(vec![
        Asset::new(key("raw"), raw),
        Asset::new(key("check"), check)
            .depends_on(key("raw"))
            .blocking_check(),
        asset("load", script)
            .depends_on(key("raw"))
            .depends_on(key("check")),
    ])
}

#[test]
fn a_check_of_its_own_vouches_only_for_what_it_has_passed() {
    let (version, script) = (Arc::new(Mutex::new("good")), Arc::new(Script::default()));
    let graph = apart(&version, &script);
    let executor = memory(2);
    executor.run(request("good", &graph)).unwrap();
    set(&version, "bad");
    let bad = executor.run(request("bad", &graph)).unwrap();
    assert_eq!((bad.steps.failed, bad.steps.skipped), (1, 1));
    let held = |run: &str, selection: &str| {
        let outcome = executor.run(selected(run, &graph, selection, Mode::All));
        let failures = outcome.unwrap().failures;
        failures.first().map(|failed| failed.failure.to_string())
    };
    let reason = "BlockedInput: check check has not passed what there is now: \
                  input raw read at data version good, now bad";
    assert_eq!(held("alone", "load").as_deref(), Some(reason));
    assert_eq!(
        held("without the check", "raw or load").as_deref(),
        Some(reason)
    );
    assert_eq!(script.pieces(), ["load"]);
    set(&version, "good again");
    assert_eq!(held("with the check", "*"), None);
    assert_eq!(held("alone again", "load"), None);
    assert_eq!(script.pieces(), ["load"; 3]);
}

#[test]
fn a_check_counts_as_it_is_defined_now() {
    let warning = || Check::warning("is_good", is_good);
    let (version, script) = (Arc::new(Mutex::new("bad")), Arc::new(Script::default()));
    let (blocks, warns, gone) = (
        checked(&version, [blocking()], &script),
        checked(&version, [warning()], &script),
        checked(&version, [], &script),
    );
    let executor = memory(2);
    executor.run(request("bad", &blocks)).unwrap();
    let reasons = |graph| why(graph, executor.catalog(), &key("a"), None).unwrap();
    let failed = StaleReason::CheckFailed {
        check: "is_good".to_owned(),
        data_version: "bad".to_owned(),
    };
    assert_eq!(reasons(&blocks), std::slice::from_ref(&failed));
    assert_eq!(reasons(&warns), []);
    assert_eq!(reasons(&gone), []);
    assert_eq!(why_held(&executor, &gone, "gone", Mode::All), None);
    assert_eq!(why_held(&executor, &warns, "warns", Mode::All), None);
    let held = why_held(&executor, &blocks, "blocks", Mode::All);
    assert_eq!(held.as_deref(), Some(HELD));
    // What only warned when it failed blocks once the check does.
    executor.run(request("warned", &warns)).unwrap();
    assert_eq!(reasons(&blocks), [failed]);
    // A report is of no definition.
    let audit = CheckResult::new(key("a"), None, "audit", false);
    executor.record_all([audit]).unwrap();
    assert_eq!(reasons(&gone).len(), 1);
}

#[test]
fn a_result_without_a_version_is_about_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let file = Executor::open(path, ExecutorOptions::default()).unwrap();
    for executor in [memory(2), file] {
        let (version, script) = (Arc::new(Mutex::new("one")), Arc::new(Script::default()));
        let graph = checked(&version, [], &script);
        let audit = |asset: &str| {
            let failed = CheckResult::new(key(asset), None, "audit", false);
            executor.record_all([failed]).unwrap();
        };
        audit("a");
        executor.run(request("one", &graph)).unwrap();
        assert_eq!(
            why_held(&executor, &graph, "nothing was there", Mode::All),
            None
        );
        audit("a");
        assert!(why_held(&executor, &graph, "one was there", Mode::All).is_some());
        for (run, made) in [("anew", "one"), ("two", "two")] {
            set(&version, made);
            let outcome = executor.run(request(run, &graph)).unwrap();
            assert_eq!(outcome.status, RunStatus::Success, "{outcome:?}");
            assert_eq!(
                why(&graph, executor.catalog(), &key("b"), None).unwrap(),
                []
            );
        }
    }
}

#[test]
fn a_result_without_a_version_about_a_source_is_about_what_was_seen() {
    let script = Arc::new(Script::default());
    let graph = graph(vec![
        Asset::external(key("source")),
        asset("b", &script).depends_on(key("source")),
    ]);
    let executor = memory(2);
    let audit = || {
        let failed = CheckResult::new(key("source"), None, "audit", false);
        executor.record_all([failed]).unwrap();
    };
    let see = |version| {
        let seen = crate::Observation::new(key("source"), None, version);
        executor.record_all([seen]).unwrap();
    };
    let held = |run: &str| why_held(&executor, &graph, run, Mode::All).is_some();
    audit();
    assert!(held("unobserved"));
    see("v1");
    assert!(!held("v1"));
    audit();
    assert!(held("v1, which failed"));
    see("v2");
    assert!(!held("v2"));
}
