//! B54 and B69: a run of another configuration than its assets take, and what steps work with.

use asset_engine::{Asset, EngineError, Executor, ExecutorOptions, RunRequest, StepContext};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Outcome;
use crate::scenario::{Trail, derived, graph, key, status};

#[derive(Deserialize)]
struct Wanted {
    rows: u32,
}

/// B54. A number that is a word, one that is missing, and one that is right.
pub fn other_type() -> Outcome<Value> {
    let trail = Trail::default();
    let left = trail.clone();
    let step = move |cx: &StepContext<'_>| {
        let wanted: Wanted = cx.config_as()?;
        left.leave(&format!("made_{}", wanted.rows));
        Ok(derived("1", cx))
    };
    let graph = graph(vec![
        Asset::new(key("made")?, step).configured_by::<Wanted>(),
    ])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let run = |name: &str, config: Value| -> Outcome<&'static str> {
        match executor.run(RunRequest::new(name, graph.clone()).config(config)) {
            Ok(outcome) => Ok(status(&outcome)),
            Err(EngineError::Config { .. }) => Ok("refused"),
            Err(other) => Err(other.into()),
        }
    };
    Ok(json!({
        "a_word": run("word", json!({"rows": "many"}))?,
        "missing": run("missing", json!({}))?,
        "right": run("right", json!({"rows": 3}))?,
        "executed": trail.take(),
        "runs": executor.catalog().runs()?.len(),
    }))
}

/// B69. What a step works with is handed in by whoever defines the assets; in a test, something else.
pub fn handed_in() -> Outcome<Value> {
    struct Shop(&'static str);
    let trail = Trail::default();
    let executor = Executor::memory(ExecutorOptions::default());
    for shop in [Shop("live"), Shop("double")] {
        let (left, name) = (trail.clone(), shop.0);
        let step = move |cx: &StepContext<'_>| {
            left.leave(&format!("orders_of_{}", shop.0));
            Ok(derived("1", cx))
        };
        let graph = graph(vec![Asset::new(key("orders")?, step)])?;
        executor.run(RunRequest::new(name, graph))?;
    }
    Ok(json!({"executed": trail.take()}))
}
