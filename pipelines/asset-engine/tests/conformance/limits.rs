//! B64: limits on steps that have a tag in common.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use asset_engine::{Asset, Executor, ExecutorOptions, Mode, StepContext};
use serde_json::{Value, json};

use crate::Outcome;
use crate::scenario::{Trail, graph, key, made, planned_failure, request, status};

/// How long a step waits for another that could run meanwhile.
const PATIENCE: Duration = Duration::from_secs(50);

/// B64. Two steps of a tag, of which one may run at once, and a third without it, for which both wait.
pub fn one_at_once() -> Outcome<Value> {
    let trail = Trail::default();
    let begun = Arc::new((Mutex::new(false), Condvar::new()));
    let tagged = |name: &'static str| -> Outcome<Asset> {
        let (trail, begun) = (trail.clone(), Arc::clone(&begun));
        let step = move |_: &StepContext<'_>| {
            trail.leave("begin");
            let (other, changed) = &*begun;
            let other = other.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = changed.wait_timeout_while(other, PATIENCE, |begun| !*begun);
            if waited.is_ok_and(|(_, waited)| waited.timed_out()) {
                return Err(planned_failure());
            }
            trail.leave("end");
            Ok(made("1"))
        };
        Ok(Asset::new(key(name)?, step).tag("db", "main"))
    };
    let other = {
        let begun = Arc::clone(&begun);
        move |_: &StepContext<'_>| {
            *begun.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            begun.1.notify_all();
            Ok(made("1"))
        }
    };
    let graph = graph(vec![
        tagged("first")?,
        tagged("second")?,
        Asset::new(key("third")?, other),
    ])?;
    let options = ExecutorOptions::default().concurrency(3);
    let executor = Executor::memory(options.tag_limit("db", Some("main"), 1));
    let outcome = executor.run(request("run", &graph, &[], Mode::All)?)?;
    Ok(json!({"run": status(&outcome), "executed": trail.take()}))
}
