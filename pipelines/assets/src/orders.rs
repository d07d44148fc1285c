//! An order at three services, as assets: reserved, charged and booked, or in net effect none of it.
//!
//! Each act is an asset that depends on the one before it, a call of a service under its idempotency key
//! ([`orchbench_etl::services`]). The way back is that of [`crate::saga_graph`]: a compensation beside each
//! act, in reverse, which the same sensor has run for every run that failed.

use std::sync::Arc;

use asset_engine::AssetGraph;
use orchbench_etl::{Etl, ORDERS, StepName};

use crate::graph::{asset_below, asset_key, reads};
use crate::undo::UNDO_TAG;
use crate::{AssetsError, GraphOptions};

/// The acts of an order as a chain, and their compensations as another.
///
/// # Errors
/// The retry policy has no match, or the program of a subprocess step cannot be found.
pub fn orders_graph(etl: &Arc<Etl>, options: &GraphOptions) -> Result<AssetGraph, AssetsError> {
    let mut assets = Vec::with_capacity(StepName::ORDER.len());
    for step in StepName::ORDER {
        let mut asset = asset_below(Some(etl), ORDERS, step, options)?;
        if step.undoes().is_some() {
            let (tag, value) = UNDO_TAG;
            asset = asset.tag(tag, value);
        }
        for read in reads(step) {
            asset = asset.depends_on(asset_key(ORDERS, *read)?);
        }
        assets.push(asset);
    }
    Ok(AssetGraph::new(assets)?)
}
