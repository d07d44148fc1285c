//! What Dagster tells of the models of a dbt project: its asset graph, by a program of the project.

use serde::Deserialize;

use super::Instance;
use super::project::text;
use crate::engine::{Job, ModelsTold, Work};

/// What that program prints.
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
    let project = serde_json::to_string(&models.project).map_err(|error| error.to_string())?;
    let log = instance.home.join("models.log");
    let words = ["--project".as_ref(), project.as_ref()];
    let printed = instance.project.told("models", &words, &log)?;
    let told: Told =
        serde_json::from_str(&printed).map_err(|error| format!("its asset graph: {error}"))?;
    let known = ModelsTold {
        edges: told.edges.into_iter().collect(),
        tests: told.tests.into_iter().collect(),
        ..ModelsTold::default()
    };
    Ok(known.by(&[text("models")]))
}
