//! The models of a dbt project as assets, one each, by what dbt's manifest says.
//!
//! The engine has no adapter for dbt: that is this file, and [`ModelProject::models`].

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Execution, Materialized, Protocol, Step, StepContext, StepFailure,
};
use orchbench_etl::models::ModelAnswer;
use orchbench_etl::{ModelProject, StepError};
use serde_json::{Value, json};

use crate::AssetsError;
use crate::process::subprocess;
use crate::step::failure;

/// What the keys of models begin with.
const PREFIX: &str = "dbt/";

/// The model that an asset is; `None` for every other asset.
#[must_use]
pub fn model_of(asset: &str) -> Option<&str> {
    asset.strip_prefix(PREFIX)
}

/// A graph of the project's models. Each is built by a process of dbt, with its tests.
///
/// # Errors
/// There is no manifest, or its names are no keys.
pub fn model_graph(project: &ModelProject) -> Result<AssetGraph, AssetsError> {
    let unreadable = |error: StepError| AssetsError::output("dbt", &error);
    // user code: dbt-graph
    let mut assets = Vec::new();
    for model in project.models().map_err(unreadable)? {
        let step: Arc<dyn Step> = Arc::new(building(project, &model.name));
        let asset = Asset::shared(key(&model.name)?, step).execution(Execution::Subprocess);
        let mut parents = model.reads.iter().map(|parent| key(parent));
        let asset = parents.try_fold(asset, |asset, parent| {
            parent.map(|key| asset.depends_on(key))
        });
        assets.push(asset?);
    }
    // end of user code
    Ok(AssetGraph::new(assets)?)
}

fn key(model: &str) -> Result<AssetKey, AssetsError> {
    AssetKey::new(&format!("{PREFIX}{model}")).map_err(|error| AssetsError::Name {
        source_name: model.to_owned(),
        error,
    })
}

fn building(project: &ModelProject, model: &str) -> impl Step + use<> {
    let (project, model) = (project.clone(), model.to_owned());
    subprocess(project.command()).protocol(Arc::new(ModelProtocol { project, model }))
}

// user code: dbt-run
/// What is said to the process of a model.
struct ModelProtocol {
    project: ModelProject,
    model: String,
}

impl Protocol for ModelProtocol {
    fn request(&self, cx: &StepContext<'_>) -> Result<Value, StepFailure> {
        Ok(json!(self.project.order(cx.run, &self.model)))
    }

    fn response(
        &self,
        _cx: &StepContext<'_>,
        output: &[u8],
    ) -> Option<Result<Materialized, StepFailure>> {
        match serde_json::from_slice(output).ok()? {
            ModelAnswer::Built(built) => Some(Ok(Materialized::new(built.digest))),
            ModelAnswer::Error(error) => Some(Err(failure(error))),
        }
    }
}
// end of user code
