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
use super::wanted::Wanted;
use super::{Plan, PlannedStep};
use crate::catalog::{Catalog, CatalogError};
use crate::graph::AssetGraph;
use crate::key::AssetKey;

/// A stale piece.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
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
    for steps in plan.steps().chunk_by(|a, b| a.asset == b.asset) {
        let index = steps[0].asset;
        let asset = graph.asset(index);
        if asset.is_external() {
            continue;
        }
        let wanted = plan.wanted(graph, index);
        let suspicions = if is_of_few(graph, index, &wanted) {
            known.load_around(graph, catalog, index, &wanted)?;
            vec![Suspicion::Look; steps.len()]
        } else {
            scan.begin(graph, catalog, index)?;
            let positions = steps.iter().map(|step| step.position);
            let suspicions: Vec<_> = positions.map(|at| scan.judge(graph, at)).collect();
            let suspects = suspects(steps, &suspicions);
            let suspects = Wanted::of(suspects, asset.partitions.count());
            known.load_around(graph, catalog, index, &suspects)?;
            suspicions
        };
        for (step, suspicion) in steps.iter().zip(suspicions) {
            let reason = match suspicion {
                Suspicion::Fresh => None,
                Suspicion::Missing => Some(StaleReason::Missing),
                Suspicion::CodeVersion(recorded) => Some(StaleReason::CodeVersion {
                    recorded,
                    current: asset.code_version.to_string(),
                }),
                Suspicion::Look => first_reason(graph, &known, *step),
            };
            stale.extend(reason.map(|reason| StaleStep {
                asset: asset.key.clone(),
                partition: asset.partitions.key(step.position).map(ToString::to_string),
                reason,
            }));
        }
    }
    Ok(stale)
}

/// What is one by one more than a scan spends on a piece, about.
const LOOK_UP: usize = 8;

/// Whether so few pieces are asked for that they are looked at one by one, with all that they read,
/// and not found in a scan of whole assets.
fn is_of_few(graph: &AssetGraph, index: u32, wanted: &Wanted) -> bool {
    let own = graph.kind(index).count;
    let (mut few, mut all) = (wanted.len(own), own as usize);
    for (_, edge) in graph.deps(index) {
        let count = graph.kind(edge.upstream).count;
        few += wanted.read_through(graph, edge).len(count);
        all += count as usize;
    }
    few * LOOK_UP <= all
}

/// The positions at which a scan saw something that has to be looked into.
fn suspects(steps: &[PlannedStep], suspicions: &[Suspicion]) -> Vec<u32> {
    let suspects = steps.iter().zip(suspicions);
    let suspects = suspects.filter(|(_, found)| matches!(found, Suspicion::Look));
    suspects.map(|(step, _)| step.position).collect()
}

fn first_reason(graph: &AssetGraph, known: &Known, step: PlannedStep) -> Option<StaleReason> {
    let mut first = None;
    judge_step(graph, known, step, &mut |reason| {
        first = Some(reason);
        false
    });
    first
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
    let piece = Wanted::Some(vec![step.position]);
    known.load_around(graph, catalog, step.asset, &piece)?;
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
            expected: if partitions.is_partitioned() && partitions.count() == 0 {
                "one of its partitions, of which there are none".to_owned()
            } else if partitions.is_partitioned() {
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
