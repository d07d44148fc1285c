//! A run that failed or was cancelled, opened again: what it made stays, the rest is executed.

use std::path::Path;
use std::sync::Arc;

use super::catalogs::open;
use super::fixture::{Script, asset, graph, key, made, memory, request};
use crate::{
    Asset, AssetGraph, CheckResult, Checked, Event, Executor, Materialization, Mode, Recorder,
    Report, RetryPolicy, RunRequest, RunStatus, StepContext, StepCounts, StepFailure, Submitted,
};

/// `a` → `b` → `c`, and `d` by itself; `b` fails in its first two attempts and may make two a go.
fn chain(step: &Arc<Script>) -> Arc<AssetGraph> {
    graph(vec![
        asset("a", step),
        asset("b", step)
            .depends_on(key("a"))
            .retry(RetryPolicy::constant(1, 0)),
        asset("c", step).depends_on(key("b")),
        asset("d", step),
    ])
}

fn again(run: &str, graph: &Arc<AssetGraph>) -> RunRequest {
    RunRequest {
        reopen: true,
        ..request(run, graph)
    }
}

#[test]
fn what_failed_and_what_was_left_out_is_executed_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    for executor in [open(&dir.path().join("catalog.db"), 2), memory(2)] {
        let step = Arc::new(Script::failing(&[("b", 2)]));
        let graph = chain(&step);
        let failed = executor.run(again("k", &graph)).unwrap();
        assert_eq!(failed.status, RunStatus::Failure);
        // Without a word it is left as it is, and says so.
        let ended = executor.submit(request("k", &graph)).unwrap();
        assert_eq!(ended, Submitted::Ended(RunStatus::Failure));
        assert_eq!(executor.wait("k").unwrap().status, RunStatus::Failure);
        let before = step.executions().len();

        let reopened = executor.submit(again("k", &graph)).unwrap();
        assert_eq!(reopened, Submitted::Reopened(RunStatus::Failure));
        let outcome = executor.wait("k").unwrap();
        assert_eq!(outcome.status, RunStatus::Success);
        let counts = StepCounts {
            materialized: 4,
            ..StepCounts::default()
        };
        assert_eq!((outcome.steps, outcome.failures.len()), (counts, 0));
        // The numbers of attempts go on, the retries begin anew.
        let executed = step.executions()[before..].to_vec();
        assert_eq!(executed, [("b".to_owned(), 3), ("c".to_owned(), 1)]);

        let done = executor.submit(again("k", &graph)).unwrap();
        assert_eq!(done, Submitted::Ended(RunStatus::Success));
        let mut told = executor.wait("k").unwrap();
        let by_asset = |made: &Arc<Materialization>| made.asset.clone();
        told.materializations.sort_by_key(by_asset);
        let mut outcome = outcome;
        outcome.materializations.sort_by_key(by_asset);
        assert_eq!(told, outcome);
        assert_eq!(step.executions().len(), before + 2);
        executor.catalog().verify(None).unwrap();
    }
}

#[test]
fn a_step_that_used_up_its_retries_has_them_again() {
    let executor = memory(1);
    let step = Arc::new(Script::failing(&[("b", 3)]));
    let graph = chain(&step);
    for status in [RunStatus::Failure, RunStatus::Success] {
        assert_eq!(executor.run(again("k", &graph)).unwrap().status, status);
    }
    let attempts: Vec<u32> = step
        .executions()
        .iter()
        .filter(|(piece, _)| piece == "b")
        .map(|(_, attempt)| *attempt)
        .collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
}

#[test]
fn what_failed_a_check_and_what_was_wiped_is_made_again() {
    let executor = memory(1);
    let step = Arc::new(Script::default());
    let passes = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let checked = Arc::clone(&passes);
    let check = crate::Check::blocking("whole", move |_: &Materialization, _: &StepContext<'_>| {
        Ok(Checked {
            passed: checked.load(std::sync::atomic::Ordering::SeqCst),
            metadata: serde_json::Value::Null,
        })
    });
    let graph = graph(vec![
        asset("a", &step),
        asset("b", &step).depends_on(key("a")).checked_by(check),
        asset("c", &step).depends_on(key("b")),
    ]);
    let blocked = executor.run(again("k", &graph)).unwrap();
    assert_eq!(
        (blocked.status, blocked.steps.blocked),
        (RunStatus::Failure, 1)
    );
    passes.store(true, std::sync::atomic::Ordering::SeqCst);
    executor
        .record_all([Report::Wiped {
            asset: key("a"),
            partition: None,
        }])
        .unwrap();
    let outcome = executor.run(again("k", &graph)).unwrap();
    assert_eq!(
        (outcome.status, outcome.steps.blocked),
        (RunStatus::Success, 0)
    );
    assert_eq!(step.pieces(), ["a", "b", "a", "b", "c"]);
    assert_eq!(outcome.materializations.len(), 3);
}

#[test]
fn a_run_killed_after_it_was_opened_again_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let step = Arc::new(Script::failing(&[("b", 2)]));
    let graph = chain(&step);
    open(&path, 1).run(again("k", &graph)).unwrap();
    {
        let executor = open(&path, 1);
        // As if it had died right behind the commit that opens the run again.
        let resumed = Event::RunResumed {
            run: Arc::from("k"),
            identity: Arc::clone(graph.identity()),
        };
        executor.append(vec![resumed]).unwrap();
    }
    let executor = open(&path, 1);
    assert_eq!(executor.unfinished().len(), 1);
    let resumed = executor.submit(request("k", &graph)).unwrap();
    assert_eq!(resumed, Submitted::Resumed);
    assert_eq!(executor.wait("k").unwrap().status, RunStatus::Success);
    assert_eq!(step.pieces(), ["a", "d", "b", "b", "b", "c"]);
    executor.catalog().verify(None).unwrap();
}

/// A run whose step waits until it is let go.
fn waiting() -> (
    Arc<AssetGraph>,
    std::sync::mpsc::Receiver<()>,
    std::sync::mpsc::Sender<()>,
) {
    let (enter, entered) = std::sync::mpsc::channel();
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let slow = Asset::new(key("slow"), move |_: &StepContext<'_>| {
        enter.send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        Ok(made("v1"))
    });
    let step = Arc::new(Script::default());
    let graph = graph(vec![slow, asset("next", &step).depends_on(key("slow"))]);
    (graph, entered, let_go)
}

fn facts(path: &Path) -> Recorder {
    Recorder::open(path, crate::Durability::PowerLoss).unwrap()
}

#[test]
fn facts_and_requests_are_recorded_beside_an_executor() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let executor = open(&path, 1);
    let (graph, entered, let_go) = waiting();
    executor.submit(request("k", &graph)).unwrap();
    entered.recv().unwrap();

    let mut beside = facts(&path);
    let check = CheckResult::new(key("other"), None, "seen", true);
    beside.record_all([check]).unwrap();
    assert_eq!(
        executor.catalog().checks_of(&key("other")).unwrap().len(),
        1
    );
    assert!(executor.heed().unwrap().is_empty());
    assert_eq!(beside.request_cancel(["k", "never"]).unwrap(), ["k"]);
    assert_eq!(executor.heed().unwrap(), ["k"]);
    assert!(executor.heed().unwrap().is_empty(), "heeded twice");

    let_go.send(()).unwrap();
    let outcome = executor.wait("k").unwrap();
    assert_eq!(outcome.status, RunStatus::Canceled);
    assert_eq!((outcome.steps.materialized, outcome.steps.canceled), (1, 1));
    let before = executor.catalog().head().unwrap();
    assert_eq!(beside.request_cancel(["k"]).unwrap(), [""; 0]);
    assert!(!beside.cancel_backfill("never").unwrap());
    assert_eq!(executor.catalog().head().unwrap(), before);
    executor.catalog().verify(None).unwrap();
}

#[test]
fn a_run_to_be_cancelled_is_closed_by_the_next_executor_and_can_be_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    // The step fails at first, and its retry is an hour away when the executor ends.
    let (enter, entered) = std::sync::mpsc::channel();
    let slow = Asset::new(key("slow"), move |_: &StepContext<'_>| {
        if enter.send(()).is_ok() {
            return Err(StepFailure::retryable("Planned", "for now"));
        }
        Ok(made("v1"))
    });
    let graph = graph(vec![slow.retry(RetryPolicy::constant(1, 3_600_000))]);
    {
        let executor = open(&path, 1);
        executor.submit(request("k", &graph)).unwrap();
        entered.recv().unwrap();
        facts(&path).request_cancel(["k"]).unwrap();
    }
    drop(entered);
    let executor = open(&path, 1);
    assert!(executor.unfinished().is_empty());
    let run = executor.catalog().run("k").unwrap().unwrap();
    assert_eq!(run.status, RunStatus::Canceled);
    let outcome = executor.run(again("k", &graph)).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    executor.catalog().verify(None).unwrap();
}

#[test]
fn a_run_is_not_carried_on_on_another_graph() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let step = Arc::new(Script::default());
    let parts = |gate: &str| [("gate".to_owned(), gate.to_owned())];
    let plain = |gate| {
        let assets = vec![asset("a", &step), asset("b", &step).depends_on(key("a"))];
        Arc::new(AssetGraph::new(assets).unwrap().identified_by(parts(gate)))
    };
    let gated = plain("approval");
    left_open(&path, "k", &gated);
    let executor = open(&path, 1);
    let refused = |graph: &Arc<AssetGraph>| {
        let error = executor.submit(again("k", graph)).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        refused(&plain("none")),
        "run k: submitted before with another gate: approval, now none"
    );
    // The same names, wired otherwise.
    let assets = vec![asset("a", &step).depends_on(key("b")), asset("b", &step)];
    let other = AssetGraph::new(assets)
        .unwrap()
        .identified_by(parts("approval"));
    let said = refused(&Arc::new(other));
    assert!(said.contains("with another graph: 2-"), "{said}");
    assert_eq!(step.pieces(), [""; 0]);
    // Mended code is no other graph.
    let mended = gated.assets().iter().cloned().rev();
    let mended = mended.map(|asset| asset.code_version("2")).collect();
    let mended = AssetGraph::new(mended)
        .unwrap()
        .identified_by(parts("approval"));
    let outcome = executor.run(request("k", &Arc::new(mended))).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
}

/// A run as it is left by an executor that died right after accepting it.
fn left_open(path: &Path, run: &str, graph: &Arc<AssetGraph>) {
    let executor: Executor = open(path, 1);
    let record = crate::RunRecord {
        run: Arc::from(run),
        selection: crate::Selection::all(),
        mode: Mode::All,
        config: Arc::new(serde_json::Value::Null),
        tags: crate::RunTags::default(),
        identity: Arc::clone(graph.identity()),
    };
    executor
        .append(vec![Event::RunSubmitted(Arc::new(record))])
        .unwrap();
}

#[test]
fn an_open_run_goes_on_on_its_input_and_a_failed_one_on_a_mended_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let step = Arc::new(Script::failing(&[("b", 2)]));
    let on = |input: &str| {
        let parts = [(format!("{}orders", crate::INPUT), input.to_owned())];
        let assets = chain(&step).assets().to_vec();
        Arc::new(AssetGraph::new(assets).unwrap().identified_by(parts))
    };
    left_open(&path, "k", &on("torn"));
    let executor = open(&path, 1);
    let error = executor.submit(again("k", &on("mended"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "run k: submitted before with another input orders: torn, now mended"
    );
    let failed = executor.run(again("k", &on("torn"))).unwrap();
    assert_eq!(failed.status, RunStatus::Failure);
    let reopened = executor.submit(again("k", &on("mended"))).unwrap();
    assert_eq!(reopened, Submitted::Reopened(RunStatus::Failure));
    assert_eq!(executor.wait("k").unwrap().status, RunStatus::Success);
    // It has ended, so no input is mixed into it any more.
    let ended = executor.submit(again("k", &on("torn"))).unwrap();
    assert_eq!(ended, Submitted::Ended(RunStatus::Success));
    // Opened again and left open: it goes on on what it was opened on.
    let resumed = Event::RunResumed {
        run: Arc::from("k"),
        identity: Arc::clone(on("third").identity()),
    };
    executor.append(vec![resumed]).unwrap();
    let error = executor.submit(again("k", &on("mended"))).unwrap_err();
    assert!(
        error.to_string().ends_with("orders: third, now mended"),
        "{error}"
    );
    assert_eq!(
        executor.submit(again("k", &on("third"))).unwrap(),
        Submitted::Resumed
    );
    assert_eq!(executor.wait("k").unwrap().status, RunStatus::Success);
    executor.catalog().verify(None).unwrap();
}
