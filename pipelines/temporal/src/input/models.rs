//! The argument and the result of the workflow that builds the models of a dbt project.

use orchbench_etl::{Model, ModelProject};
use serde::{Deserialize, Serialize};

use super::Validate;
use super::bounds::{MAX_STEPS, within};

/// The argument of `ModelsWorkflow`: the project, with the graph that was read from dbt's manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelsInput {
    /// The run's id.
    pub run: String,
    /// The project.
    pub project: ModelProject,
    /// Its models, each after those that it reads.
    pub models: Vec<Model>,
    /// The models that a run before this one has built, and that are not built again.
    #[serde(default)]
    pub built: Vec<String>,
}

impl Validate for ModelsInput {
    fn validate(&self) -> Result<(), String> {
        let models = u32::try_from(self.models.len()).unwrap_or(u32::MAX);
        within("models", models, 1..=MAX_STEPS)
    }
}

/// The result of `ModelsWorkflow`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelsOutcome {
    /// The models that are built, by this run or one before it.
    pub built: Vec<String>,
}
