//! Arguments that nobody sane would send.

use orchbench_temporal::input::WORKFLOWS;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Every field of every argument.
const FIELDS: [&str; 27] = [
    "backoff_coefficient",
    "carried",
    "changed",
    "concurrency",
    "continuations",
    "day",
    "delay_ms",
    "done",
    "empty_partitions",
    "ended",
    "escalate_after_ms",
    "expire_after_ms",
    "failed",
    "first",
    "heartbeat_timeout_ms",
    "last",
    "loaded",
    "local",
    "max_attempts",
    "max_delay_ms",
    "non_retryable",
    "only",
    "partitions_per_run",
    "retry",
    "run",
    "settle_ms",
    "start_to_close_ms",
];

/// Values at the edges of every type, and of none.
fn edge() -> impl Strategy<Value = Value> {
    select(vec![
        json!(0),
        json!(1),
        json!(65),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(i32::MAX),
        json!(u32::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(null),
        json!(true),
        json!(""),
        json!("2013-01-01"),
        json!("9999-12-31"),
        json!("-9999-01-01"),
        json!("t\u{e4}glich\n"),
        json!("x".repeat(2_000)),
        json!([]),
        json!([""]),
    ])
}

/// An object whose keys are fields that exist, somewhere.
fn object(within: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::btree_map(select(&FIELDS[..]), within, 0..4).prop_map(|fields| json!(fields))
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

/// A workflow with an argument of which some field is at an edge. No source exists: one that is
/// accepted ends as soon as it looks for it.
pub fn started() -> impl Strategy<Value = (&'static str, Value)> {
    let nested = || prop_oneof![3 => edge(), 1 => object(edge())];
    let pipeline = object(nested())
        .prop_map(|object| with(object, "source", json!("nowhere")))
        .boxed();
    let argument = prop_oneof![
        1 => edge(),
        2 => pipeline.clone(),
        4 => (object(nested()), prop_oneof![Just(json!("nowhere")), pipeline])
            .prop_map(|(object, pipeline)| with(object, "pipeline", pipeline)),
        2 => (object(edge()), select(vec!["chain", "fan_out", "star"]), edge())
            .prop_map(|(object, shape, steps)| {
                with(with(object, "shape", json!(shape)), "steps", steps)
            }),
    ];
    (select(WORKFLOWS.map(|(name, _)| name).to_vec()), argument)
}

/// The largest number anywhere in a value.
pub fn largest(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or(f64::INFINITY).abs(),
        Value::Array(values) => values.iter().map(largest).fold(0.0, f64::max),
        Value::Object(fields) => fields.values().map(largest).fold(0.0, f64::max),
        Value::Null | Value::Bool(_) | Value::String(_) => 0.0,
    }
}
