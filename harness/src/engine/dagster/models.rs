//! What Dagster tells of the models of a dbt project, from its asset graph.

use serde::Deserialize;

use super::Instance;
use super::project::text;
use crate::engine::{Job, ModelsTold, Work};

/// What is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    edges: Vec<(String, String)>,
    tests: Vec<String>,
}

/// What Dagster knows of the models that these runs are of.
pub(super) fn told(instance: &Instance, works: &[Work]) -> Result<ModelsTold, String> {
    let Some(Job::Models(models)) = works.first().map(|work| &work.job) else {
        return Ok(ModelsTold::default());
    };
    let told: Told = instance.told("models", &models.project)?;
    let known = ModelsTold {
        edges: told.edges.into_iter().collect(),
        tests: told.tests.into_iter().collect(),
        ..ModelsTold::default()
    };
    Ok(known.by(&[text("models")]))
}
