//! Staleness: what is missing, or older than what it was made from.
//!
//! A piece is stale when it was never materialized, when its asset's code version is another one
//! than it was made with, when the newest data version of something it reads differs from the one
//! it read, or when its newest data, or that of something it reads, failed a blocking check. A new
//! code version thus makes only its own asset stale; what is downstream turns stale when that asset
//! has run and its data version changed (Dagster's behaviours B6 and B8). An external asset is never
//! stale, and counts with the version that was last observed (B7).

use thiserror::Error;

use super::known::Known;
use super::reason::{StaleReason, judge};
use super::scan::{Scan, Suspicion};
use super::{Plan, PlannedStep};
use crate::catalog::{Catalog, CatalogError};
use crate::graph::AssetGraph;
use crate::key::AssetKey;

/// A stale piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleStep {
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<String>,
    /// Why: the first reason found, see [`why`] for all.
    pub reason: StaleReason,
}

/// Why a question about a piece, see [`why`] and [`crate::Lineage`], has no answer.
#[derive(Debug, Error)]
pub enum WhyError {
    /// No asset of that name.
    #[error("no asset {0} in the graph")]
    UnknownAsset(AssetKey),
    /// The asset has no such partition.
    #[error("asset {asset}: expected {expected}, found {found}")]
    Partition {
        /// The asset.
        asset: AssetKey,
        /// What it has: no partitions, or how many, with the first and the last.
        expected: String,
        /// What was asked for.
        found: String,
    },
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// The stale steps of a plan, in the plan's order, as the catalog stands now.
///
/// # Errors
/// The catalog cannot be read.
pub fn staleness(
    graph: &AssetGraph,
    catalog: &Catalog,
    plan: &Plan,
) -> Result<Vec<StaleStep>, CatalogError> {
    let mut scan = Scan::default();
    let mut known = Known::default();
    let mut stale = Vec::new();
    let mut begun = None;
    for step in plan.steps() {
        let asset = graph.asset(step.asset);
        if asset.is_external() {
            continue;
        }
        if begun.replace(step.asset) != Some(step.asset) {
            scan.begin(graph, catalog, step.asset)?;
        }
        let reason = match scan.judge(graph, step.position) {
            Suspicion::Fresh => continue,
            Suspicion::Missing => Some(StaleReason::Missing),
            Suspicion::CodeVersion(recorded) => Some(StaleReason::CodeVersion {
                recorded,
                current: asset.code_version.to_string(),
            }),
            Suspicion::Look => {
                known.load_around(graph, catalog, *step)?;
                let mut first = None;
                judge_step(graph, &known, *step, &mut |reason| {
                    first = Some(reason);
                    false
                });
                first
            }
        };
        stale.extend(reason.map(|reason| StaleStep {
            asset: asset.key.clone(),
            partition: asset.partitions.key(step.position).map(ToString::to_string),
            reason,
        }));
    }
    Ok(stale)
}

/// Why a piece is stale: every reason, with the versions concerned; empty = it is fresh.
///
/// # Errors
/// The graph has no such piece, or the catalog cannot be read.
pub fn why(
    graph: &AssetGraph,
    catalog: &Catalog,
    asset: &AssetKey,
    partition: Option<&str>,
) -> Result<Vec<StaleReason>, WhyError> {
    let step = find(graph, asset, partition)?;
    let mut known = Known::default();
    known.load_around(graph, catalog, step)?;
    let mut reasons = Vec::new();
    judge_step(graph, &known, step, &mut |reason| {
        reasons.push(reason);
        true
    });
    Ok(reasons)
}

/// The piece of a name.
pub(crate) fn find(
    graph: &AssetGraph,
    asset: &AssetKey,
    partition: Option<&str>,
) -> Result<PlannedStep, WhyError> {
    let index = graph
        .index(asset)
        .ok_or_else(|| WhyError::UnknownAsset(asset.clone()))?;
    let partitions = &graph.asset(index).partitions;
    let position = partitions.position(partition).ok_or_else(|| {
        let name = |at| {
            partitions
                .key(at)
                .map_or(String::new(), ToString::to_string)
        };
        WhyError::Partition {
            asset: asset.clone(),
            expected: if partitions.is_partitioned() {
                let count = partitions.count();
                format!(
                    "one of {count} partitions, {} to {}",
                    name(0),
                    name(count - 1)
                )
            } else {
                "no partition".to_owned()
            },
            found: partition.map_or("none".to_owned(), |found| format!("{found:?}")),
        }
    })?;
    Ok(PlannedStep {
        asset: index,
        position,
    })
}

fn judge_step(
    graph: &AssetGraph,
    known: &Known,
    PlannedStep { asset, position }: PlannedStep,
    report: &mut dyn FnMut(StaleReason) -> bool,
) {
    if graph.asset(asset).is_external() {
        return;
    }
    judge(
        graph.asset(asset),
        known.piece(asset, position).map(AsRef::as_ref),
        known.failed(asset, position),
        known.inputs(graph, asset, position),
        known.absent(graph, asset, position),
        report,
    );
}
