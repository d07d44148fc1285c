//! The argument of a run of the pipeline, on its own and within the other patterns' arguments.

use orchbench_etl::RetrySpec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounds::{MAX_CONCURRENCY, MAX_WAIT_MS, within};
use super::{Validate, bounds, source_or_object};

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
    /// How many days are worked on at a time, from 1 to [`MAX_CONCURRENCY`].
    pub concurrency: usize,
    /// How the steps are retried.
    pub retry: RetrySpec,
    /// How long the server waits for a heartbeat of a long step before it calls the attempt lost.
    pub heartbeat_timeout_ms: u64,
    /// How long one attempt at a step may take.
    pub start_to_close_ms: u64,
    /// How long what is published waits before it is announced: a durable timer. 0 for no wait.
    #[serde(skip_serializing_if = "is_none")]
    pub embargo_ms: u64,
}

/// An argument without an embargo has no word of one.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_none(embargo_ms: &u64) -> bool {
    *embargo_ms == 0
}

impl PipelineInput {
    /// The defaults: 8 days at a time, [`RetrySpec::default`], a heartbeat timeout of 2 s, one minute
    /// for an attempt, no embargo.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            run: None,
            concurrency: 8,
            retry: RetrySpec::default(),
            heartbeat_timeout_ms: 2_000,
            start_to_close_ms: 60_000,
            embargo_ms: 0,
        }
    }
}

impl Validate for PipelineInput {
    fn validate(&self) -> Result<(), String> {
        bounds::name("source", &self.source)?;
        if let Some(run) = &self.run {
            bounds::run(run)?;
        }
        within("concurrency", self.concurrency, 1..=MAX_CONCURRENCY)?;
        bounds::wait("heartbeat_timeout_ms", self.heartbeat_timeout_ms)?;
        bounds::wait("start_to_close_ms", self.start_to_close_ms)?;
        within("embargo_ms", self.embargo_ms, 0..=MAX_WAIT_MS)?;
        bounds::retry(&self.retry)
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
    embargo_ms: Option<u64>,
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
            embargo_ms: object.embargo_ms.unwrap_or(default.embargo_ms),
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
