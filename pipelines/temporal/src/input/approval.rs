//! The argument of the approval workflow, and what its signals carry.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PipelineInput, Validate, bounds, source_or_object};

/// The argument of `ApprovalWorkflow`: a source's name, or an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct ApprovalInput {
    /// What shall be published.
    pub pipeline: PipelineInput,
    /// How long to wait for a verdict before someone is told that it is missing.
    pub escalate_after_ms: u64,
    /// How long to wait for a verdict in all; longer than `escalate_after_ms`.
    pub expire_after_ms: u64,
}

impl ApprovalInput {
    /// The defaults: escalation after a day, expiry after a week.
    #[must_use]
    pub fn new(pipeline: PipelineInput) -> Self {
        const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
        Self {
            pipeline,
            escalate_after_ms: DAY_MS,
            expire_after_ms: 7 * DAY_MS,
        }
    }
}

impl Validate for ApprovalInput {
    fn validate(&self) -> Result<(), String> {
        self.pipeline.validate()?;
        bounds::wait("escalate_after_ms", self.escalate_after_ms)?;
        bounds::wait("expire_after_ms", self.expire_after_ms)?;
        if self.expire_after_ms <= self.escalate_after_ms {
            return Err(format!(
                "expire_after_ms: expected more than escalate_after_ms ({}), found {}",
                self.escalate_after_ms, self.expire_after_ms
            ));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalObject {
    pipeline: PipelineInput,
    escalate_after_ms: Option<u64>,
    expire_after_ms: Option<u64>,
}

impl TryFrom<Value> for ApprovalInput {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        source_or_object(
            value,
            |source| Self::new(PipelineInput::new(source)),
            |object: ApprovalObject| {
                let default = Self::new(object.pipeline);
                Self {
                    escalate_after_ms: object
                        .escalate_after_ms
                        .unwrap_or(default.escalate_after_ms),
                    expire_after_ms: object.expire_after_ms.unwrap_or(default.expire_after_ms),
                    pipeline: default.pipeline,
                }
            },
        )
    }
}

/// What the signals `approve` and `reject` carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Who says so.
    pub who: String,
    /// Why.
    pub why: String,
}
