//! Catalogs: memory and file agree, and are read beside their executor.

use std::path::Path;
use std::sync::Arc;

use super::fixture::{Script, asset, graph, key, memory, pipeline, request};
use crate::{
    Catalog, CheckResult, EngineError, Event, Executor, ExecutorOptions, Materialization,
    Observation, Report, RetryPolicy, RunRequest, RunStatus, Selection, Severity, Submitted,
};

pub fn open(path: &Path, concurrency: usize) -> Executor {
    Executor::open(path, ExecutorOptions::default().concurrency(concurrency)).unwrap()
}

/// Events without what differs from run to run: times, and the order of what is independent.
fn shape_of(catalog: &Catalog, run: &str) -> Vec<String> {
    let events = catalog.events(run).unwrap();
    let shown = |record: &crate::EventRecord| {
        let event = match &record.event {
            Event::AttemptFailed {
                attempt, failure, ..
            } => format!("{attempt:?} {failure:?}"),
            other => format!("{other:?}"),
        };
        format!("{} {event}", record.epoch)
    };
    sorted(events.iter().map(shown).collect())
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

#[test]
fn memory_and_file_record_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let pieces = [("joined@2013-01-02", 1), ("loaded@2013-01-03", 9)];
    let with_retry = |script: &Arc<Script>| {
        graph(
            pipeline(script, 4)
                .assets()
                .iter()
                .map(|asset| asset.clone().retry(RetryPolicy::constant(1, 0)))
                .collect(),
        )
    };
    let scripts = [(); 2].map(|()| Arc::new(Script::failing(&pieces)));
    let durable = open(&dir.path().join("catalog.db"), 1);
    let volatile = memory(1);
    let mut outcomes = Vec::new();
    for (executor, script) in [&durable, &volatile].into_iter().zip(&scripts) {
        outcomes.push(executor.run(request("run", &with_retry(script))).unwrap());
    }
    assert_eq!(outcomes[0].status, RunStatus::Failure);
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(
        sorted(scripts[0].executions()),
        sorted(scripts[1].executions())
    );
    assert_eq!(
        shape_of(durable.catalog(), "run"),
        shape_of(volatile.catalog(), "run")
    );
    for name in ["lookup", "marts", "joined"] {
        assert_eq!(
            durable.catalog().latest_of(&key(name)).unwrap(),
            volatile.catalog().latest_of(&key(name)).unwrap()
        );
    }
    assert_eq!(
        durable.catalog().runs().unwrap(),
        volatile.catalog().runs().unwrap()
    );
    let from_events = durable.wait("run").unwrap();
    assert_eq!(from_events.steps, outcomes[0].steps);
    assert_eq!(from_events.failures, outcomes[0].failures);
}

#[test]
fn a_catalog_outlives_its_executor_and_is_read_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let script = Arc::new(Script::default());
    let graph = pipeline(&script, 5);
    let executor = open(&path, 4);
    let outcome = executor.run(request("run", &graph)).unwrap();
    let beside = Catalog::open(&path).unwrap();
    assert_eq!(
        beside.run("run").unwrap().unwrap().status,
        RunStatus::Success
    );
    assert_eq!(beside.latest_of(&key("loaded")).unwrap().len(), 5);
    drop(executor);
    let executor = open(&path, 4);
    assert_eq!(executor.epoch(), 2);
    assert!(executor.unfinished().is_empty());
    let again = executor.run(request("run", &graph)).unwrap();
    assert_eq!(again.steps, outcome.steps);
    assert_eq!(script.pieces().len(), 18);
}

#[test]
fn reports_from_outside_are_recorded_in_one_commit_and_read_alike() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let failpoint = crate::catalog::Failpoint::new(0, crate::catalog::FailpointMode::Error);
    let hooks = crate::executor::Hooks {
        failpoint: failpoint.clone(),
        ..Default::default()
    };
    let durable = Executor::open_with(&path, ExecutorOptions::default(), hooks).unwrap();
    let volatile = memory(1);
    let made = |number| {
        let day = format!("day-{number:04}");
        Materialization::reported(key("raw"), Some(&day), format!("v{number}"), "1")
    };
    let check = |passed, severity| CheckResult {
        severity,
        ..CheckResult::new(key("raw"), Some("day-0001"), "counts", passed)
    };
    let before = failpoint.writes();
    for executor in [&durable, &volatile] {
        executor.record_all((0..2000).map(made)).unwrap();
    }
    // Each with its row among the newest, and two writes for the commit: so it was one.
    assert_eq!(failpoint.writes() - before, 2 * 2000 + 2);
    for executor in [&durable, &volatile] {
        executor
            .record_all([
                Report::from(Observation::new(key("source"), None, "v1")),
                check(true, Severity::Block).into(),
            ])
            .unwrap();
        executor
            .record_all([
                Report::from(Observation::new(key("source"), None, "v2")),
                check(false, Severity::Warn).into(),
            ])
            .unwrap();
    }
    drop(durable);
    let read = Catalog::open(&path).unwrap();
    for catalog in [&read, volatile.catalog()] {
        let newest = catalog.latest_of(&key("raw")).unwrap();
        assert_eq!(newest.len(), 2000);
        assert_eq!(
            *newest[7],
            Materialization {
                epoch: 1,
                ..made(7)
            }
        );
        let seen = catalog.observations_of(&key("source")).unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(*seen[0], Observation::new(key("source"), None, "v2"));
        let checks = catalog.checks_of(&key("raw")).unwrap();
        assert_eq!(checks.len(), 1);
        assert_eq!(*checks[0], check(false, Severity::Warn));
        assert!(!checks[0].blocks());
        assert_eq!(catalog.all_events().unwrap().len(), 2004);
        let behind = |after| {
            let seqs = catalog.log(after).map(|record| record.unwrap().seq);
            seqs.collect::<Vec<u64>>()
        };
        assert_eq!(behind(0), (1..=2004).collect::<Vec<u64>>());
        assert_eq!(behind(1003), (1004..=2004).collect::<Vec<u64>>());
        assert!(behind(2004).is_empty() && behind(u64::MAX).is_empty());
    }
}

#[test]
fn foreign_and_future_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let foreign = dir.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    let error = Catalog::open(&foreign).unwrap_err();
    assert!(error.to_string().contains("is no asset catalog"), "{error}");

    let future = dir.path().join("future.db");
    drop(open(&future, 1));
    let connection = rusqlite::Connection::open(&future).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = Catalog::open(&future).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("schema version 99, expected at most 10"),
        "{error}"
    );
    let text = dir.path().join("text.db");
    std::fs::write(&text, "this is no database, but long enough to look at").unwrap();
    assert!(Catalog::open(&text).is_err());
}

#[test]
fn parallel_steps_share_commits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let script = Arc::new(Script::default());
    let assets = (0..500).map(|n| asset(&format!("a{n}"), &script)).collect();
    let failpoint = crate::catalog::Failpoint::new(0, crate::catalog::FailpointMode::Error);
    let executor = Executor::open_with(
        &path,
        ExecutorOptions::default().concurrency(64),
        crate::executor::Hooks {
            failpoint: failpoint.clone(),
            ..Default::default()
        },
    )
    .unwrap();
    executor.run(request("run", &graph(assets))).unwrap();
    // Two writes a commit besides the rows: 500 starts in the start log, 1000 step events, 500
    // newest materializations, the rows of the run, the epoch.
    let rows = 500 + 1000 + 500 + 2 + 2 + 1;
    let commits = (failpoint.writes() - rows) / 2;
    assert!(commits < 250, "{commits} commits for 500 parallel steps");
}

#[test]
fn many_threads_submit_and_each_run_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let executor = open(&dir.path().join("catalog.db"), 4);
    let script = Arc::new(Script::default());
    let graph = pipeline(&script, 2);
    // Each id is asked for by two threads.
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (executor, graph) = (&executor, &graph);
            scope.spawn(move || {
                for number in 0..10 {
                    let run = format!("run-{}-{number}", thread / 2);
                    executor.submit(request(&run, graph)).unwrap();
                    let outcome = executor.wait(&run).unwrap();
                    assert_eq!(outcome.status, RunStatus::Success);
                    assert_eq!(outcome.steps.materialized, 9);
                }
            });
        }
    });
    assert_eq!(executor.catalog().runs().unwrap().len(), 40);
    assert_eq!(script.pieces().len(), 40 * 9);
}

#[test]
fn many_runs_are_submitted_in_one_commit_and_answered_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let executor = open(&dir.path().join("catalog.db"), 2);
    let script = Arc::new(Script::default());
    let graph = pipeline(&script, 2);
    executor.run(request("ended", &graph)).unwrap();
    let unknown = RunRequest {
        selection: Selection::parse("nothing").unwrap(),
        ..request("unknown", &graph)
    };
    let mut requests: Vec<_> = (0..100)
        .map(|number| request(&format!("run-{number}"), &graph))
        .collect();
    // One that is asked for twice at once, one that has ended, one that fits no graph.
    requests.extend([request("run-7", &graph), request("ended", &graph), unknown]);
    let answers = executor.submit_all(requests);
    let is_new = |answer: &Result<Submitted, EngineError>| matches!(answer, Ok(Submitted::New));
    assert_eq!(answers.len(), 103);
    assert!(answers[..100].iter().all(is_new), "{answers:?}");
    let again = answers[100].as_ref().unwrap();
    assert!(
        matches!(again, Submitted::UnderWay | Submitted::Ended(_)),
        "{again:?}"
    );
    let ended = answers[101].as_ref().unwrap();
    assert_eq!(*ended, Submitted::Ended(RunStatus::Success));
    assert!(matches!(answers[102], Err(EngineError::Selection(_))));
    for number in 0..100 {
        let outcome = executor.wait(&format!("run-{number}")).unwrap();
        assert_eq!(outcome.status, RunStatus::Success);
    }
    assert_eq!(script.pieces().len(), 101 * 9);
    // All submissions stand in the log before the first step of any of them has ended.
    let events = executor.catalog().all_events().unwrap();
    let events = events
        .iter()
        .skip_while(|record| record.event.run().as_ref() == "ended");
    let submitted = events.take_while(|record| matches!(record.event, Event::RunSubmitted(_)));
    assert_eq!(submitted.count(), 100);
}
