//! The asset graph: definitions checked once, then held by index.
//!
//! Invariants after [`AssetGraph::new`]: keys are unique, every dependency exists, there is no
//! cycle, and every partition that a mapping names exists. Assets, edges and steps are `u32`
//! indices from here on; no name is looked up while a run is planned or executed.

mod order;

use std::collections::HashMap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use thiserror::Error;

use crate::asset::Asset;
use crate::key::AssetKey;
use crate::partition::{Mapping, Partitions};

/// A checked set of assets.
#[derive(Debug)]
pub struct AssetGraph {
    assets: Vec<Asset>,
    by_key: HashMap<AssetKey, u32>,
    /// Node index = asset index, edge index = index into `edges`.
    graph: DiGraph<(), (), u32>,
    edges: Vec<Edge>,
    /// Where the dependencies of an asset start in `edges`, which lie in declared order.
    first_edge: Vec<u32>,
    /// Asset indices, dependencies first.
    order: Vec<u32>,
}

/// One dependency, resolved.
#[derive(Debug)]
pub(crate) struct Edge {
    pub upstream: u32,
    pub downstream: u32,
    pub link: Link,
}

/// How the pieces of two assets hang together.
#[derive(Debug)]
pub(crate) enum Link {
    /// The piece at the same position.
    Same,
    /// The piece of the same key at another position.
    Remap {
        /// Downstream position → upstream position.
        to_upstream: Box<[u32]>,
        /// Upstream position → downstream position, or [`NO_POSITION`].
        to_downstream: Box<[u32]>,
    },
    /// Every downstream piece reads the one upstream piece.
    Broadcast,
    /// Every downstream piece reads all upstream pieces.
    Gather,
}

/// Marks an upstream piece that no downstream piece reads.
pub(crate) const NO_POSITION: u32 = u32::MAX;

/// Why a set of assets is no graph.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GraphError {
    /// Assets that depend on each other in a circle.
    #[error("asset cycle: {}", join(.0))]
    Cycle(Vec<AssetKey>),
    /// A dependency that is not in the graph.
    #[error("asset {asset}: dependency {dep} is not in the graph")]
    MissingDependency {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
    },
    /// Two assets of one name.
    #[error("asset {0} is defined twice")]
    DuplicateName(AssetKey),
    /// The same dependency twice in one asset.
    #[error("asset {asset}: dependency {dep} is listed twice")]
    DuplicateDependency {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
    },
    /// A partition that its identity mapping does not find upstream.
    #[error("asset {asset}, partition {partition}: dependency {dep} has no such partition")]
    PartitionMismatch {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
        /// The first key that is missing there.
        partition: String,
    },
    /// More assets or edges than an index can count.
    #[error("graph of {found} {what}, expected at most {max}")]
    TooLarge {
        /// Assets or edges.
        what: &'static str,
        /// How many.
        found: usize,
        /// The limit.
        max: u32,
    },
}

fn join(keys: &[AssetKey]) -> String {
    let mut names: Vec<&str> = keys.iter().map(AssetKey::as_str).collect();
    names.extend(keys.first().map(AssetKey::as_str));
    names.join(" -> ")
}

impl AssetGraph {
    /// Checks the definitions and builds the graph.
    ///
    /// # Errors
    /// The first thing wrong with them, by name; see [`GraphError`].
    pub fn new(assets: Vec<Asset>) -> Result<Self, GraphError> {
        let count = index_of("assets", assets.len())?;
        let mut by_key = HashMap::with_capacity(assets.len());
        for (index, asset) in (0..count).zip(&assets) {
            if by_key.insert(asset.key.clone(), index).is_some() {
                return Err(GraphError::DuplicateName(asset.key.clone()));
            }
        }
        let edge_count = assets.iter().map(|asset| asset.deps.len()).sum();
        index_of("edges", edge_count)?;
        let mut graph = DiGraph::with_capacity(assets.len(), edge_count);
        for _ in 0..count {
            graph.add_node(());
        }
        let mut edges: Vec<Edge> = Vec::with_capacity(edge_count);
        let mut first_edge = Vec::with_capacity(assets.len() + 1);
        // By asset, the last one found to read it; u32::MAX is no asset.
        let mut last_reader = vec![u32::MAX; assets.len()];
        for (downstream, asset) in (0..count).zip(&assets) {
            first_edge.push(index_of("edges", edges.len())?);
            for dep in &asset.deps {
                let upstream =
                    *by_key
                        .get(&dep.key)
                        .ok_or_else(|| GraphError::MissingDependency {
                            asset: asset.key.clone(),
                            dep: dep.key.clone(),
                        })?;
                if std::mem::replace(&mut last_reader[upstream as usize], downstream) == downstream
                {
                    return Err(GraphError::DuplicateDependency {
                        asset: asset.key.clone(),
                        dep: dep.key.clone(),
                    });
                }
                let link = link(&assets[upstream as usize], asset, dep.mapping)?;
                edges.push(Edge {
                    upstream,
                    downstream,
                    link,
                });
                graph.add_edge(
                    NodeIndex::new(upstream as usize),
                    NodeIndex::new(downstream as usize),
                    (),
                );
            }
        }
        first_edge.push(index_of("edges", edges.len())?);
        let order = order::topological_order(&graph);
        if order.len() < assets.len() {
            let path = order::cycle(&graph);
            return Err(GraphError::Cycle(
                path.into_iter()
                    .map(|index| assets[index].key.clone())
                    .collect(),
            ));
        }
        Ok(Self {
            assets,
            by_key,
            graph,
            edges,
            first_edge,
            order,
        })
    }

    /// The assets, in the order in which they were given.
    #[must_use]
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// An asset by name.
    #[must_use]
    pub fn get(&self, key: &AssetKey) -> Option<&Asset> {
        self.index(key).map(|index| &self.assets[index as usize])
    }

    /// The number of assets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.assets.len()
    }

    /// Whether there is no asset.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.assets.is_empty()
    }

    /// The number of dependencies.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// The assets, dependencies first.
    pub fn in_order(&self) -> impl Iterator<Item = &Asset> {
        self.order.iter().map(|index| &self.assets[*index as usize])
    }

    pub(crate) fn index(&self, key: &AssetKey) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    pub(crate) fn asset(&self, index: u32) -> &Asset {
        &self.assets[index as usize]
    }

    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The dependencies of an asset, in declared order, with their edge indices.
    pub(crate) fn deps(&self, index: u32) -> impl Iterator<Item = (u32, &Edge)> + Clone {
        let (start, end) = (
            self.first_edge[index as usize],
            self.first_edge[index as usize + 1],
        );
        (start..end).map(|edge| (edge, &self.edges[edge as usize]))
    }

    /// What depends on an asset, with the edge indices.
    pub(crate) fn dependents(&self, index: u32) -> impl Iterator<Item = (u32, &Edge)> {
        self.graph
            .edges_directed(NodeIndex::new(index as usize), Direction::Outgoing)
            .map(|edge| {
                let position = edge.id().index();
                (
                    u32::try_from(position).unwrap_or(u32::MAX),
                    &self.edges[position],
                )
            })
    }

    /// Marks everything upstream of an asset.
    pub(crate) fn mark_upstream(&self, index: u32, marks: &mut [bool]) {
        self.mark(index, Direction::Incoming, marks);
    }

    /// Marks everything downstream of an asset.
    pub(crate) fn mark_downstream(&self, index: u32, marks: &mut [bool]) {
        self.mark(index, Direction::Outgoing, marks);
    }

    fn mark(&self, index: u32, direction: Direction, marks: &mut [bool]) {
        // A mark may come from another term of a selection, so it does not mean "visited".
        let mut visited = vec![false; self.assets.len()];
        let mut stack = vec![NodeIndex::new(index as usize)];
        while let Some(node) = stack.pop() {
            for next in self.graph.neighbors_directed(node, direction) {
                if !visited[next.index()] {
                    visited[next.index()] = true;
                    marks[next.index()] = true;
                    stack.push(next);
                }
            }
        }
    }
}

fn index_of(what: &'static str, found: usize) -> Result<u32, GraphError> {
    u32::try_from(found)
        .ok()
        .filter(|index| *index < u32::MAX)
        .ok_or(GraphError::TooLarge {
            what,
            found,
            max: u32::MAX - 1,
        })
}

fn link(upstream: &Asset, downstream: &Asset, mapping: Mapping) -> Result<Link, GraphError> {
    let (up, down) = match (&upstream.partitions, &downstream.partitions) {
        (Partitions::Unpartitioned, Partitions::Unpartitioned) => return Ok(Link::Same),
        (Partitions::Unpartitioned, Partitions::Keys(_)) => return Ok(Link::Broadcast),
        (Partitions::Keys(_), Partitions::Unpartitioned) => return Ok(Link::Gather),
        (Partitions::Keys(_), Partitions::Keys(_)) if mapping == Mapping::All => {
            return Ok(Link::Gather);
        }
        (Partitions::Keys(up), Partitions::Keys(down)) => (up, down),
    };
    if up.is_same_set(down) {
        return Ok(Link::Same);
    }
    let mut to_upstream = Vec::with_capacity(downstream.partitions.count() as usize);
    let mut to_downstream = vec![NO_POSITION; upstream.partitions.count() as usize];
    for (at, key) in (0..).zip(down.iter()) {
        let found = upstream.partitions.position(Some(key)).ok_or_else(|| {
            GraphError::PartitionMismatch {
                asset: downstream.key.clone(),
                dep: upstream.key.clone(),
                partition: key.to_string(),
            }
        })?;
        to_upstream.push(found);
        to_downstream[found as usize] = at;
    }
    Ok(Link::Remap {
        to_upstream: to_upstream.into(),
        to_downstream: to_downstream.into(),
    })
}

#[cfg(test)]
mod tests;
