//! The argument of the daily workflow.

use orchbench_etl::Day;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounds::{MAX_WAIT_MS, within};
use super::{PipelineInput, Validate, source_or_object};

/// The argument of `DailyWorkflow`: a source's name, or an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct DailyInput {
    /// The source, and how its steps are retried.
    pub pipeline: PipelineInput,
    /// The day; `None` lets the date decide, see [`crate::workflows::daily`].
    pub day: Option<Day>,
    /// How long to wait first, for late rows.
    pub settle_ms: u64,
}

impl DailyInput {
    /// The defaults: the day that the date decides, without a wait.
    #[must_use]
    pub fn new(pipeline: PipelineInput) -> Self {
        Self {
            pipeline,
            day: None,
            settle_ms: 0,
        }
    }
}

impl Validate for DailyInput {
    fn validate(&self) -> Result<(), String> {
        self.pipeline.validate()?;
        within("settle_ms", self.settle_ms, 0..=MAX_WAIT_MS)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DailyObject {
    pipeline: PipelineInput,
    day: Option<Day>,
    #[serde(default)]
    settle_ms: u64,
}

impl TryFrom<Value> for DailyInput {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        source_or_object(
            value,
            |source| Self::new(PipelineInput::new(source)),
            |object: DailyObject| Self {
                pipeline: object.pipeline,
                day: object.day,
                settle_ms: object.settle_ms,
            },
        )
    }
}
