//! Plans: the steps of a run, laid out so that a step is found by arithmetic.
//!
//! A step is one partition of one asset. Steps lie in topological order of their assets, the
//! partitions of an asset next to each other, so dependencies between steps need not be stored:
//! they follow from the edge between the assets and the two positions.

mod held;
mod known;
mod reason;
mod scan;
mod slices;
mod stages;
mod stale;
mod wanted;

use std::ops::Range;
use std::sync::Arc;

use crate::asset::Making;
use crate::graph::{AssetGraph, CutWindow, Edge, Positions, marked};
use crate::key::AssetKey;
use crate::selection::{Selection, SelectionError};
use slices::{Slice, Slices};

pub(crate) use held::Held;
pub use known::UNOBSERVED;
pub(crate) use known::{Input, Known, observation, seen};
pub use reason::StaleReason;
pub(crate) use reason::judge;
pub use stages::Lane;
pub(crate) use stages::Stages;
pub(crate) use stale::find;
pub use stale::{StaleStep, WhyError, staleness, why};
pub(crate) use wanted::{Covered, Wanted};

/// Which steps a selection means.
#[derive(Debug, Clone)]
pub struct Plan {
    steps: Vec<PlannedStep>,
    slices: Slices,
}

/// One step of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PlannedStep {
    /// Asset index.
    pub asset: u32,
    /// Position in the asset's partitions.
    pub position: u32,
}

impl Plan {
    /// Lays out the steps that materialize a selection. External assets in it are left out; of
    /// assets that one step makes, one brings the others with it.
    ///
    /// # Errors
    /// A name that the graph, or a partition that the selected assets do not have; a selection of
    /// nothing but external assets.
    pub fn new(graph: &AssetGraph, selection: &Selection) -> Result<Self, SelectionError> {
        let mut selected = selection.resolve(graph)?;
        let made = |index| !graph.kind(index).external;
        if let Some(external) = marked(&selected).next()
            && !marked(&selected).any(made)
        {
            return Err(SelectionError::External(graph.asset(external).key.clone()));
        }
        graph.complete_outputs(&mut selected);
        Self::lay_out(graph, selection, &selected, made)
    }

    /// Lays out the steps that observe the external assets of a selection that have a step.
    ///
    /// # Errors
    /// As of [`Plan::new`].
    pub fn observing(graph: &AssetGraph, selection: &Selection) -> Result<Self, SelectionError> {
        let selected = selection.resolve(graph)?;
        let observable = |index| matches!(graph.asset(index).making, Making::External(Some(_)));
        Self::lay_out(graph, selection, &selected, observable)
    }

    /// Lays out the pieces of a selection that have checks.
    ///
    /// # Errors
    /// As of [`Plan::new`].
    pub fn checking(graph: &AssetGraph, selection: &Selection) -> Result<Self, SelectionError> {
        let selected = selection.resolve(graph)?;
        let has_checks = |index| !graph.asset(index).checks.is_empty();
        Self::lay_out(graph, selection, &selected, has_checks)
    }

    fn lay_out(
        graph: &AssetGraph,
        selection: &Selection,
        selected: &[bool],
        wanted_kind: impl Fn(u32) -> bool,
    ) -> Result<Self, SelectionError> {
        let assets = selected.iter().filter(|selected| **selected).count();
        let mut slices = Slices::new(assets, graph.len());
        let mut total: u64 = 0;
        let mut wanted: Vec<(&str, bool)> = selection
            .partitions()
            .unwrap_or_default()
            .iter()
            .map(|key| (key.as_str(), false))
            .collect();
        for &index in graph.order() {
            if !selected[index as usize] || !wanted_kind(index) {
                continue;
            }
            let kind = graph.kind(index);
            let mut slice = Slice {
                first: u32::try_from(total).unwrap_or(u32::MAX),
                ..Slice::default()
            };
            if selection.partitions().is_some() && kind.partitioned {
                let partitions = &graph.asset(index).partitions;
                let mut chosen = Vec::with_capacity(wanted.len());
                for (key, found) in &mut wanted {
                    if let Some(position) = partitions.position(Some(key)) {
                        *found = true;
                        chosen.push(position);
                    }
                }
                chosen.sort_unstable();
                chosen.dedup();
                slice.count = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
                slice.chosen = Some(chosen.into());
            } else {
                slice.count = kind.count;
            }
            total += u64::from(slice.count);
            slices.set(index, slice);
        }
        if let Some((key, _)) = wanted.iter().find(|(_, found)| !found) {
            return Err(SelectionError::UnknownPartition((*key).to_owned()));
        }
        if total >= u64::from(u32::MAX) {
            return Err(SelectionError::TooManySteps {
                found: total,
                max: u32::MAX - 1,
            });
        }
        let mut steps = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
        for &asset in graph.order() {
            let slice = slices.of(asset);
            match &slice.chosen {
                None => {
                    steps.extend((0..slice.count).map(|position| PlannedStep { asset, position }))
                }
                Some(chosen) => {
                    steps.extend(
                        chosen
                            .iter()
                            .map(|&position| PlannedStep { asset, position }),
                    );
                }
            }
        }
        Ok(Self { steps, slices })
    }

    /// How many steps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps in an order in which they could be executed one by one.
    pub fn iter<'a>(
        &'a self,
        graph: &'a AssetGraph,
    ) -> impl Iterator<Item = (&'a AssetKey, Option<&'a Arc<str>>)> {
        self.steps.iter().map(|step| {
            let asset = graph.asset(step.asset);
            (&asset.key, asset.partitions.key(step.position))
        })
    }

    /// The windows of its steps that reach past the partitions of what they read, and so are cut.
    #[must_use]
    pub fn cut_windows(&self, graph: &AssetGraph) -> Vec<CutWindow> {
        let by_asset = self.steps.chunk_by(|a, b| a.asset == b.asset);
        let cut = by_asset.flat_map(|steps| {
            let positions = steps.iter().map(|step| step.position);
            graph.cut_windows(steps[0].asset, positions)
        });
        cut.collect()
    }

    pub(crate) fn steps(&self) -> &[PlannedStep] {
        &self.steps
    }

    pub(crate) fn step(&self, index: u32) -> PlannedStep {
        self.steps[index as usize]
    }

    /// The step of a piece, if it is in the plan.
    pub(crate) fn find(&self, asset: u32, position: u32) -> Option<u32> {
        self.slices.of(asset).step(position)
    }

    /// The plan of some of its steps, ascending.
    pub(crate) fn part(&self, graph: &AssetGraph, steps: &[u32]) -> Self {
        let steps: Vec<PlannedStep> = steps.iter().map(|step| self.step(*step)).collect();
        let by_asset = || steps.chunk_by(|a, b| a.asset == b.asset);
        let mut slices = Slices::new(by_asset().count(), graph.len());
        let mut first = 0;
        for steps in by_asset() {
            let chosen: Vec<u32> = steps.iter().map(|step| step.position).collect();
            // A plan has fewer than u32::MAX steps.
            let count = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
            let slice = Slice {
                first,
                count,
                chosen: Some(chosen.into()),
            };
            slices.set(steps[0].asset, slice);
            first += count;
        }
        Self { steps, slices }
    }

    /// All steps that one attempt makes with a step, itself included, in order.
    pub(crate) fn group(&self, graph: &AssetGraph, step: u32) -> Vec<u32> {
        if !graph.is_grouped() {
            return vec![step];
        }
        let piece = self.step(step);
        match (&graph.asset(piece.asset).making, graph.outputs(piece.asset)) {
            (Making::Range(_), _) => self.steps_of(piece.asset).collect(),
            (_, Some(assets)) => {
                let outputs = assets.iter();
                outputs
                    .filter_map(|asset| self.find(*asset, piece.position))
                    .collect()
            }
            _ => vec![step],
        }
    }

    /// The steps of an asset, in the order of their positions.
    pub(crate) fn steps_of(&self, asset: u32) -> Range<u32> {
        let slice = self.slices.of(asset);
        slice.first..slice.first + slice.count
    }

    /// The assets of which there are steps, in the plan's order.
    pub(crate) fn assets(&self) -> impl Iterator<Item = u32> {
        let by_asset = self.steps.chunk_by(|a, b| a.asset == b.asset);
        by_asset.map(|steps| steps[0].asset)
    }

    /// The pieces of an asset that are in the plan, if any is.
    pub(crate) fn wanted(&self, graph: &AssetGraph, asset: u32) -> Wanted {
        match &self.slices.of(asset).chosen {
            None => Wanted::All,
            Some(chosen) => Wanted::of(chosen.to_vec(), graph.kind(asset).count),
        }
    }

    /// Whether any piece of an asset is in the plan.
    pub(crate) fn makes(&self, asset: u32) -> bool {
        self.slices.of(asset).count > 0
    }

    /// Whether every piece of an asset is in the plan.
    pub(crate) fn covers(&self, graph: &AssetGraph, asset: u32) -> bool {
        self.slices.of(asset).count == graph.asset(asset).partitions.count()
    }

    /// The steps of the plan that a piece reads through an edge.
    pub(crate) fn upstream<'a>(
        &'a self,
        graph: &'a AssetGraph,
        edge: &'a Edge,
        position: u32,
    ) -> impl Iterator<Item = u32> + 'a {
        self.among(edge.upstream, graph.reads(edge, position))
    }

    /// The steps of the plan that read a piece through an edge, or that its step makes with it.
    pub(crate) fn downstream<'a>(
        &'a self,
        graph: &'a AssetGraph,
        edge: &'a Edge,
        position: u32,
    ) -> impl Iterator<Item = u32> + 'a {
        self.among(edge.downstream, graph.read_by(edge, position))
    }

    /// The steps of an asset that are at some positions: those of a range without going through it.
    fn among<'a>(&'a self, asset: u32, positions: Positions<'a>) -> impl Iterator<Item = u32> + 'a {
        let (range, list) = match positions {
            Positions::Range(range) => (self.slices.of(asset).steps(range), [].iter()),
            Positions::List(list) => (0..0, list),
        };
        range.chain(list.filter_map(move |at| self.find(asset, *at)))
    }
}
