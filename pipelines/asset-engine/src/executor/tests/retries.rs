//! Retries: schedule, number, what is not retried, and what goes on meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::fixture::{Script, asset, graph, key, made, memory, request};
use crate::clock::Clock;
use crate::executor::Hooks;
use crate::{
    Asset, Backoff, Event, Executor, ExecutorOptions, Materialized, RetryPolicy, RunStatus,
    StepContext, StepFailure,
};

/// Runs one asset that always fails on a clock that jumps, and returns the gaps between attempts.
fn gaps_ms(policy: RetryPolicy) -> Vec<u64> {
    gaps_told_ms(policy, None)
}

/// The same of one that is told each time when to come again.
fn gaps_told_ms(policy: RetryPolicy, retry_after_ms: Option<u64>) -> Vec<u64> {
    let now_ns = Arc::new(AtomicU64::new(5));
    let clock = Arc::clone(&now_ns);
    let (attempts, seen) = mpsc::channel();
    let asset = Asset::new(
        key("a"),
        move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
            attempts.send(clock.load(Ordering::Relaxed)).unwrap();
            Err(StepFailure::retryable("Planned", "always").retry_after_ms(retry_after_ms))
        },
    );
    let executor = Executor::memory_with(
        ExecutorOptions::default().concurrency(2),
        Hooks {
            clock: Clock::Virtual(now_ns),
            ..Hooks::default()
        },
    );
    let outcome = executor
        .run(request("run", &graph(vec![asset.retry(policy)])))
        .unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    let times: Vec<u64> = seen.try_iter().collect();
    assert_eq!(outcome.failures[0].attempt as usize, times.len());
    times
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) / 1_000_000)
        .collect()
}

#[test]
fn who_is_told_when_to_come_again_waits_that_long_or_as_the_policy_says() {
    let policy = || RetryPolicy::constant(2, 500);
    assert_eq!(gaps_told_ms(policy(), Some(700)), [700, 700]);
    assert_eq!(gaps_told_ms(policy(), Some(100)), [500, 500]);
}

#[test]
fn b1_gaps_are_exactly_those_of_dagster() {
    let policy = |backoff| RetryPolicy {
        backoff,
        ..RetryPolicy::constant(4, 500)
    };
    assert_eq!(
        gaps_ms(policy(Backoff::Exponential)),
        [500, 1500, 3500, 7500]
    );
    assert_eq!(gaps_ms(policy(Backoff::Constant)), [500, 500, 500, 500]);
    assert_eq!(gaps_ms(policy(Backoff::Linear)), [500, 1000, 1500, 2000]);
    let capped = RetryPolicy {
        max_delay_ms: Some(2000),
        ..policy(Backoff::Exponential)
    };
    assert_eq!(gaps_ms(capped), [500, 1500, 2000, 2000]);
    assert_eq!(gaps_ms(RetryPolicy::default()), [] as [u64; 0]);
}

#[test]
fn real_gaps_are_at_least_the_schedule() {
    let script = Arc::new(Script::failing(&[("a", 2)]));
    let flaky = asset("a", &script).retry(RetryPolicy::constant(3, 40));
    let executor = memory(1);
    let outcome = executor.run(request("run", &graph(vec![flaky]))).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(
        script.executions(),
        [
            ("a".to_owned(), 1),
            ("a".to_owned(), 2),
            ("a".to_owned(), 3)
        ]
    );
    let events = executor.catalog().events("run").unwrap();
    let mut failed_ns = None;
    for record in &events {
        match &record.event {
            Event::AttemptFailed { retry_delay_ns, .. } => {
                assert_eq!(*retry_delay_ns, Some(40_000_000));
                failed_ns = Some(record.t_ns);
            }
            Event::AttemptStarted(_) => {
                if let Some(failed_ns) = failed_ns {
                    let gap_ns = record.t_ns - failed_ns;
                    // The time of failure is read a moment before the clock that the delay
                    // counts from.
                    assert!(gap_ns >= 40_000_000, "{gap_ns}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn b2_other_steps_run_during_a_retry_delay() {
    let script = Arc::new(Script::failing(&[("flaky", 1)]));
    let mut assets = vec![asset("flaky", &script).retry(RetryPolicy::constant(1, 300))];
    assets.extend((0..20).map(|n| asset(&format!("other{n}"), &script)));
    // One step at a time: a delay that held its slot would hold everything.
    let executor = memory(1);
    let outcome = executor.run(request("run", &graph(assets))).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    let executions = script.executions();
    assert_eq!(executions[0], ("flaky".to_owned(), 1));
    assert_eq!(executions[21], ("flaky".to_owned(), 2));
}

#[test]
fn failures_that_no_retry_cures_are_not_retried() {
    let attempts = |failure: StepFailure, policy: RetryPolicy| {
        let asset = Asset::new(
            key("a"),
            move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
                Err(failure.clone())
            },
        );
        let outcome = memory(1)
            .run(request("run", &graph(vec![asset.retry(policy)])))
            .unwrap();
        outcome.failures[0].attempt
    };
    let policy = RetryPolicy {
        non_retryable: vec!["BadInput".to_owned()],
        ..RetryPolicy::constant(2, 0)
    };
    assert_eq!(
        attempts(StepFailure::retryable("Io", ""), policy.clone()),
        3
    );
    assert_eq!(attempts(StepFailure::fatal("Io", ""), policy.clone()), 1);
    assert_eq!(attempts(StepFailure::retryable("BadInput", ""), policy), 1);
}

#[test]
fn a_panic_is_a_failed_attempt() {
    let asset = Asset::new(
        key("a"),
        |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
            assert!(cx.attempt > 1, "first attempt");
            Ok(made("1"))
        },
    );
    let executor = memory(1);
    let request = request(
        "run",
        &graph(vec![asset.retry(RetryPolicy::constant(1, 0))]),
    );
    let outcome = executor.run(request).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.materializations[0].attempt, 2);
}

#[test]
fn a_cancelled_run_finishes_what_it_is_at_and_nothing_else() {
    let (entered, wait_entered) = mpsc::channel();
    let (leave, wait_leave) = mpsc::channel::<()>();
    let wait_leave = std::sync::Mutex::new(wait_leave);
    let first = Asset::new(
        key("first"),
        move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
            entered.send(()).unwrap();
            wait_leave.lock().unwrap().recv().unwrap();
            Ok(made("1"))
        },
    );
    let script = Arc::new(Script::default());
    let graph = graph(vec![
        first,
        asset("second", &script).depends_on(key("first")),
        asset("third", &script).depends_on(key("second")),
    ]);
    let executor = memory(1);
    executor.submit(request("run", &graph)).unwrap();
    wait_entered.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(executor.cancel("run").unwrap());
    leave.send(()).unwrap();
    let outcome = executor.wait("run").unwrap();
    assert_eq!(outcome.status, RunStatus::Canceled);
    assert_eq!((outcome.steps.materialized, outcome.steps.canceled), (1, 2));
    assert!(script.pieces().is_empty());
}

#[test]
fn a_long_step_is_in_the_catalog_before_it_ends() {
    let (leave, wait_leave) = mpsc::channel::<()>();
    let wait_leave = std::sync::Mutex::new(wait_leave);
    let long = Asset::new(
        key("long"),
        move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
            wait_leave.lock().unwrap().recv().unwrap();
            Ok(made("1"))
        },
    );
    let executor = memory(1);
    executor.submit(request("run", &graph(vec![long]))).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while executor.catalog().events("run").unwrap().len() < 2 {
        assert!(Instant::now() < deadline, "the start was not committed");
        std::thread::yield_now();
    }
    leave.send(()).unwrap();
    assert_eq!(executor.wait("run").unwrap().status, RunStatus::Success);
}
