//! The one retry policy that every engine is given in its own terms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error_type::ErrorType;

/// A retry policy for all engines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySpec {
    /// How many attempts a step may have, the first one included; 0 means no limit.
    pub max_attempts: u32,
    /// The wait before the second attempt.
    pub delay_ms: u64,
    /// What the wait is multiplied with from one attempt to the next; 1.0 is a constant delay.
    pub backoff_coefficient: f64,
    /// The longest wait.
    pub max_delay_ms: u64,
    /// Names of error types that end the step at once, see [`ErrorType::as_str`].
    pub non_retryable: Vec<String>,
}

impl Default for RetrySpec {
    /// Five attempts, a constant 200 ms, cap 10 s, and the types that no retry cures.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            delay_ms: 200,
            backoff_coefficient: 1.0,
            max_delay_ms: 10_000,
            non_retryable: ErrorType::NON_RETRYABLE
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}
