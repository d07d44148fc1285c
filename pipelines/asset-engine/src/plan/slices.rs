//! Where the steps of each asset lie in a plan.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// The steps of one asset.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    pub first: u32,
    pub count: u32,
    /// The positions that are in the plan, ascending; `None` = all, by arithmetic.
    pub chosen: Option<Arc<[u32]>>,
}

/// What an asset has that is not in the plan.
static NONE: Slice = Slice {
    first: 0,
    count: 0,
    chosen: None,
};

/// Slices by asset index. Thousands of runs may wait at once, so that a plan of a few assets of a
/// large graph takes no room for the others.
#[derive(Debug, Clone)]
pub(super) enum Slices {
    All(Vec<Slice>),
    Few(FxHashMap<u32, Slice>),
}

impl Slices {
    /// No slices yet, for so many assets of a graph.
    pub fn new(assets: usize, of_graph: usize) -> Self {
        if assets < of_graph / 8 {
            Self::Few(FxHashMap::default())
        } else {
            Self::All(vec![Slice::default(); of_graph])
        }
    }

    pub fn set(&mut self, asset: u32, slice: Slice) {
        match self {
            Self::All(slices) => slices[asset as usize] = slice,
            Self::Few(slices) => {
                slices.insert(asset, slice);
            }
        }
    }

    pub fn of(&self, asset: u32) -> &Slice {
        match self {
            Self::All(slices) => &slices[asset as usize],
            Self::Few(slices) => slices.get(&asset).unwrap_or(&NONE),
        }
    }
}

impl Slice {
    /// The steps at a range of positions.
    pub fn steps(&self, positions: Range<u32>) -> Range<u32> {
        let end = |position: u32| match &self.chosen {
            None => self.first + position.min(self.count),
            // No more than are counted by a u32.
            Some(chosen) => {
                let before = chosen.partition_point(|at| *at < position);
                self.first + u32::try_from(before).unwrap_or(u32::MAX)
            }
        };
        end(positions.start)..end(positions.end)
    }

    /// The step at a position, if it is in the plan.
    pub fn step(&self, position: u32) -> Option<u32> {
        match &self.chosen {
            None => (position < self.count).then_some(self.first + position),
            Some(chosen) => chosen
                .binary_search(&position)
                .ok()
                // A position in a slice is below its u32 count.
                .map(|at| self.first + u32::try_from(at).unwrap_or(u32::MAX)),
        }
    }
}
