//! B1 to B3: what a retry policy does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use asset_engine::{
    Asset, Execution, Executor, ExecutorOptions, Mode, RetryPolicy, StepContext, Subprocess,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::scenario::{Trail, graph, key, made, planned_failure, request, status};

const DELAY_MS: u64 = 300;

/// B1. Whole delays between the failure of an attempt and the start of the next.
pub fn exponential_gaps() -> Outcome<Value> {
    let times = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let noted = Arc::clone(&times);
    let flaky = move |_: &StepContext<'_>| {
        let mut times = noted.lock().unwrap_or_else(PoisonError::into_inner);
        times.0.push(Instant::now());
        if times.0.len() <= 3 {
            times.1.push(Instant::now());
            return Err(planned_failure());
        }
        Ok(made("1"))
    };
    let policy = RetryPolicy::exponential(3, DELAY_MS);
    let graph = graph(vec![Asset::new(key("flaky")?, flaky).retry(policy)])?;
    let outcome = Executor::memory(ExecutorOptions::default()).run(request(
        "run",
        &graph,
        &[],
        Mode::All,
    )?)?;
    let times = times.lock().unwrap_or_else(PoisonError::into_inner);
    let (begun, failed) = &*times;
    let gaps: Vec<u128> = failed
        .iter()
        .zip(&begun[1..])
        .map(|(failed, begun)| begun.duration_since(*failed).as_millis() / u128::from(DELAY_MS))
        .collect();
    let gaps: Vec<u64> = gaps
        .into_iter()
        .map(u64::try_from)
        .collect::<Result<_, _>>()?;
    Ok(json!({"gaps_in_delays": gaps, "run": status(&outcome)}))
}

/// B2. One step at a time; the first to run fails once and waits for its retry.
pub fn others_run_meanwhile() -> Outcome<Value> {
    let trail = Trail::default();
    let (first, second) = (trail.clone(), trail.clone());
    let flaky = move |_: &StepContext<'_>| match first.leave("flaky") {
        0 => Err(planned_failure()),
        _ => Ok(made("1")),
    };
    let other = move |_: &StepContext<'_>| {
        second.leave("other");
        Ok(made("1"))
    };
    let graph = graph(vec![
        Asset::new(key("a_flaky")?, flaky).retry(RetryPolicy::constant(1, 1_000)),
        Asset::new(key("b_other")?, other),
    ])?;
    let executor = Executor::memory(ExecutorOptions::default().concurrency(1));
    executor.run(request("run", &graph, &[], Mode::All)?)?;
    Ok(json!({"executed": trail.take()}))
}

/// B3. A step in a process of its own kills that process.
pub fn killed_step_is_retried() -> Outcome<Value> {
    let script = r#"read -r request || test -n "$request"
        case "$request" in *'"attempt":1'*) kill -KILL $$;; esac
        echo '{"ok": {"data_version": "1"}}'"#;
    let step = Subprocess::new("/bin/sh", ["-c", script]);
    let asset = Asset::new(key("killed_once")?, step)
        .execution(Execution::Subprocess)
        .retry(RetryPolicy::constant(1, 0));
    let outcome = Executor::memory(ExecutorOptions::default()).run(request(
        "run",
        &graph(vec![asset])?,
        &[],
        Mode::All,
    )?)?;
    let attempts: Vec<u32> = outcome
        .materializations
        .iter()
        .map(|made| made.attempt)
        .collect();
    Ok(json!({"attempts": attempts.first(), "run": status(&outcome)}))
}
