//! Steps that are asked for one by one: each counts once, whoever asks and however often.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use super::fixture::{Script, asset, graph, key, made, pipeline, request, stale_run};
use crate::{
    Asset, AssetGraph, Backoff, CatalogError, Check, Checked, Durability, EngineError, Event,
    Executor, ExecutorOptions, InputVersion, Lane, Mapping, Materialization, Materialized, Mode,
    Partitions, Recorder, RetryPolicy, RunStatus, SkipReason, StepContext, StepCounts, StepEnd,
    StepError, StepFailure, StepWorker, Stop, Submitted,
};

fn worker(dir: &Path, graph: &Arc<AssetGraph>) -> StepWorker {
    let path = dir.join("catalog.db");
    StepWorker::open(path, Durability::ProcessCrash, Arc::clone(graph)).unwrap()
}

fn execute(worker: &StepWorker, run: &str, asset: &str) -> StepEnd {
    let stop = Stop::default();
    worker
        .execute(run, (&key(asset), None), false, &stop)
        .unwrap()
}

/// The lanes of each stage, page by page.
fn lanes(worker: &StepWorker, run: &str, stages: u32, page: u32) -> Vec<Vec<Lane>> {
    let stage = |stage| {
        let (mut lanes, mut next) = (Vec::new(), Some(0));
        while let Some(after) = next {
            let found = worker.lanes(run, stage, after, page).unwrap();
            lanes.extend(found.lanes);
            next = found.next;
        }
        lanes
    };
    (0..stages).map(stage).collect()
}

fn counts(end: StepEnd) -> StepCounts {
    match end {
        StepEnd::Ended { counts, .. } => counts,
        StepEnd::Retry { failure, .. } => panic!("{failure}"),
    }
}

/// What happened in a run, by kind.
fn told(worker: &StepWorker, run: &str) -> Vec<String> {
    let events = worker.catalog().events(run).unwrap();
    let told = events.iter().map(|record| match &record.event {
        Event::AttemptStarted(attempt) => format!("{} {} started", attempt.asset, attempt.attempt),
        Event::AttemptInterrupted(attempt) => {
            format!("{} {} interrupted", attempt.asset, attempt.attempt)
        }
        Event::AttemptFailed { attempt, .. } => {
            format!("{} {} failed", attempt.asset, attempt.attempt)
        }
        Event::Materialized(made) => format!("{} {} made", made.asset, made.attempt),
        Event::Skipped { asset, .. } => format!("{asset} skipped"),
        Event::RunEnded { status, fresh, .. } => format!("{} {fresh}", status.as_str()),
        Event::Checked(check) => format!("{} checked", check.asset),
        Event::RunSubmitted(_) => "submitted".to_owned(),
        Event::RunResumed { .. } => "resumed".to_owned(),
        other => format!("{other:?}"),
    });
    told.collect()
}

#[test]
fn partitions_are_lanes_and_what_reads_across_them_is_a_later_stage() {
    let dir = tempfile::tempdir().unwrap();
    let graph = pipeline(&Arc::new(Script::default()), 3);
    let worker = worker(dir.path(), &graph);
    let submission = worker.submit(request("run", &graph)).unwrap();
    assert_eq!(
        (submission.submitted, submission.steps),
        (Submitted::New, 12)
    );
    let stages = lanes(&worker, "run", submission.stages, 2);
    let named = |lane: &Lane| {
        let step = |(asset, partition): (&crate::AssetKey, Option<&str>)| {
            super::fixture::piece(asset, partition)
        };
        lane.steps().map(step).collect::<Vec<_>>().join(" ")
    };
    let stages: Vec<Vec<String>> = stages
        .iter()
        .map(|lanes| lanes.iter().map(named).collect())
        .collect();
    let joined = |day: u32| format!("joined@2013-01-{day:02} loaded@2013-01-{day:02}");
    let raw = |day: u32| format!("raw@2013-01-{day:02}");
    // `lookup` is read by every day, so that `joined` comes after it, and `raw` beside it.
    let mut first: Vec<String> = (1..=3).map(raw).collect();
    first.insert(0, "lookup".to_owned());
    let expected = vec![
        first,
        (1..=3).map(joined).collect(),
        vec!["marts".to_owned()],
        vec!["announced".to_owned()],
    ];
    assert_eq!(stages, expected);
}

#[test]
fn what_reads_its_own_past_goes_one_after_the_other_in_as_many_stages_as_it_takes() {
    let dir = tempfile::tempdir().unwrap();
    let days = Partitions::daily("2013-01-01", "2013-10-27").unwrap();
    let past = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: -1,
    };
    let script = Arc::new(Script::default());
    let total = asset("total", &script)
        .partitions(days.clone())
        .depends_on_mapped(key("total"), past);
    let after = asset("after", &script)
        .partitions(days)
        .depends_on(key("total"));
    let graph = graph(vec![total, after]);
    let worker = worker(dir.path(), &graph);
    let submission = worker.submit(request("run", &graph)).unwrap();
    let stages = lanes(&worker, "run", submission.stages, 1000);
    let sizes: Vec<Vec<usize>> = stages
        .iter()
        .map(|lanes| lanes.iter().map(|lane| lane.steps().count()).collect())
        .collect();
    assert_eq!(sizes[..3], [vec![128], vec![128], vec![44]]);
    assert_eq!(sizes[3], vec![1; 300]);
    assert_eq!(sizes.len(), 4);
}

#[test]
fn a_step_counts_once_however_often_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::default());
    let graph = graph(vec![asset("a", &script)]);
    let worker = worker(dir.path(), &graph);
    worker.submit(request("run", &graph)).unwrap();
    for _ in 0..3 {
        assert_eq!(counts(execute(&worker, "run", "a")).materialized, 1);
    }
    assert_eq!(script.executions(), [("a".to_owned(), 1)]);
    assert_eq!(worker.end("run", 0, None).unwrap(), RunStatus::Success);
    assert_eq!(
        worker.end("run", 7, Some(RunStatus::Canceled)).unwrap(),
        RunStatus::Success
    );
    assert_eq!(
        told(&worker, "run"),
        ["submitted", "a 1 started", "a 1 made", "success 0"]
    );
    // Asked for again, it is said that it has ended.
    let again = worker.submit(request("run", &graph)).unwrap();
    assert_eq!(again.submitted, Submitted::Ended(RunStatus::Success));
    worker.submit(stale_run("stale", &graph)).unwrap();
    let page = worker.lanes("stale", 0, 0, 10).unwrap();
    assert_eq!((page.lanes.len(), page.fresh, page.next), (0, 1, None));
    assert_eq!(counts(execute(&worker, "stale", "a")).fresh, 1);
    worker.catalog().verify(None).unwrap();
}

#[test]
fn retries_are_those_of_the_assets_policy() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::failing(&[("a", 2), ("b", 9)]));
    let policy = || RetryPolicy::constant(2, 40).backoff(Backoff::Linear);
    let graph = graph(vec![
        asset("a", &script).retry(policy()),
        asset("b", &script).retry(policy()),
        asset("c", &script).depends_on(key("b")),
    ]);
    let worker = worker(dir.path(), &graph);
    worker.submit(request("run", &graph)).unwrap();
    for (name, fails) in [("a", false), ("b", true)] {
        for delay_ms in [40, 80] {
            let StepEnd::Retry { failure, after } = execute(&worker, "run", name) else {
                panic!("expected another attempt at {name}");
            };
            assert_eq!(failure.error_type, "Planned");
            assert_eq!(after, Duration::from_millis(delay_ms));
        }
        let last = counts(execute(&worker, "run", name));
        assert_eq!((last.failed == 1, last.materialized == 0), (fails, fails));
    }
    // Asked for once more, as when the answer was lost, it fails without another attempt.
    assert_eq!(counts(execute(&worker, "run", "b")).failed, 1);
    assert_eq!(script.executions().len(), 6);
    let page = worker.lanes("run", 1, 0, 10).unwrap();
    assert!(page.lanes.is_empty(), "{page:?}");
    worker.lanes("run", 1, 0, 10).unwrap();
    assert_eq!(worker.end("run", 0, None).unwrap(), RunStatus::Failure);
    let told = told(&worker, "run");
    let skips = told.iter().filter(|told| *told == "c skipped").count();
    assert_eq!(skips, 1, "{told:?}");
}

#[test]
fn a_run_that_failed_goes_on_with_what_it_did_not_do() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::failing(&[("b", 1)]));
    let graph = graph(vec![
        asset("a", &script),
        asset("b", &script),
        asset("c", &script).depends_on(key("b")),
    ]);
    let worker = worker(dir.path(), &graph);
    let all = |worker: &StepWorker| {
        for stage in 0..2 {
            for lane in worker.lanes("run", stage, 0, 10).unwrap().lanes {
                for step in lane.steps() {
                    worker
                        .execute("run", step, false, &Stop::default())
                        .unwrap();
                }
            }
        }
    };
    worker.submit(request("run", &graph)).unwrap();
    all(&worker);
    assert_eq!(worker.end("run", 0, None).unwrap(), RunStatus::Failure);
    let again = worker.submit(request("run", &graph).reopen()).unwrap();
    assert_eq!(again.submitted, Submitted::Reopened(RunStatus::Failure));
    all(&worker);
    assert_eq!(worker.end("run", 0, None).unwrap(), RunStatus::Success);
    let executions = [("a", 1), ("b", 1), ("b", 2), ("c", 1)];
    let executions = executions.map(|(name, attempt)| (name.to_owned(), attempt));
    assert_eq!(script.executions(), executions);
}

#[test]
fn what_fails_a_check_holds_back_what_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::default());
    let fails = |_: &crate::Materialization, _: &StepContext<'_>| -> Result<Checked, StepFailure> {
        Ok(Checked {
            passed: false,
            metadata: serde_json::Value::Null,
        })
    };
    let days = Partitions::daily("2013-01-01", "2013-01-02").unwrap();
    let graph = graph(vec![
        asset("a", &script)
            .partitions(days.clone())
            .checked_by(Check::blocking("never", fails)),
        asset("b", &script).partitions(days).depends_on(key("a")),
        asset("c", &script).depends_on(key("b")),
    ]);
    let worker = worker(dir.path(), &graph);
    worker.submit(request("run", &graph)).unwrap();
    let lanes = worker.lanes("run", 0, 0, 10).unwrap().lanes;
    let [first, second] = &lanes[..] else {
        panic!("{lanes:?}")
    };
    for lane in [first, second] {
        let mut steps = lane.steps();
        let made = worker.execute("run", steps.next().unwrap(), false, &Stop::default());
        assert_eq!(counts(made.unwrap()).blocked, 1);
        let held = worker.execute("run", steps.next().unwrap(), true, &Stop::default());
        assert_eq!(counts(held.unwrap()).skipped, 1);
    }
    assert!(worker.lanes("run", 1, 0, 10).unwrap().lanes.is_empty());
    assert_eq!(worker.end("run", 0, None).unwrap(), RunStatus::Failure);
    assert_eq!(script.pieces(), ["a@2013-01-01", "a@2013-01-02"]);
}

/// A step whose first attempt is on a host that was thought dead: it waits until it is told to go on.
fn slow(tokens: &Arc<Mutex<Vec<u64>>>) -> (Arc<AssetGraph>, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (tell, begun) = mpsc::channel();
    let (go_on, told) = mpsc::channel();
    let (tell, told, tokens) = (Mutex::new(tell), Mutex::new(told), Arc::clone(tokens));
    let step = move |cx: &StepContext<'_>| {
        tokens.lock().unwrap().push(cx.token);
        if cx.attempt == 1 {
            tell.lock().unwrap().send(()).unwrap();
            told.lock().unwrap().recv().unwrap();
        }
        Ok::<Materialized, StepFailure>(made(&format!("attempt {}", cx.attempt)))
    };
    (graph(vec![Asset::new(key("a"), step)]), begun, go_on)
}

/// A host, and another one that is at the step `a` of the run `run`.
fn beside_a_zombie(
    dir: &Path,
    graph: &Arc<AssetGraph>,
    begun: &mpsc::Receiver<()>,
) -> (StepWorker, JoinHandle<Result<StepEnd, StepError>>) {
    let (dead, living) = (worker(dir, graph), worker(dir, graph));
    living.submit(request("run", graph)).unwrap();
    let zombie = std::thread::spawn(move || {
        let stop = Stop::default();
        dead.execute("run", (&key("a"), None), false, &stop)
    });
    begun.recv().unwrap();
    (living, zombie)
}

#[test]
fn a_host_that_was_thought_dead_and_wakes_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = Arc::default();
    let (graph, begun, go_on) = slow(&tokens);
    let (living, zombie) = beside_a_zombie(dir.path(), &graph, &begun);
    assert_eq!(counts(execute(&living, "run", "a")).materialized, 1);
    go_on.send(()).unwrap();
    let refused = zombie.join().unwrap().unwrap_err();
    let StepError::Engine(EngineError::Catalog(error)) = &refused else {
        panic!("{refused}")
    };
    assert!(
        matches!(
            **error,
            CatalogError::Overtaken {
                own: 1,
                newest: 2,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        told(&living, "run"),
        [
            "submitted",
            "a 1 started",
            "a 1 interrupted",
            "a 2 started",
            "a 2 made"
        ]
    );
    let tokens = tokens.lock().unwrap();
    assert!(tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
    // An executor that comes later writes with a higher token than either.
    let executor = Executor::open(dir.path().join("catalog.db"), ExecutorOptions::default());
    let executor = executor.unwrap();
    drop(tokens);
    executor.run(stale_run("later", &graph)).unwrap();
    assert_eq!(executor.epoch(), 1);
}

#[test]
fn a_step_that_takes_its_host_down_comes_to_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let executions = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&executions);
    let step = move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(made("1"))
    };
    let policy = RetryPolicy::constant(0, 0).max_crash_retries(2);
    let graph = graph(vec![Asset::new(key("a"), step).retry(policy)]);
    let worker = worker(dir.path(), &graph);
    worker.submit(request("run", &graph)).unwrap();
    // Of a host that dies there is the start and nothing else.
    let died = |attempt| {
        let fence = crate::Fence {
            what: "run a ",
            attempt,
        };
        let attempt = crate::Attempt {
            run: Arc::from("run"),
            asset: key("a"),
            partition: None,
            attempt,
        };
        let events = vec![Event::AttemptStarted(attempt)];
        worker.begin_as(&fence, events).unwrap();
    };
    died(1);
    died(2);
    died(3);
    assert_eq!(counts(execute(&worker, "run", "a")).failed, 1);
    assert_eq!(executions.load(Ordering::Relaxed), 0);
    assert_eq!(worker.end("run", 0, None).unwrap(), RunStatus::Failure);
}

/// What is not to be tried again has failed, whoever wakes up then.
#[test]
fn a_host_that_wakes_after_its_step_has_failed_for_good_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = Arc::default();
    let (once, begun, go_on) = slow(&tokens);
    let policy = RetryPolicy::constant(0, 0).max_crash_retries(0);
    let graph = graph(vec![once.assets()[0].clone().retry(policy)]);
    let (living, zombie) = beside_a_zombie(dir.path(), &graph, &begun);
    assert_eq!(counts(execute(&living, "run", "a")).failed, 1);
    go_on.send(()).unwrap();
    let refused = zombie.join().unwrap().unwrap_err();
    assert!(refused.to_string().contains("fenced off"), "{refused}");
    assert_eq!(living.catalog().latest(&key("a"), None).unwrap(), None);
    assert_eq!(living.end("run", 0, None).unwrap(), RunStatus::Failure);
}

/// As an executor does that resumes: what is gone since it was made is made again.
#[test]
fn a_run_that_goes_on_makes_again_what_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::failing(&[("b", 1)]));
    let graph = graph(vec![
        asset("a", &script),
        asset("b", &script).depends_on(key("a")),
    ]);
    let worker = worker(dir.path(), &graph);
    worker.submit(request("run", &graph)).unwrap();
    assert_eq!(counts(execute(&worker, "run", "a")).materialized, 1);
    assert_eq!(counts(execute(&worker, "run", "b")).failed, 1);
    worker.end("run", 0, None).unwrap();
    let path = dir.path().join("catalog.db");
    let mut recorder = crate::Recorder::open(path, Durability::ProcessCrash).unwrap();
    let gone = crate::Report::Wiped {
        asset: key("a"),
        partition: None,
    };
    recorder.record_all([gone]).unwrap();
    worker.submit(request("run", &graph).reopen()).unwrap();
    assert_eq!(counts(execute(&worker, "run", "a")).materialized, 1);
    assert_eq!(counts(execute(&worker, "run", "b")).materialized, 1);
    assert_eq!(worker.end("run", 0, None).unwrap(), RunStatus::Success);
    assert_eq!(script.pieces(), ["a", "b", "a", "b"]);
}

/// An executor and single steps side by side: whoever comes behind more of the log has the higher token.
#[test]
fn tokens_grow_with_the_log_whoever_executes() {
    let dir = tempfile::tempdir().unwrap();
    let tokens: Arc<Mutex<Vec<u64>>> = Arc::default();
    let seen = Arc::clone(&tokens);
    let step = move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        seen.lock().unwrap().push(cx.token);
        Ok(made("1"))
    };
    let graph = graph(vec![Asset::new(key("a"), step)]);
    let executor = Executor::open(dir.path().join("catalog.db"), ExecutorOptions::default());
    let executor = executor.unwrap();
    let worker = worker(dir.path(), &graph);
    for round in 0..3 {
        let (own, kept) = (format!("own-{round}"), format!("kept-{round}"));
        executor.run(request(&own, &graph)).unwrap();
        worker.submit(request(&kept, &graph)).unwrap();
        execute(&worker, &kept, "a");
    }
    let tokens = tokens.lock().unwrap();
    assert!(tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
}

#[test]
fn no_executor_goes_on_with_a_run_that_something_else_keeps() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::default());
    let graph = graph(vec![asset("a", &script)]);
    let worker = worker(dir.path(), &graph);
    worker.submit(request("run", &graph)).unwrap();
    let path = dir.path().join("catalog.db");
    let executor = Executor::open(&path, ExecutorOptions::default()).unwrap();
    assert!(executor.unfinished().is_empty());
    let refused = executor.submit(request("run", &graph)).unwrap_err();
    assert!(
        matches!(&refused, EngineError::RunConflict { field, .. } if field == "tags"),
        "{refused}"
    );
    // Both may work side by side.
    assert_eq!(
        executor
            .run(request("own", &graph))
            .unwrap()
            .steps
            .materialized,
        1
    );
    assert_eq!(counts(execute(&worker, "run", "a")).materialized, 1);
    assert_eq!(worker.end("run", 0, None).unwrap(), RunStatus::Success);
    executor.catalog().verify(None).unwrap();
}

#[test]
fn a_step_has_the_time_that_its_asset_says() {
    let dir = tempfile::tempdir().unwrap();
    let step = |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        while !cx.stop.is_stopped() {
            std::thread::yield_now();
        }
        Ok(made("too late"))
    };
    let asset = Asset::new(key("a"), step).timeout(Duration::from_millis(50));
    let graph = graph(vec![asset]);
    let worker = worker(dir.path(), &graph);
    worker.submit(request("run", &graph)).unwrap();
    let StepEnd::Ended { failure, .. } = execute(&worker, "run", "a") else {
        panic!("expected an end");
    };
    assert_eq!(failure.unwrap().error_type, StepFailure::TIMEOUT);
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::default());
    let graph_of = |name| graph(vec![asset(name, &script)]);
    let (own, other) = (graph_of("a"), graph_of("b"));
    let worker = worker(dir.path(), &own);
    let stop = Stop::default();
    let unknown = worker
        .execute("none", (&key("a"), None), false, &stop)
        .unwrap_err();
    assert_eq!(unknown.to_string(), "run none: not in the catalog");
    worker.submit(request("run", &own)).unwrap();
    let unknown = worker
        .execute("run", (&key("b"), Some("x")), false, &stop)
        .unwrap_err();
    assert_eq!(unknown.to_string(), "run run: no step b x");
    // The graph is the worker's, whatever the request brings.
    let asked = worker.submit(request("run", &other)).unwrap();
    assert_eq!(asked.submitted, Submitted::UnderWay);
    let differently = worker.submit(crate::RunRequest {
        mode: Mode::Stale,
        ..request("run", &own)
    });
    assert!(matches!(differently, Err(EngineError::RunConflict { .. })));
}

#[test]
fn what_is_fresh_is_passed_over_and_nothing_that_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::default());
    let name = |number: usize| format!("p{number:04}");
    let all = Partitions::static_keys((0..5_000).map(name)).unwrap();
    let graph = graph(vec![
        asset("raw", &script).partitions(all.clone()),
        asset("clean", &script)
            .partitions(all)
            .depends_on(key("raw")),
    ]);
    let report = |asset: &str, number: usize, version: &str| {
        let partition = name(number);
        let read = InputVersion::new(key("raw"), Some(&partition), "first");
        let made = Materialization::reported(key(asset), Some(&partition), version, "1");
        made.inputs((asset == "clean").then_some(read))
    };
    let path = dir.path().join("catalog.db");
    let mut recorder = Recorder::open(path, Durability::ProcessCrash).unwrap();
    for asset in ["raw", "clean"] {
        let made = (0..5_000).map(|number| report(asset, number, "first"));
        recorder.record_all(made).unwrap();
    }
    let anew = [4_000, 4_001, 4_100].map(|number| report("raw", number, "second"));
    recorder.record_all(anew).unwrap();
    let worker = worker(dir.path(), &graph);
    let submission = worker.submit(stale_run("stale", &graph)).unwrap();
    assert_eq!(submission.stages, 1);
    let page = |after, at_most| {
        let page = worker.lanes("stale", 0, after, at_most).unwrap();
        let lanes = page.lanes.iter().map(ToString::to_string);
        (lanes.collect::<Vec<_>>().join(", "), page.fresh, page.next)
    };
    let lane = |number| format!("raw p{number} and 1 more");
    let all = [4_000, 4_001, 4_100].map(lane).join(", ");
    assert_eq!(page(0, 100), (all, 2 * 4_997, None));
    // Of two that are found together the second waits for its page.
    assert_eq!(page(0, 1), (lane(4_000), 2 * 4_000, Some(4_001)));
    assert_eq!(page(4_001, 1), (lane(4_001), 0, Some(4_002)));
    // Strides of 1, 2, 4, … 64.
    assert_eq!(page(4_002, 1), (lane(4_100), 2 * 126, Some(4_129)));
    assert_eq!(page(4_129, 1), (String::new(), 2 * 871, None));
    assert_eq!(page(9_999, 1), (String::new(), 0, None));
}

#[test]
fn a_host_that_wakes_after_its_run_was_opened_again_neither_ends_nor_opens_it() {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(Script::failing(&[("a", 1)]));
    let graph = graph(vec![
        asset("a", &script),
        asset("b", &script).depends_on(key("a")),
    ]);
    let (zombie, living) = (worker(dir.path(), &graph), worker(dir.path(), &graph));
    let refused = |turn: Result<(), CatalogError>| {
        let error = turn.unwrap_err();
        assert!(matches!(error, CatalogError::Overtaken { .. }), "{error}");
    };
    let begin = zombie.life("run").unwrap();
    let submitted = Event::RunSubmitted(request("run", &graph).record());
    living.submit(request("run", &graph)).unwrap();
    refused(begin.turn(vec![submitted]));
    assert_eq!(counts(execute(&living, "run", "a")).failed, 1);
    // It stands still before it commits that the run failed, and what that holds back.
    let end = zombie.life("run").unwrap();
    assert_eq!(living.end("run", 0, None).unwrap(), RunStatus::Failure);
    let again = living.submit(request("run", &graph).reopen()).unwrap();
    assert_eq!(again.submitted, Submitted::Reopened(RunStatus::Failure));
    refused(end.turn(vec![Event::RunEnded {
        run: Arc::from("run"),
        status: RunStatus::Failure,
        fresh: 0,
    }]));
    refused(end.commit_any(vec![Event::Skipped {
        run: Arc::from("run"),
        asset: key("b"),
        partition: None,
        reason: SkipReason::Upstream {
            asset: key("a"),
            partition: None,
        },
    }]));
    for step in ["a", "b"] {
        assert_eq!(counts(execute(&living, "run", step)).materialized, 1);
    }
    assert_eq!(living.end("run", 0, None).unwrap(), RunStatus::Success);
    let verified = living.catalog().verify(None).unwrap();
    assert!(verified.is_sound(), "{verified}");
}
