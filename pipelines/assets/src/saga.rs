//! The pipeline with a way back, emulated on assets: load, publish and announce, or in net effect none
//! of it. What the model lacks for it stands in [`crate::order_graph`], the same on a smaller example.
//!
//! Each act has an asset beside it that undoes it, by the act's idempotency key, whatever became of it;
//! these depend on each other in reverse, and a sensor starts a run of them for every run that failed.

use std::sync::Arc;

use asset_engine::{AssetGraph, AssetKey, Automation, Catalog, CatalogError, Selection};
use orchbench_etl::{Etl, Source, StepName};

use crate::graph::{asset, asset_key, assets, step_making};
use crate::undo::{UNDO_TAG, has_begun, run_of, undoing};
use crate::{AssetsError, GraphOptions};

// user code: undoing
/// The name of the sensor.
const SENSOR: &str = "pipeline-undo";

/// The assets of a source as [`crate::graph()`] has them, and the compensations, as a chain beside
/// them.
///
/// # Errors
/// As [`crate::graph()`].
pub fn saga_graph(
    etl: Arc<Etl>,
    source: &Source,
    options: &GraphOptions,
) -> Result<AssetGraph, AssetsError> {
    let mut assets = assets(Some(&etl), source, options)?;
    let mut before: Option<AssetKey> = None;
    let compensations = StepName::BESIDE.into_iter();
    for step in compensations.filter(|step| step.undoes().is_some()) {
        let (tag, value) = UNDO_TAG;
        let mut compensation = asset(Some(&etl), source, step, options)?.tag(tag, value);
        if let Some(before) = before.replace(asset_key(&source.name, step)?) {
            compensation = compensation.depends_on(before);
        }
        assets.push(compensation);
    }
    Ok(AssetGraph::new(assets)?)
}

/// What a run of the saga materializes: all but the compensations.
///
/// # Errors
/// None that the constants of this crate could cause.
pub fn saga_acts() -> Result<Selection, AssetsError> {
    let (tag, value) = UNDO_TAG;
    Ok(Selection::parse(&format!("not tag:{tag}={value}"))?)
}

/// The sensor that undoes the runs that failed.
#[must_use]
pub fn saga_automations() -> Vec<Box<dyn Automation>> {
    vec![Box::new(undoing(SENSOR, is_act))]
}

/// The run in which a run that failed is undone.
#[must_use]
pub fn undoing_run(run: &str) -> String {
    run_of(SENSOR, run)
}

/// Whether a run that failed has begun an act, so that the sensor has it undone.
///
/// # Errors
/// The catalog cannot be read.
pub fn is_owed_undoing(catalog: &Catalog, run: &str) -> Result<bool, CatalogError> {
    has_begun(catalog, run, is_act)
}

fn is_act(key: &AssetKey) -> bool {
    step_making(key.as_str()).is_some_and(|step| step.undone_by().is_some())
}
// end of user code
