//! The argument of a run of the pipeline, on its own and within the other patterns' arguments.

use orchbench_etl::RetrySpec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Validate, positive, source_or_object};

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
}

impl Validate for PipelineInput {
    fn validate(&self) -> Result<(), String> {
        positive("concurrency", self.concurrency as u64)?;
        positive("heartbeat_timeout_ms", self.heartbeat_timeout_ms)?;
        positive("start_to_close_ms", self.start_to_close_ms)?;
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

    fn try_from(value: Value) -> Result<Self, String> {
        source_or_object(value, PipelineInput::new, |object: PipelineObject| {
            object.into()
        })
    }
}
