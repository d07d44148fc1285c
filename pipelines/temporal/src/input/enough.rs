//! The argument of the workflow that loads until it has enough.

use serde::{Deserialize, Serialize};

use super::{PipelineInput, Validate};

/// The argument of `EnoughWorkflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnoughInput {
    /// The source, of which it takes as many days as it needs, and how steps are retried.
    pub pipeline: PipelineInput,
    /// How many rows are enough: at least one.
    pub rows: u64,
}

impl Validate for EnoughInput {
    fn validate(&self) -> Result<(), String> {
        if self.rows == 0 {
            return Err("rows: expected at least 1, found 0".to_owned());
        }
        self.pipeline.validate()
    }
}
