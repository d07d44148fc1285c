//! Assets whose steps do nothing: what is left is the engine's own cost.

use std::sync::Arc;

use asset_engine::{Asset, AssetGraph, AssetKey, Materialized, Step, StepContext, StepFailure};
use orchbench_etl::Shape;
use serde_json::Value;

use crate::AssetsError;

/// A graph of `steps` assets that do nothing.
///
/// # Errors
/// More steps than a graph can have.
pub fn noop_graph(shape: Shape, steps: u32) -> Result<AssetGraph, AssetsError> {
    let noop: Arc<dyn Step> =
        Arc::new(|_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
            Ok(Materialized {
                data_version: "1".to_owned(),
                metadata: Value::Null,
            })
        });
    let key = |number: u32| {
        // Letters, digits and a slash are always a key.
        AssetKey::new(&format!("noop/{number:07}")).map_err(|error| AssetsError::Name {
            source_name: "noop".to_owned(),
            error,
        })
    };
    let mut assets = Vec::with_capacity(steps as usize);
    for number in 0..steps {
        let mut asset = Asset::shared(key(number)?, Arc::clone(&noop));
        if shape == Shape::Chain && number > 0 {
            asset = asset.depends_on(key(number - 1)?);
        }
        assets.push(asset);
    }
    Ok(AssetGraph::new(assets)?)
}
