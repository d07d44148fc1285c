//! The argument of the workflow that refreshes, and what it remembers.

use std::collections::BTreeMap;

use orchbench_etl::StepName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PipelineInput, Validate};

/// The argument of `RefreshWorkflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshInput {
    /// What shall be up to date.
    pub pipeline: PipelineInput,
    /// Versions of the code behind steps that have changed.
    #[serde(default)]
    pub code_versions: BTreeMap<StepName, String>,
    /// What the workflow before this one tells when asked for its `memory`; empty where there was none.
    #[serde(default)]
    pub memory: Memory,
}

/// What was made, by step and day, such as `load/2013-01-01`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory(pub BTreeMap<String, Remembered>);

/// What a step has made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// A digest of what it was made of.
    pub made_of: String,
    /// Its output.
    pub output: Value,
}

impl Validate for RefreshInput {
    fn validate(&self) -> Result<(), String> {
        self.pipeline.validate()
    }
}
