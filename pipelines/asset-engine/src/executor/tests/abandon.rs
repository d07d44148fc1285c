//! Attempts that are given up: their time is up, or their run is aborted.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::fixture::{Script, asset, graph, key, made, memory, request};
use crate::{
    Asset, Event, Execution, Executor, ExecutorOptions, Materialized, RetryPolicy, RunOutcome,
    RunStatus, StepContext, StepFailure, Subprocess,
};

const LIMIT: Duration = Duration::from_millis(250);

/// Waits, within a bound, until something is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

/// A step whose first attempt hangs until it is let go, and then claims success.
struct Hanging {
    asset: Asset,
    let_go: mpsc::Sender<()>,
    returned: Arc<AtomicBool>,
}

fn hanging() -> Hanging {
    let (let_go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let returned = Arc::new(AtomicBool::new(false));
    let returning = Arc::clone(&returned);
    let step = move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        if cx.attempt > 1 {
            return Ok(made("second"));
        }
        let _ = wait.lock().unwrap().recv();
        assert!(cx.stop.is_stopped());
        returning.store(true, Ordering::SeqCst);
        Ok(made("zombie"))
    };
    Hanging {
        asset: Asset::new(key("hanging"), step).timeout(LIMIT),
        let_go,
        returned,
    }
}

fn timeouts(executor: &Executor) -> Vec<u32> {
    let attempt = |record: &crate::EventRecord| match &record.event {
        Event::AttemptFailed {
            attempt, failure, ..
        } if failure.error_type == StepFailure::TIMEOUT => Some(attempt.attempt),
        _ => None,
    };
    let events = executor.catalog().events("run").unwrap();
    events.iter().filter_map(attempt).collect()
}

#[test]
fn an_attempt_that_hangs_is_given_up_and_what_it_returns_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let hanging = hanging();
    let step = hanging.asset.retry(RetryPolicy::constant(1, 0));
    let script = Arc::new(Script::default());
    let assets = vec![
        step,
        asset("other", &script),
        asset("after", &script).depends_on(key("hanging")),
    ];
    // One slot: it is free again once the attempt is given up.
    let executor = Executor::open(&path, ExecutorOptions::default().concurrency(1)).unwrap();
    let outcome = executor.run(request("run", &graph(assets))).unwrap();
    assert_eq!(outcome.status, RunStatus::Success, "{outcome:?}");
    assert_eq!(timeouts(&executor), [1]);
    hanging.let_go.send(()).unwrap();
    until("the zombie returns", || {
        hanging.returned.load(Ordering::SeqCst)
    });
    drop(executor);
    let executor = Executor::open(&path, ExecutorOptions::default()).unwrap();
    let latest = executor
        .catalog()
        .latest(&key("hanging"), None)
        .unwrap()
        .unwrap();
    assert_eq!(
        (latest.data_version.as_str(), latest.attempt),
        ("second", 2)
    );
    assert_eq!(executor.catalog().verify(None).unwrap().missing, 0);
}

#[test]
fn a_step_that_never_returns_fails_its_branch_and_does_not_hold_the_executor() {
    let hanging = hanging();
    let script = Arc::new(Script::default());
    let assets = vec![
        hanging.asset,
        asset("other", &script),
        asset("after", &script).depends_on(key("hanging")),
    ];
    let executor = memory(2);
    let outcome = executor.run(request("run", &graph(assets))).unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    assert_eq!((outcome.steps.materialized, outcome.steps.skipped), (1, 1));
    assert_eq!(
        outcome.failures[0].failure.message,
        "attempt 1 took longer than 250ms"
    );
    // Would wait for ever if it waited for the step.
    drop(executor);
    assert!(!hanging.returned.load(Ordering::SeqCst));
    drop(hanging.let_go);
}

#[test]
fn dropping_the_executor_still_gives_up_what_hangs() {
    let hanging = hanging();
    let executor = memory(1);
    executor
        .submit(request("run", &graph(vec![hanging.asset])))
        .unwrap();
    drop(executor);
    assert!(!hanging.returned.load(Ordering::SeqCst));
    drop(hanging.let_go);
}

/// A process that leaves its number in a file and sleeps.
fn sleeper(file: &Path) -> Asset {
    let script = format!(
        "echo $$ > {0}.new && mv {0}.new {0} && sleep 1000",
        file.display()
    );
    Asset::new(key("sleeper"), Subprocess::new("/bin/sh", ["-c", &script]))
        .execution(Execution::Subprocess)
}

/// Whether the process that a file names is gone.
fn is_gone(file: &Path) -> bool {
    let pid = std::fs::read_to_string(file).unwrap();
    !Path::new("/proc").join(pid.trim()).exists()
}

#[test]
fn a_process_that_takes_too_long_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    // Long enough to leave the file on a busy machine.
    let step = sleeper(&file).timeout(Duration::from_millis(1500));
    let executor = memory(1);
    let outcome = executor.run(request("run", &graph(vec![step]))).unwrap();
    assert_eq!(outcome.failures[0].failure.error_type, StepFailure::TIMEOUT);
    until("the process is gone", || is_gone(&file));
}

#[test]
fn an_aborted_run_kills_processes_and_ends_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = Arc::new(Script::default());
    let policy = RetryPolicy::constant(5, 0);
    let assets = vec![
        sleeper(&file).retry(policy),
        asset("after", &script).depends_on(key("sleeper")),
    ];
    let executor = memory(2);
    executor.submit(request("run", &graph(assets))).unwrap();
    until("the process runs", || file.exists());
    assert!(executor.abort("run").unwrap());
    assert!(!executor.abort("no such run").unwrap());
    let outcome: RunOutcome = executor.wait("run").unwrap();
    assert_eq!(outcome.status, RunStatus::Canceled);
    assert_eq!((outcome.steps.failed, outcome.steps.canceled), (1, 1));
    assert_eq!(outcome.failures[0].failure.error_type, StepFailure::ABORTED);
    until("the process is gone", || is_gone(&file));
    assert_eq!(script.pieces(), [""; 0]);
}
