//! What the catalog knows of the pieces of a graph, by position.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::held::FailedCheck;
use super::wanted::{Covered, Wanted};
use crate::asset::Asset;
use crate::catalog::{Catalog, CatalogError};
use crate::event::{CheckResult, InputVersion, Materialization, Observation};
use crate::graph::AssetGraph;
use crate::key::AssetKey;

/// The data version of an external asset that was never observed (Dagster's name for it).
pub const UNOBSERVED: &str = "INITIAL";

/// The newest materializations and failed checks, by asset and position, of the pieces that were
/// asked for.
#[derive(Default)]
pub(crate) struct Known {
    covered: Covered,
    /// Assets that have been read whole.
    assets: FxHashMap<u32, Vec<Option<Arc<Materialization>>>>,
    /// Pieces of others.
    pieces: FxHashMap<u32, FxHashMap<u32, Option<Arc<Materialization>>>>,
    /// Whether anything was ever checked, as soon as that was asked.
    pub(super) any_checks: Option<bool>,
    /// The pieces whose checks have been read.
    pub(super) checked: Covered,
    /// By asset and position, the failed results that hold back what is downstream of the data that
    /// they are about, each with the version of that.
    pub(super) failed: FxHashMap<(u32, u32), Vec<FailedCheck>>,
    /// The first observations, of what something was made from unobserved.
    covered_firsts: Covered,
    firsts: FxHashMap<u32, FxHashMap<u32, Arc<Observation>>>,
}

/// One thing that a piece reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub made: &'a Materialization,
    /// Whether it is external, so that the version is what was observed.
    pub external: bool,
    /// The blocking check that it failed.
    pub failed: Option<&'a CheckResult>,
    /// The version that was observed first, where something was made before that.
    pub first: Option<&'a str>,
}

impl Known {
    /// Reads pieces of an asset, once.
    pub fn load(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
        wanted: &Wanted,
    ) -> Result<(), CatalogError> {
        let Some(wanted) = self.covered.take(index, wanted) else {
            return Ok(());
        };
        let asset = graph.asset(index);
        let partitions = &asset.partitions;
        let found: Vec<Arc<Materialization>> = wanted.ask(asset, |pieces| {
            if asset.is_external() {
                let looks = catalog.observations_among(&asset.key, pieces)?.into_iter();
                let looks = looks.map(|look| seen(Observation::clone(&look), 0));
                Ok::<_, CatalogError>(looks.collect())
            } else {
                catalog.latest_among(&asset.key, pieces)
            }
        })?;
        let unseen = |at: u32| {
            let partition = partitions.key(at).map(AsRef::as_ref);
            let unseen = Observation::new(asset.key.clone(), partition, UNOBSERVED);
            asset.is_external().then(|| seen(unseen, 0))
        };
        let found = found.into_iter().filter_map(|made| {
            let at = partitions.position(made.partition.as_deref())?;
            Some((at, Some(made)))
        });
        match wanted {
            Wanted::All => {
                let mut pieces: Vec<_> = (0..partitions.count()).map(unseen).collect();
                found.for_each(|(at, made)| pieces[at as usize] = made);
                self.assets.insert(index, pieces);
            }
            Wanted::Some(positions) => {
                let pieces = self.pieces.entry(index).or_default();
                pieces.extend(positions.into_iter().map(|at| (at, unseen(at))));
                pieces.extend(found);
            }
        }
        Ok(())
    }

    /// Reads pieces of an asset and the blocking checks that were failed, once.
    pub fn load_with_checks(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
        wanted: &Wanted,
    ) -> Result<(), CatalogError> {
        self.load(graph, catalog, index, wanted)?;
        self.load_checks(graph, catalog, index, wanted)
    }

    /// Reads what the judgement of pieces of an asset needs.
    pub fn load_around(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
        wanted: &Wanted,
    ) -> Result<(), CatalogError> {
        self.load_with_checks(graph, catalog, index, wanted)?;
        for (_, edge) in graph.deps(index) {
            let read = wanted.read_through(graph, edge);
            self.load_with_checks(graph, catalog, edge.upstream, &read)?;
        }
        self.load_firsts(graph, catalog, index, wanted)
    }

    /// Reads the first observations of what pieces of an asset, which have been read, were made from
    /// before that was observed at all.
    pub fn load_firsts(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
        wanted: &Wanted,
    ) -> Result<(), CatalogError> {
        for (_, edge) in graph.deps(index) {
            let read = graph.asset(edge.upstream);
            if !read.is_external() {
                continue;
            }
            let unobserved = self.read_unobserved(graph, index, wanted, read);
            let unobserved = Wanted::of(unobserved, read.partitions.count());
            let Some(new) = self.covered_firsts.take(edge.upstream, &unobserved) else {
                continue;
            };
            let firsts = new.ask(read, |pieces| {
                catalog.first_observations_among(&read.key, pieces)
            })?;
            let at = |seen: Arc<Observation>| {
                Some((read.partitions.position(seen.partition.as_deref())?, seen))
            };
            let firsts = firsts.into_iter().filter_map(at);
            self.firsts.entry(edge.upstream).or_default().extend(firsts);
        }
        Ok(())
    }

    /// What pieces of an asset were made from of another one, before that was observed at all.
    fn read_unobserved(
        &self,
        graph: &AssetGraph,
        index: u32,
        wanted: &Wanted,
        read: &Asset,
    ) -> Vec<u32> {
        let own = wanted.positions(graph.kind(index).count);
        let made = own.filter_map(|at| self.piece(index, at));
        let inputs = made.flat_map(|made| &made.inputs);
        let unobserved =
            inputs.filter(|input| input.data_version == UNOBSERVED && input.asset == read.key);
        let at = |input: &InputVersion| read.partitions.position(input.partition.as_deref());
        unobserved.filter_map(at).collect()
    }

    /// The newest materialization of a piece that has been read.
    pub fn piece(&self, index: u32, position: u32) -> Option<&Arc<Materialization>> {
        match self.assets.get(&index) {
            Some(pieces) => pieces.get(position as usize)?.as_ref(),
            None => self.pieces.get(&index)?.get(&position)?.as_ref(),
        }
    }

    /// The version that was observed first of a piece of an external asset, where something was made
    /// before that.
    pub fn first(&self, index: u32, position: u32) -> Option<&str> {
        let first = self.firsts.get(&index)?.get(&position)?;
        Some(&first.data_version)
    }

    /// What a piece reads and is not there: asset and partition.
    pub fn absent<'a>(
        &'a self,
        graph: &'a AssetGraph,
        index: u32,
        position: u32,
    ) -> impl Iterator<Item = (&'a AssetKey, Option<&'a str>)> + Clone {
        let reads = graph.pieces_read(index, position);
        let absent = reads.filter(move |(upstream, at)| self.piece(*upstream, *at).is_none());
        absent.map(move |(upstream, at)| {
            let asset = graph.asset(upstream);
            (&asset.key, asset.partitions.key(at).map(AsRef::as_ref))
        })
    }

    /// What a piece reads, of what there is, in the order of its dependencies.
    pub fn inputs<'a>(
        &'a self,
        graph: &'a AssetGraph,
        index: u32,
        position: u32,
    ) -> impl Iterator<Item = Input<'a>> + Clone {
        let reads = graph.pieces_read(index, position);
        reads.filter_map(move |(upstream, at)| {
            Some(Input {
                made: self.piece(upstream, at)?,
                external: graph.asset(upstream).is_external(),
                failed: self.failed(upstream, at),
                first: self.first(upstream, at),
            })
        })
    }
}

/// An observation as something that a step reads.
pub(crate) fn seen(observation: Observation, epoch: u64) -> Arc<Materialization> {
    Arc::new(Materialization {
        run: observation.run,
        asset: observation.asset,
        partition: observation.partition,
        attempt: 0,
        epoch,
        data_version: observation.data_version,
        code_version: Arc::from(""),
        metadata: observation.metadata,
        inputs: Vec::new(),
    })
}

/// The look at an external asset in what its step returned.
pub(crate) fn observation(made: &Materialization) -> Observation {
    Observation {
        run: Arc::clone(&made.run),
        asset: made.asset.clone(),
        partition: made.partition.clone(),
        data_version: made.data_version.clone(),
        metadata: Value::clone(&made.metadata),
    }
}
