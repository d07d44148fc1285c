//! Payloads as JSON values, for callers that know no types: the command line, schedules, `show`.

use serde_json::{Value, json};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads};

/// Arguments as every Temporal SDK sends JSON.
pub(super) fn arguments(values: &[Value]) -> RawValue {
    RawValue::new(payloads(values))
}

/// A JSON payload a value.
pub(crate) fn payloads(values: &[Value]) -> Vec<Payload> {
    values.iter().map(payload).collect()
}

/// A result: `null` when there is none, the value when there is one, else a list.
pub(super) fn result(payloads: &[Payload]) -> Value {
    match payloads {
        [] => Value::Null,
        [one] => value(one),
        many => many.iter().map(value).collect(),
    }
}

/// [`result`] of what an event holds; `None` when it holds nothing.
pub(super) fn held(payloads: Option<&Payloads>) -> Option<Value> {
    payloads
        .map(|payloads| payloads.payloads.as_slice())
        .filter(|payloads| !payloads.is_empty())
        .map(result)
}

fn payload(value: &Value) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: value.to_string().into_bytes(),
        ..Payload::default()
    }
}

/// The value of a JSON payload; of any other one, its encoding and its size.
fn value(payload: &Payload) -> Value {
    let encoding = payload
        .metadata
        .get("encoding")
        .map_or_else(Default::default, |name| String::from_utf8_lossy(name));
    let described = || json!({"encoding": encoding, "bytes": payload.data.len()});
    match encoding.as_ref() {
        // Nothing at all, or an explicit nothing.
        "binary/null" => Value::Null,
        "" if payload.data.is_empty() => Value::Null,
        "json/plain" => serde_json::from_slice(&payload.data).unwrap_or_else(|_| described()),
        _ => described(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_what_is_read() {
        for values in [vec![], vec![json!("all")], vec![json!({"a": 1}), json!(2)]] {
            let sent = arguments(&values);
            let expected = match values.as_slice() {
                [] => Value::Null,
                [one] => one.clone(),
                many => many.into(),
            };
            assert_eq!(result(&sent.payloads), expected);
        }
    }

    #[test]
    fn what_is_no_json_is_described() {
        let payload = Payload {
            metadata: [("encoding".to_owned(), b"binary/plain".to_vec())].into(),
            data: vec![0; 3],
            ..Payload::default()
        };
        let described = json!({"encoding": "binary/plain", "bytes": 3});
        assert_eq!(result(&[payload]), described);
        assert_eq!(result(&[Payload::default()]), Value::Null);
    }
}
