//! The asset graph: definitions checked once, then held by index.
//!
//! Invariants after [`AssetGraph::new`]: keys are unique, every dependency exists, there is no
//! cycle (an asset may read earlier partitions of its own), and every partition that a mapping names
//! exists. Assets, edges and steps are `u32`
//! indices from here on; no name is looked up while a run is planned or executed.

mod build;
mod current;
mod cut;
mod error;
mod identity;
mod link;
mod order;
mod walk;

use std::sync::{Arc, OnceLock};

use hashbrown::HashTable;
use petgraph::Directed;
use petgraph::csr::Csr;
use rustc_hash::FxHashMap;

use crate::asset::{Asset, Joint, Making};
use crate::key::AssetKey;

pub use cut::CutWindow;
pub use error::GraphError;
pub(crate) use identity::{Difference, difference, other_work};
pub use identity::{INPUT, Identity};
pub(crate) use link::{Link, Positions};
pub use walk::Direction;
pub(crate) use walk::marked;

/// Who reads what: node = asset index, weight of an edge = index into `edges`. What an asset reads lies
/// in `edges` in declared order, each with its link; petgraph's `List` would keep that order as well, with an
/// allocation for each asset.
type Readers = Csr<(), u32, Directed, u32>;

/// A checked set of assets.
#[derive(Debug)]
pub struct AssetGraph {
    assets: Vec<Asset>,
    /// By asset, what is asked for often enough to lie close together.
    kinds: Vec<Kind>,
    by_key: Index,
    readers: Readers,
    edges: Vec<Edge>,
    /// Where the dependencies of an asset start in `edges`, which lie in declared order.
    first_edge: Vec<u32>,
    /// Asset indices, dependencies first.
    order: Vec<u32>,
    /// For assets of a step that makes several: all of them, in the order of its results.
    outputs: FxHashMap<u32, Box<[u32]>>,
    /// Whether any step makes several pieces in one attempt.
    grouped: bool,
    /// Assets whose partitions come and go, or come with the time.
    dynamic: Vec<u32>,
    /// What the steps work on, as far as that was said.
    parts: Identity,
    identity: OnceLock<Arc<Identity>>,
}

/// Asset indices by the hash of their keys. The keys stay in the assets, so that the table of a
/// million is small enough for a cache.
type Index = HashTable<u32>;

/// What every walk asks of an asset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// Number of pieces.
    pub count: u32,
    /// Number of dependencies.
    pub deps: u32,
    pub partitioned: bool,
    pub external: bool,
}

/// One dependency, resolved.
#[derive(Debug)]
pub(crate) struct Edge {
    pub upstream: u32,
    pub downstream: u32,
    pub link: Link,
}

impl Edge {
    /// Whether an asset reads earlier partitions of its own. (Of its own, any other table is refused.)
    pub fn is_own_past(&self) -> bool {
        self.upstream == self.downstream && matches!(self.link, Link::Table(_))
    }
}

impl AssetGraph {
    /// Checks the definitions and builds the graph.
    ///
    /// # Errors
    /// The first thing wrong with them, by name; see [`GraphError`].
    pub fn new(assets: Vec<Asset>) -> Result<Self, GraphError> {
        build::build(assets)
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
        self.assets.iter().map(|asset| asset.deps.len()).sum()
    }

    /// The assets, dependencies first.
    pub fn in_order(&self) -> impl Iterator<Item = &Asset> {
        self.order.iter().map(|index| &self.assets[*index as usize])
    }

    pub(crate) fn index(&self, key: &AssetKey) -> Option<u32> {
        find(&self.by_key, &self.assets, key)
    }

    pub(crate) fn asset(&self, index: u32) -> &Asset {
        &self.assets[index as usize]
    }

    pub(crate) fn kind(&self, index: u32) -> Kind {
        self.kinds[index as usize]
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

    /// All edges that lead away from an asset, with their indices.
    pub(crate) fn dependents(&self, index: u32) -> impl Iterator<Item = (u32, &Edge)> {
        let edges = self.readers.edges_slice(index).iter();
        edges.map(|edge| (*edge, &self.edges[*edge as usize]))
    }

    /// What a piece of an asset reads through an edge, by position upstream.
    pub(crate) fn reads<'a>(&'a self, edge: &'a Edge, position: u32) -> Positions<'a> {
        let count = self.kind(edge.upstream).count;
        edge.link.upstream(position, count)
    }

    /// What a piece of an asset reads, in the order of its dependencies: asset and position of each.
    pub(crate) fn pieces_read(
        &self,
        index: u32,
        position: u32,
    ) -> impl Iterator<Item = (u32, u32)> + Clone {
        self.deps(index).flat_map(move |(_, edge)| {
            let positions = self.reads(edge, position);
            positions.map(|at| (edge.upstream, at))
        })
    }

    /// Whether an asset reads earlier partitions of its own.
    pub(crate) fn reads_own_past(&self, index: u32) -> bool {
        self.deps(index).any(|(_, edge)| edge.is_own_past())
    }

    /// What reads a piece of an asset through an edge, by position downstream.
    pub(crate) fn read_by<'a>(&'a self, edge: &'a Edge, position: u32) -> Positions<'a> {
        let count = self.kind(edge.downstream).count;
        edge.link.downstream(position, count)
    }

    /// Whether any step makes several pieces in one attempt.
    pub(crate) fn is_grouped(&self) -> bool {
        self.grouped
    }

    /// Whether the step of an asset makes several, and all of them or none.
    pub(crate) fn makes_whole(&self, index: u32) -> bool {
        let making = &self.asset(index).making;
        matches!(making, Making::Together(together) if matches!(together.step, Joint::All(_)))
    }

    /// Marks whatever is always made together with a marked asset.
    pub(crate) fn complete_outputs(&self, marks: &mut [bool]) {
        for (index, outputs) in &self.outputs {
            if marks[*index as usize] && self.makes_whole(*index) {
                for output in outputs {
                    marks[*output as usize] = true;
                }
            }
        }
    }

    /// The assets that the step of an asset makes, in the order of its results, when there are
    /// several.
    pub(crate) fn outputs(&self, index: u32) -> Option<&[u32]> {
        self.outputs.get(&index).map(AsRef::as_ref)
    }
}

/// The asset of a key.
fn find(by_key: &Index, assets: &[Asset], key: &AssetKey) -> Option<u32> {
    let is = |index: &u32| assets[*index as usize].key == *key;
    by_key.find(key.hash_code(), is).copied()
}

#[cfg(test)]
mod tests;
