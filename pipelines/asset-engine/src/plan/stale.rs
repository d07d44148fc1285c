//! Staleness: what is missing, or older than what it was made from.
//!
//! A piece is stale when it was never materialized, when its asset's code version is another one
//! than it was made with, or when the newest data version of something it reads differs from the
//! one it read. A new code version thus makes only its own asset stale; what is downstream turns
//! stale when that asset has run and its data version changed (Dagster's behaviours B6 and B8).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::asset::Asset;
use crate::catalog::{Catalog, CatalogError};
use crate::event::{InputVersion, Materialization};
use crate::graph::{AssetGraph, Link};
use crate::key::AssetKey;

use super::Plan;

/// Why a piece is stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaleReason {
    /// Never materialized.
    Missing,
    /// Made by another version of the code.
    CodeVersion {
        /// The version it was made with.
        recorded: String,
        /// The version now.
        current: String,
    },
    /// Made from another version of an input.
    Input {
        /// The asset that was read.
        asset: AssetKey,
        /// Its partition.
        partition: Option<String>,
        /// The version read; `None` = it was not read then.
        recorded: Option<String>,
        /// The newest version; `None` = it is no longer read.
        current: Option<String>,
    },
}

/// A stale piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleStep {
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<String>,
    /// Why.
    pub reason: StaleReason,
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("never materialized"),
            Self::CodeVersion { recorded, current } => {
                write!(f, "code version {recorded}, now {current}")
            }
            Self::Input {
                asset,
                partition,
                recorded,
                current,
            } => {
                write!(f, "input {asset}")?;
                if let Some(partition) = partition {
                    write!(f, " {partition}")?;
                }
                match (recorded, current) {
                    (Some(recorded), Some(current)) => {
                        write!(f, " read at data version {recorded}, now {current}")
                    }
                    (None, _) => f.write_str(" is new"),
                    (Some(_), None) => f.write_str(" is no longer read"),
                }
            }
        }
    }
}

/// Judges one piece: its newest materialization against the inputs it would read now.
///
/// An input that was never materialized cannot make anything stale; the run would fail on it.
pub(crate) fn reason<'a>(
    asset: &Asset,
    latest: Option<&Materialization>,
    inputs: impl Iterator<Item = &'a Materialization> + Clone,
) -> Option<StaleReason> {
    let Some(latest) = latest else {
        return Some(StaleReason::Missing);
    };
    if latest.code_version != asset.code_version {
        return Some(StaleReason::CodeVersion {
            recorded: latest.code_version.to_string(),
            current: asset.code_version.to_string(),
        });
    }
    let changed = |input: &Materialization, recorded: Option<String>| StaleReason::Input {
        asset: input.asset.clone(),
        partition: input.partition.as_deref().map(str::to_owned),
        recorded,
        current: Some(input.data_version.clone()),
    };
    let mut recorded = latest.inputs.iter();
    let mut in_step = true;
    let mut seen = 0;
    for input in inputs.clone() {
        seen += 1;
        // Inputs usually come in the order in which they were recorded.
        let found = if in_step {
            let next = recorded.next();
            if next.is_some_and(|version| same_piece(version, input)) {
                next
            } else {
                in_step = false;
                latest
                    .inputs
                    .iter()
                    .find(|version| same_piece(version, input))
            }
        } else {
            latest
                .inputs
                .iter()
                .find(|version| same_piece(version, input))
        };
        match found {
            None => return Some(changed(input, None)),
            Some(version) if version.data_version != input.data_version => {
                return Some(changed(input, Some(version.data_version.clone())));
            }
            Some(_) => {}
        }
    }
    if seen < latest.inputs.len() {
        let is_read =
            |version: &&InputVersion| inputs.clone().any(|input| same_piece(version, input));
        let gone = latest.inputs.iter().find(|version| !is_read(version))?;
        return Some(StaleReason::Input {
            asset: gone.asset.clone(),
            partition: gone.partition.clone(),
            recorded: Some(gone.data_version.clone()),
            current: None,
        });
    }
    None
}

fn same_piece(version: &InputVersion, input: &Materialization) -> bool {
    version.asset == input.asset && version.partition.as_deref() == input.partition.as_deref()
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
    let mut known = Known::default();
    let mut stale = Vec::new();
    for step in plan.steps() {
        let asset = graph.asset(step.asset);
        for (_, edge) in graph.deps(step.asset) {
            known.load(graph, catalog, edge.upstream)?;
        }
        known.load(graph, catalog, step.asset)?;
        let inputs = graph
            .deps(step.asset)
            .flat_map(|(_, edge)| {
                let pieces = known.pieces(edge.upstream);
                match &edge.link {
                    Link::Same => &pieces[step.position as usize..=step.position as usize],
                    Link::Remap { to_upstream, .. } => {
                        let at = to_upstream[step.position as usize] as usize;
                        &pieces[at..=at]
                    }
                    Link::Broadcast | Link::Gather => pieces,
                }
            })
            .flatten()
            .map(AsRef::as_ref);
        let latest = known.pieces(step.asset)[step.position as usize].as_deref();
        if let Some(reason) = reason(asset, latest, inputs) {
            stale.push(StaleStep {
                asset: asset.key.clone(),
                partition: asset.partitions.key(step.position).map(ToString::to_string),
                reason,
            });
        }
    }
    Ok(stale)
}

/// The newest materializations, asset by asset, by position.
#[derive(Default)]
pub(crate) struct Known {
    assets: HashMap<u32, Vec<Option<Arc<Materialization>>>>,
}

impl Known {
    /// Reads an asset's pieces, once.
    pub fn load(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
    ) -> Result<(), CatalogError> {
        if self.assets.contains_key(&index) {
            return Ok(());
        }
        let asset = graph.asset(index);
        let mut pieces = vec![None; asset.partitions.count() as usize];
        for made in catalog.latest_of(&asset.key)? {
            if let Some(at) = asset.partitions.position(made.partition.as_deref()) {
                pieces[at as usize] = Some(made);
            }
        }
        self.assets.insert(index, pieces);
        Ok(())
    }

    /// The pieces of a loaded asset; empty when it was not loaded.
    pub fn pieces(&self, index: u32) -> &[Option<Arc<Materialization>>] {
        self.assets.get(&index).map_or(&[], Vec::as_slice)
    }
}
