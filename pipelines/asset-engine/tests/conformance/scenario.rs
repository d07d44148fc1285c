//! What the scenarios share: small graphs, and a trail of what was executed.

use std::sync::{Arc, Mutex, PoisonError};

use asset_engine::{
    Asset, AssetGraph, AssetKey, Catalog, Materialized, Mode, Plan, RunOutcome, RunRequest,
    RunStatus, Selection, StepContext, StepFailure, staleness,
};

use crate::Outcome;

/// The names of what was executed, in order.
#[derive(Clone, Default)]
pub struct Trail(Arc<Mutex<Vec<String>>>);

impl Trail {
    /// Notes an execution and tells how often there was one before.
    pub fn leave(&self, name: &str) -> usize {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = steps.iter().filter(|step| *step == name).count();
        steps.push(name.to_owned());
        before
    }

    /// Everything since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A data version made of the code version and the data versions read, as Dagster makes one when a
/// step does not say it.
pub fn derived(code: &str, cx: &StepContext<'_>) -> Materialized {
    let inputs: Vec<&str> = cx
        .inputs
        .iter()
        .map(|input| input.data_version.as_str())
        .collect();
    made(&format!("{code}({})", inputs.join(",")))
}

pub fn made(data_version: &str) -> Materialized {
    Materialized::new(data_version)
}

pub fn planned_failure() -> StepFailure {
    StepFailure::retryable("Planned", "as planned")
}

pub fn key(name: &str) -> Outcome<AssetKey> {
    Ok(AssetKey::new(name)?)
}

pub fn graph(assets: Vec<Asset>) -> Outcome<Arc<AssetGraph>> {
    Ok(Arc::new(AssetGraph::new(assets)?))
}

/// A run of some assets, or of all.
pub fn request(
    run: &str,
    graph: &Arc<AssetGraph>,
    only: &[&str],
    mode: Mode,
) -> Outcome<RunRequest> {
    let keys = only
        .iter()
        .map(|name| key(name))
        .collect::<Outcome<Vec<_>>>()?;
    let mut request = RunRequest::new(run, Arc::clone(graph));
    if !keys.is_empty() {
        request.selection = Selection::assets(keys);
    }
    request.mode = mode;
    Ok(request)
}

/// The names of what is stale or missing, in order of name.
pub fn stale(graph: &AssetGraph, catalog: &Catalog) -> Outcome<Vec<String>> {
    let plan = Plan::new(graph, &Selection::all())?;
    let steps = staleness(graph, catalog, &plan)?;
    let mut names: Vec<String> = steps.iter().map(|step| step.asset.to_string()).collect();
    names.sort();
    Ok(names)
}

pub fn status(outcome: &RunOutcome) -> &'static str {
    RunStatus::as_str(outcome.status)
}
