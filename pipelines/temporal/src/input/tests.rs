#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::argument::read;
use orchbench_etl::RetrySpec;
use serde_json::json;

use super::*;

fn payload(encoding: &str, data: &str) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), encoding.as_bytes().to_vec())].into(),
        data: data.as_bytes().to_vec(),
        ..Payload::default()
    }
}

fn json(data: &str) -> Result<PipelineInput, String> {
    read(&[payload("json/plain", data)])
}

#[test]
fn a_name_and_an_object_are_the_same_argument() {
    assert_eq!(json("\"all\"").unwrap(), PipelineInput::new("all"));
    let object = json(r#"{"source": "all", "concurrency": 2, "retry": {"max_attempts": 3}}"#);
    let object = object.unwrap();
    assert_eq!((object.concurrency, object.retry.max_attempts), (2, 3));
    assert_eq!(object.retry.delay_ms, RetrySpec::default().delay_ms);
    let written = serde_json::to_string(&object).unwrap();
    assert_eq!(json(&written).unwrap(), object);
}

#[test]
fn what_cannot_be_read_says_what_was_found() {
    for (data, part) in [
        ("7", "expected a source's name or an object"),
        (r#"{"source": "all", "sauce": 1}"#, "unknown field `sauce`"),
        (r#"{"sauce": "all"}"#, "found {\"sauce\""),
        ("{", "EOF"),
    ] {
        let message = json(data).unwrap_err();
        assert!(message.contains(part), "{data}: {message}");
    }
    let message = read::<PipelineInput>(&[]).unwrap_err();
    assert_eq!(message, "workflow argument: expected one, found 0");
    let message = read::<PipelineInput>(&[payload("binary/null", "")]).unwrap_err();
    assert!(message.ends_with("found binary/null"), "{message}");
}

#[test]
fn senseless_values_are_refused_by_name() {
    for (change, part) in [
        (r#""concurrency": 0"#, "concurrency"),
        (r#""heartbeat_timeout_ms": 0"#, "heartbeat_timeout_ms"),
        (r#""retry": {"backoff_coefficient": 0.5}"#, "backoff"),
        (r#""retry": {"max_delay_ms": 1}"#, "max_delay_ms"),
        (r#""run": """#, "run \"\": expected"),
        (r#""run": "t\u00e4glich""#, "column 2"),
        (
            r#""concurrency": 65"#,
            "concurrency: expected 1 to 64, found 65",
        ),
        (
            r#""start_to_close_ms": 18446744073709551615"#,
            "start_to_close_ms: expected 1 to",
        ),
        (
            r#""heartbeat_timeout_ms": 31622400001"#,
            "heartbeat_timeout_ms: expected 1 to 31622400000, found 31622400001",
        ),
        (
            r#""retry": {"max_attempts": 4294967295}"#,
            "retry.max_attempts: expected 0 to",
        ),
        (
            r#""retry": {"delay_ms": 18446744073709551615}"#,
            "retry.delay_ms: expected 0 to",
        ),
        (
            r#""retry": {"max_delay_ms": 18446744073709551615}"#,
            "retry.max_delay_ms: expected 0 to",
        ),
        (
            r#""retry": {"backoff_coefficient": 1e300}"#,
            "retry.backoff_coefficient: expected 1 to 100",
        ),
        (r#""retry": {"non_retryable": [""]}"#, "retry.non_retryable"),
    ] {
        let input = json(&format!(r#"{{"source": "all", {change}}}"#)).unwrap();
        let message = input.validate().unwrap_err();
        assert!(message.contains(part), "{change}: {message}");
    }
}

#[test]
fn the_other_arguments_are_bounded_too() {
    let carried = |change: &str, value: u64| {
        let mut carried = json!({"ended": 5, "loaded": 0, "changed": 0, "failed": [],
            "continuations": 0, "concurrency": 1, "dimensions": null});
        carried[change] = value.into();
        json!({"pipeline": "all", "carried": carried})
    };
    let pipeline = "all";
    for (workflow, argument, part) in [
        (
            "BackfillWorkflow",
            json!({"pipeline": pipeline, "empty_partitions": u32::MAX}),
            "empty_partitions: expected 0 to 100000, found 4294967295",
        ),
        (
            "BackfillWorkflow",
            json!({"pipeline": pipeline, "partitions_per_run": u64::MAX}),
            "partitions_per_run: expected 1 to 2000",
        ),
        (
            "BackfillWorkflow",
            carried("ended", u64::MAX),
            "carried.ended",
        ),
        (
            "BackfillWorkflow",
            carried("loaded", u64::MAX),
            "carried.loaded",
        ),
        (
            "BackfillWorkflow",
            carried("changed", u64::MAX),
            "carried.changed",
        ),
        (
            "BackfillWorkflow",
            carried("continuations", u64::from(u32::MAX)),
            "carried.continuations",
        ),
        (
            "BackfillWorkflow",
            carried("concurrency", 0),
            "carried.concurrency",
        ),
        (
            "NoopWorkflow",
            json!({"shape": "chain", "steps": u32::MAX}),
            "steps: expected 0 to 1000000",
        ),
        (
            "NoopWorkflow",
            json!({"shape": "chain", "steps": 1, "done": 2}),
            "done: expected 0 to 1, found 2",
        ),
        (
            "DailyWorkflow",
            json!({"pipeline": pipeline, "settle_ms": u64::MAX}),
            "settle_ms: expected 0 to",
        ),
        (
            "ApprovalWorkflow",
            json!({"pipeline": pipeline, "expire_after_ms": u64::MAX}),
            "expire_after_ms: expected 1 to",
        ),
        (
            "ApprovalWorkflow",
            json!({"pipeline": pipeline, "escalate_after_ms": u64::MAX}),
            "escalate_after_ms: expected 1 to",
        ),
        ("PartitionWorkflow", json!(7), "invalid type"),
    ] {
        let message = check(workflow, &[argument]).unwrap_err();
        assert!(message.contains(part), "{workflow}: {message}");
    }
    let foreign = check("SomebodyElses", &[json!(u64::MAX)]);
    assert_eq!(foreign, Ok(()), "what others take is theirs to judge");
}
