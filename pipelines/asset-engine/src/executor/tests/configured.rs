//! Configuration of a type: what does not fit is refused before anything is executed.

use serde::Deserialize;
use serde_json::{Value, json};

use super::fixture::{graph, key};
use crate::{
    Asset, EngineError, Executor, ExecutorOptions, Materialized, RunRequest, RunStatus,
    StepContext, StepFailure,
};

#[derive(Deserialize)]
struct Wanted {
    rows: u32,
}

fn step(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    let wanted: Wanted = cx.config_as()?;
    Ok(Materialized::new(wanted.rows.to_string()))
}

#[test]
fn a_run_of_another_configuration_is_refused_and_leaves_nothing() {
    let executor = Executor::memory(ExecutorOptions::default());
    let graph = graph(vec![Asset::new(key("a"), step).configured_by::<Wanted>()]);
    let request = |config: Value| RunRequest::new("r", graph.clone()).config(config);
    for (config, reason) in [
        (
            json!({"rows": "many"}),
            "invalid type: string \"many\", expected u32",
        ),
        (json!({}), "missing field `rows`"),
        (Value::Null, "invalid type: null, expected struct Wanted"),
    ] {
        let refused = executor.run(request(config)).unwrap_err();
        assert!(matches!(refused, EngineError::Config { .. }), "{refused:?}");
        let expected = format!("run r: configuration: asset a: {reason}");
        assert_eq!(refused.to_string(), expected);
    }
    assert!(executor.catalog().all_events().unwrap().is_empty());
    // The id is free, and what fits is made.
    let outcome = executor.run(request(json!({"rows": 3}))).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.materializations[0].data_version, "3");
}

#[test]
fn a_step_that_has_not_said_its_type_fails_when_it_reads_and_is_not_retried() {
    let executor = Executor::memory(ExecutorOptions::default());
    let retry = crate::RetryPolicy {
        max_retries: 3,
        ..crate::RetryPolicy::default()
    };
    let graph = graph(vec![Asset::new(key("a"), step).retry(retry)]);
    let outcome = executor.run(RunRequest::new("r", graph)).unwrap();
    let failed = &outcome.failures[0];
    let told = (failed.failure.error_type.as_str(), failed.attempt);
    assert_eq!(told, (StepFailure::BAD_CONFIG, 1));
}
