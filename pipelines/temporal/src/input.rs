//! The arguments of the workflows, as JSON that any SDK can send.
//!
//! An argument that cannot be read must fail the *workflow*. By default the SDK fails the workflow
//! *task*, which the server then retries for ever: the caller waits and nobody tells why. So the
//! workflows take an [`Argument`], which decodes always, and say themselves what was wrong.

mod argument;

use orchbench_etl::{ArtifactRef, Day, RetrySpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::argument::Argument;

/// The argument of `DataPipelineWorkflow`: a source's name, or an object with the source's name and
/// whatever shall differ from the defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct PipelineInput {
    /// The source's name in the catalogue of sources.
    pub source: String,
    /// The run's id; `None` means one of its own for each execution, see
    /// [`crate::workflows::pipeline`].
    pub run: Option<String>,
    /// How many days are worked on at a time, at least 1.
    pub concurrency: usize,
    /// How the steps are retried.
    pub retry: RetrySpec,
    /// How long the server waits for a heartbeat of a long step before it calls the attempt lost.
    pub heartbeat_timeout_ms: u64,
    /// How long one attempt at a step may take.
    pub start_to_close_ms: u64,
}

impl PipelineInput {
    /// The defaults: 8 days at a time, [`RetrySpec::default`], a heartbeat timeout of 2 s, one minute
    /// for an attempt.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            run: None,
            concurrency: 8,
            retry: RetrySpec::default(),
            heartbeat_timeout_ms: 2_000,
            start_to_close_ms: 60_000,
        }
    }

    /// Values that decode but make no sense.
    ///
    /// # Errors
    /// A message that names the field, what is expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        let fields: [(&str, u64); 3] = [
            ("concurrency", self.concurrency as u64),
            ("heartbeat_timeout_ms", self.heartbeat_timeout_ms),
            ("start_to_close_ms", self.start_to_close_ms),
        ];
        for (field, value) in fields {
            if value == 0 {
                return Err(format!("{field}: expected at least 1, found 0"));
            }
        }
        if !(self.retry.backoff_coefficient >= 1.0 && self.retry.backoff_coefficient.is_finite()) {
            return Err(format!(
                "retry.backoff_coefficient: expected at least 1.0, found {}",
                self.retry.backoff_coefficient
            ));
        }
        if self.retry.max_delay_ms < self.retry.delay_ms {
            return Err(format!(
                "retry.max_delay_ms: expected at least retry.delay_ms ({}), found {}",
                self.retry.delay_ms, self.retry.max_delay_ms
            ));
        }
        if self.run.as_deref() == Some("") {
            return Err("run: expected an id, found an empty text".to_owned());
        }
        Ok(())
    }
}

/// [`PipelineInput`] as an object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PipelineObject {
    source: String,
    run: Option<String>,
    concurrency: Option<usize>,
    retry: Option<RetrySpec>,
    heartbeat_timeout_ms: Option<u64>,
    start_to_close_ms: Option<u64>,
}

impl From<PipelineObject> for PipelineInput {
    fn from(object: PipelineObject) -> Self {
        let default = Self::new(object.source);
        Self {
            run: object.run,
            concurrency: object.concurrency.unwrap_or(default.concurrency),
            retry: object.retry.unwrap_or(default.retry),
            heartbeat_timeout_ms: object
                .heartbeat_timeout_ms
                .unwrap_or(default.heartbeat_timeout_ms),
            start_to_close_ms: object
                .start_to_close_ms
                .unwrap_or(default.start_to_close_ms),
            source: default.source,
        }
    }
}

impl TryFrom<Value> for PipelineInput {
    type Error = String;

    /// By hand rather than by an untagged enum, which would not say what is wrong in an object.
    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(source) => Ok(Self::new(source)),
            Value::Object(_) => serde_json::from_value::<PipelineObject>(value)
                .map(Self::from)
                .map_err(|error| error.to_string()),
            _ => Err("expected a source's name or an object with the field source".to_owned()),
        }
    }
}

/// The artifacts that every day's transform needs, extracted once a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dimensions {
    /// All airlines.
    pub airlines: ArtifactRef,
    /// All airports.
    pub airports: ArtifactRef,
    /// All planes.
    pub planes: ArtifactRef,
}

/// The argument of `PartitionWorkflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionInput {
    /// The run's id.
    pub run: String,
    /// The source's name.
    pub source: String,
    /// The day.
    pub day: Day,
    /// What the run has extracted once for all its days.
    pub dimensions: Dimensions,
    /// How the steps are retried.
    pub retry: RetrySpec,
    /// As in [`PipelineInput`].
    pub heartbeat_timeout_ms: u64,
    /// As in [`PipelineInput`].
    pub start_to_close_ms: u64,
}

/// How the steps of a `NoopWorkflow` hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Each step waits for the one before it.
    Chain,
    /// No step waits for another; at most [`crate::workflows::noop::FAN_OUT_LANES`] are in flight.
    FanOut,
}

/// The argument of `NoopWorkflow`: steps without work, for the measurement of the engine's overhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoopInput {
    /// How the steps hang together.
    pub shape: Shape,
    /// How many steps, over all runs of the chain of continued workflows.
    pub steps: u32,
    /// Whether the steps are local activities: executed in the worker that has the workflow, without
    /// a task of their own on the server.
    #[serde(default)]
    pub local: bool,
    /// How many steps the runs before this one have done; starters leave it out.
    #[serde(default)]
    pub done: u32,
}

/// The result of `NoopWorkflow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoopOutcome {
    /// How many steps were executed, over all runs of the chain.
    pub steps: u32,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use temporalio_common::protos::temporal::api::common::v1::Payload;

    use super::argument::read;
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
}
