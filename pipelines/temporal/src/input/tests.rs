#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::argument::read;
use orchbench_etl::RetrySpec;

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
        (r#""run": """#, "run:"),
    ] {
        let input = json(&format!(r#"{{"source": "all", {change}}}"#)).unwrap();
        let message = input.validate().unwrap_err();
        assert!(message.contains(part), "{change}: {message}");
    }
}
