//! Which pieces of an asset have to be known, so that what is read follows them, and not all that
//! the asset has besides.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Plan;
use crate::asset::Asset;
use crate::catalog::Pieces;
use crate::graph::{AssetGraph, Edge, Link};

/// Pieces of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of them; or so many that reading all costs no more.
    All,
    /// Those at these positions, ascending.
    Some(Vec<u32>),
}

impl Wanted {
    /// Those at some positions, of an asset with `count` pieces.
    pub fn of(mut positions: Vec<u32>, count: u32) -> Self {
        positions.sort_unstable();
        positions.dedup();
        if positions.len() > count as usize / 2 {
            Self::All
        } else {
            Self::Some(positions)
        }
    }

    /// Their positions, of an asset with `count` pieces.
    pub fn positions(&self, count: u32) -> impl Iterator<Item = u32> {
        let (all, some) = match self {
            Self::All => (0..count, &[][..]),
            Self::Some(positions) => (0..0, &positions[..]),
        };
        all.chain(some.iter().copied())
    }

    /// How many they are, of an asset with `count` pieces.
    pub fn len(&self, count: u32) -> usize {
        match self {
            Self::All => count as usize,
            Self::Some(positions) => positions.len(),
        }
    }

    /// What they read through an edge.
    pub fn read_through(&self, graph: &AssetGraph, edge: &Edge) -> Self {
        let count = graph.kind(edge.upstream).count;
        let readers = match (self, &edge.link) {
            _ if count == 1 => return Self::All,
            (Self::All, Link::Same) => return Self::All,
            // Every one of them reads the same.
            (_, Link::Gather { .. } | Link::Broadcast) => 1,
            _ => usize::MAX,
        };
        let own = self.positions(graph.kind(edge.downstream).count);
        let read = own.take(readers).flat_map(|at| graph.reads(edge, at));
        Self::of(read.collect(), count)
    }

    /// Those of them that a plan does not make.
    pub fn outside(&self, graph: &AssetGraph, plan: &Plan, index: u32) -> Self {
        if !plan.makes(index) {
            return self.clone();
        }
        if plan.covers(graph, index) {
            return Self::Some(Vec::new());
        }
        let count = graph.kind(index).count;
        let outside = self.positions(count);
        let outside = outside.filter(|at| plan.find(index, *at).is_none());
        Self::of(outside.collect(), count)
    }

    /// Calls with the same for the catalog.
    pub fn ask<T>(&self, asset: &Asset, ask: impl FnOnce(Pieces<'_>) -> T) -> T {
        match self {
            Self::All => ask(Pieces::All),
            Self::Some(positions) => {
                let key = |at: &u32| asset.partitions.key(*at).cloned();
                let keys: Vec<Option<Arc<str>>> = positions.iter().map(key).collect();
                ask(Pieces::These(&keys))
            }
        }
    }
}

/// The pieces that have been read, so that none is read twice.
#[derive(Debug, Default)]
pub(crate) struct Covered {
    whole: FxHashSet<u32>,
    pieces: FxHashSet<(u32, u32)>,
}

impl Covered {
    /// Takes pieces of an asset in, and gives those to read that were not in before; `None` when all
    /// were.
    pub fn take(&mut self, index: u32, wanted: &Wanted) -> Option<Wanted> {
        if self.whole.contains(&index) {
            return None;
        }
        match wanted {
            Wanted::All => {
                self.whole.insert(index);
                Some(Wanted::All)
            }
            Wanted::Some(positions) => {
                let new = |at: &u32| self.pieces.insert((index, *at));
                let new: Vec<u32> = positions.iter().copied().filter(new).collect();
                (!new.is_empty()).then_some(Wanted::Some(new))
            }
        }
    }
}
