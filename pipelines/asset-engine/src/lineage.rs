//! Lineage: what an asset, or one partition of it, is made from and what is made from it.
//!
//! The lineage of an asset is that of the definitions. The lineage of a piece is what the catalog
//! recorded: upstream the versions that were read when the newest data were made, downstream the
//! pieces whose newest data were made from a version of it.

mod dot;
mod mermaid;
mod reduced;
mod svg;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use crate::catalog::{Catalog, CatalogError};
use crate::event::Materialization;
use crate::graph::{AssetGraph, Direction, marked};
use crate::key::AssetKey;
use crate::plan::{Known, PlannedStep, Wanted, WhyError, find};

/// A part of the lineage, upstream before downstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Lineage {
    /// The assets, or the pieces.
    pub nodes: Vec<LineageNode>,
    /// What was read by what.
    pub edges: Vec<LineageEdge>,
}

/// An asset, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LineageNode {
    /// The asset.
    pub asset: AssetKey,
    /// The partition; `None` = the asset has none, or all of it is meant.
    pub partition: Option<String>,
    /// Whether something outside of the engine makes it.
    pub external: bool,
    /// Whether it is what was asked about.
    pub focus: bool,
    /// The newest data version of a piece; `None` = never materialized, or an asset is meant.
    pub data_version: Option<String>,
    /// The run that made or observed it.
    pub run: Option<String>,
}

/// One reading of one node by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LineageEdge {
    /// Position in [`Lineage::nodes`] of what is read.
    pub from: usize,
    /// Position of what reads.
    pub to: usize,
    /// The data version that was read; `None` = an asset is meant. One that differs from the newest
    /// of `from` has been replaced since.
    pub data_version: Option<String>,
}

impl Lineage {
    /// The lineage of an asset, so many layers up and down.
    ///
    /// # Errors
    /// The graph has no such asset.
    pub fn of_asset(
        graph: &AssetGraph,
        asset: &AssetKey,
        up: u32,
        down: u32,
    ) -> Result<Self, WhyError> {
        let unknown = || WhyError::UnknownAsset(asset.clone());
        let focus = graph.index(asset).ok_or_else(unknown)?;
        let mut start = vec![false; graph.len()];
        start[focus as usize] = true;
        let above = graph.reach(&start, Direction::Up, up);
        let below = graph.reach(&start, Direction::Down, down);
        let among: Vec<bool> = above
            .iter()
            .zip(below)
            .map(|(up, down)| *up | down)
            .collect();
        Ok(Self::among(graph, &among, |index| index == focus))
    }

    /// The whole graph, without a focus.
    #[must_use]
    pub fn of_graph(graph: &AssetGraph) -> Self {
        Self::among(graph, &vec![true; graph.len()], |_| false)
    }

    /// Some assets and all that they read of each other, not of themselves.
    fn among(graph: &AssetGraph, among: &[bool], is_focus: impl Fn(u32) -> bool) -> Self {
        let mut lineage = Self {
            nodes: Vec::new(),
            edges: Vec::new(),
        };
        let mut positions = FxHashMap::default();
        for &index in graph.order().iter().filter(|index| among[**index as usize]) {
            let asset = graph.asset(index);
            positions.insert(index, lineage.nodes.len());
            lineage.nodes.push(LineageNode {
                asset: asset.key.clone(),
                partition: None,
                external: asset.is_external(),
                focus: is_focus(index),
                data_version: None,
                run: None,
            });
        }
        for index in marked(among) {
            let others = graph.deps(index).filter(|(_, edge)| !edge.is_own_past());
            for (_, edge) in others {
                if let Some(from) = positions.get(&edge.upstream) {
                    lineage.edges.push(LineageEdge {
                        from: *from,
                        to: positions[&index],
                        data_version: None,
                    });
                }
            }
        }
        lineage.edges.sort_by_key(|edge| (edge.to, edge.from));
        lineage
    }

    /// The lineage of a piece, so many layers up and down, as the catalog recorded it.
    ///
    /// # Errors
    /// The graph has no such piece, or the catalog cannot be read.
    pub fn of_piece(
        graph: &AssetGraph,
        catalog: &Catalog,
        (asset, partition): (&AssetKey, Option<&str>),
        up: u32,
        down: u32,
    ) -> Result<Self, WhyError> {
        let focus = find(graph, asset, partition)?;
        let mut walk = Walk {
            graph,
            catalog,
            known: Known::default(),
            pieces: FxHashSet::default(),
            readings: Vec::new(),
        };
        walk.pieces.insert(focus);
        walk.layers(focus, up, Walk::read_by)?;
        walk.layers(focus, down, Walk::readers_of)?;
        Ok(walk.lineage(focus)?)
    }
}

/// A piece that was read, the piece that read it, and the version.
type Reading = (PlannedStep, PlannedStep, String);

/// A walk along what the catalog recorded.
struct Walk<'a> {
    graph: &'a AssetGraph,
    catalog: &'a Catalog,
    known: Known,
    pieces: FxHashSet<PlannedStep>,
    readings: Vec<Reading>,
}

impl Walk<'_> {
    /// Walks so many layers away from a piece.
    fn layers(
        &mut self,
        focus: PlannedStep,
        depth: u32,
        next: fn(&mut Self, PlannedStep) -> Result<Vec<Reading>, CatalogError>,
    ) -> Result<(), CatalogError> {
        let mut layer = vec![focus];
        for _ in 0..depth {
            let mut beyond = Vec::new();
            for piece in layer {
                for reading in next(self, piece)? {
                    for end in [reading.0, reading.1] {
                        if self.pieces.insert(end) {
                            beyond.push(end);
                        }
                    }
                    self.readings.push(reading);
                }
            }
            if beyond.is_empty() {
                break;
            }
            layer = beyond;
        }
        Ok(())
    }

    fn newest(&mut self, piece: PlannedStep) -> Result<Option<Arc<Materialization>>, CatalogError> {
        let wanted = Wanted::Some(vec![piece.position]);
        self.known
            .load(self.graph, self.catalog, piece.asset, &wanted)?;
        Ok(self.known.piece(piece.asset, piece.position).cloned())
    }

    /// What the newest data of a piece were made from, as far as the graph still has it.
    fn read_by(&mut self, reader: PlannedStep) -> Result<Vec<Reading>, CatalogError> {
        let Some(made) = self.newest(reader)? else {
            return Ok(Vec::new());
        };
        let reading = |input: &crate::event::InputVersion| {
            let read = find(self.graph, &input.asset, input.partition.as_deref()).ok()?;
            Some((read, reader, input.data_version.clone()))
        };
        Ok(made.inputs.iter().filter_map(reading).collect())
    }

    /// The pieces whose newest data were made from a piece.
    fn readers_of(&mut self, read: PlannedStep) -> Result<Vec<Reading>, CatalogError> {
        let graph = self.graph;
        let mut readings = Vec::new();
        for (_, edge) in graph.dependents(read.asset) {
            let readers = graph.read_by(edge, read.position);
            let count = graph.kind(edge.downstream).count;
            let wanted = Wanted::of(readers.clone().collect(), count);
            self.known
                .load(graph, self.catalog, edge.downstream, &wanted)?;
            for position in readers {
                let asset = edge.downstream;
                let found = self.read_by(PlannedStep { asset, position })?;
                readings.extend(found.into_iter().filter(|(from, ..)| *from == read));
            }
        }
        Ok(readings)
    }

    fn lineage(mut self, focus: PlannedStep) -> Result<Lineage, CatalogError> {
        let mut rank = vec![0; self.graph.len()];
        for (at, index) in self.graph.order().iter().enumerate() {
            rank[*index as usize] = at;
        }
        let mut pieces: Vec<PlannedStep> = self.pieces.iter().copied().collect();
        pieces.sort_by_key(|piece| (rank[piece.asset as usize], piece.position));
        let positions: FxHashMap<PlannedStep, usize> = pieces
            .iter()
            .enumerate()
            .map(|(at, piece)| (*piece, at))
            .collect();
        let mut nodes = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            let made = self.newest(*piece)?;
            let asset = self.graph.asset(piece.asset);
            let run = made.as_ref().map(|made| made.run.to_string());
            nodes.push(LineageNode {
                asset: asset.key.clone(),
                partition: asset
                    .partitions
                    .key(piece.position)
                    .map(ToString::to_string),
                external: asset.is_external(),
                focus: *piece == focus,
                data_version: made.map(|made| made.data_version.clone()),
                run: run.filter(|run| !run.is_empty()),
            });
        }
        let edge = |(from, to, version): Reading| LineageEdge {
            from: positions[&from],
            to: positions[&to],
            data_version: Some(version),
        };
        let mut edges: Vec<LineageEdge> = self.readings.into_iter().map(edge).collect();
        edges.sort_by_key(|edge| (edge.to, edge.from));
        edges.dedup();
        Ok(Lineage { nodes, edges })
    }
}

impl LineageNode {
    /// The asset, and the partition of a piece.
    fn title(&self) -> String {
        match &self.partition {
            Some(partition) => format!("{} {partition}", self.asset),
            None => self.asset.to_string(),
        }
    }

    /// The version, cut to what is legible.
    fn version(&self) -> Option<String> {
        self.data_version.as_deref().map(short)
    }
}

impl Lineage {
    /// What is written beside an edge: the version that was read, when it is not the newest.
    fn label(&self, edge: &LineageEdge) -> Option<String> {
        let read = edge.data_version.as_deref()?;
        let newest = self.nodes[edge.from].data_version.as_deref();
        (newest != Some(read)).then(|| format!("read {}", short(read)))
    }
}

/// As much of a version as tells it from others at a glance.
fn short(version: &str) -> String {
    const LENGTH: usize = 12;
    version.chars().take(LENGTH).collect()
}

#[cfg(test)]
mod tests;
