//! What the catalog knows of the pieces of a graph, by position.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

use crate::catalog::{Catalog, CatalogError};
use crate::event::{CheckResult, Materialization, Observation};
use crate::graph::AssetGraph;
use crate::key::AssetKey;
use crate::plan::PlannedStep;
use crate::plan::held::FailedCheck;

/// The data version of an external asset that was never observed (Dagster's name for it).
pub const UNOBSERVED: &str = "INITIAL";

/// The newest materializations and failed checks, asset by asset, by position.
#[derive(Default)]
pub(crate) struct Known {
    assets: FxHashMap<u32, Vec<Option<Arc<Materialization>>>>,
    /// Pieces of assets that have not been read whole, by asset and position.
    pieces: FxHashMap<u32, FxHashMap<u32, Option<Arc<Materialization>>>>,
    /// Assets whose checks have been read.
    pub(super) checked: FxHashSet<u32>,
    /// By asset and position, the failed results that hold back what is downstream of the data that
    /// they are about, each with the version of that.
    pub(super) failed: FxHashMap<(u32, u32), Vec<FailedCheck>>,
    /// The first observations, of external assets that something was made from unobserved.
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
    /// Reads an asset's pieces; false when they have been read before.
    pub fn load(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
    ) -> Result<bool, CatalogError> {
        if self.assets.contains_key(&index) {
            return Ok(false);
        }
        let asset = graph.asset(index);
        let partitions = &asset.partitions;
        let count = partitions.count();
        let mut pieces = if asset.is_external() {
            let unseen = |at| {
                Observation::new(
                    asset.key.clone(),
                    partitions.key(at).map(AsRef::as_ref),
                    UNOBSERVED,
                )
            };
            (0..count).map(|at| Some(seen(unseen(at), 0))).collect()
        } else {
            vec![None; count as usize]
        };
        if asset.is_external() {
            for observation in catalog.observations_of(&asset.key)? {
                if let Some(at) = partitions.position(observation.partition.as_deref()) {
                    pieces[at as usize] = Some(seen(Observation::clone(&observation), 0));
                }
            }
        } else {
            for made in catalog.latest_of(&asset.key)? {
                if let Some(at) = partitions.position(made.partition.as_deref()) {
                    pieces[at as usize] = Some(made);
                }
            }
        }
        self.assets.insert(index, pieces);
        Ok(true)
    }

    /// Reads an asset's pieces and the blocking checks that were failed, once.
    pub fn load_with_checks(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
    ) -> Result<(), CatalogError> {
        self.load(graph, catalog, index)?;
        self.load_checks(graph, catalog, index)
    }

    /// Reads what the judgement of a piece needs.
    pub fn load_around(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        PlannedStep { asset, position }: PlannedStep,
    ) -> Result<(), CatalogError> {
        self.load_piece(graph, catalog, asset, position)?;
        self.load_checks(graph, catalog, asset)?;
        for (_, edge) in graph.deps(asset) {
            for at in graph.reads(edge, position) {
                self.load_piece(graph, catalog, edge.upstream, at)?;
            }
            self.load_checks(graph, catalog, edge.upstream)?;
        }
        self.load_firsts(graph, catalog, asset)
    }

    /// Reads the first observations of what an asset was made from, as far as it has been read,
    /// before that was observed at all.
    pub fn load_firsts(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
    ) -> Result<(), CatalogError> {
        for (_, edge) in graph.deps(index) {
            let read = graph.asset(edge.upstream);
            if !read.is_external()
                || self.firsts.contains_key(&edge.upstream)
                || !self.was_read_unobserved(index, &read.key)
            {
                continue;
            }
            let firsts = catalog.first_observations_of(&read.key)?;
            let at = |seen: Arc<Observation>| {
                Some((read.partitions.position(seen.partition.as_deref())?, seen))
            };
            let firsts = firsts.into_iter().filter_map(at).collect();
            self.firsts.insert(edge.upstream, firsts);
        }
        Ok(())
    }

    fn was_read_unobserved(&self, index: u32, read: &AssetKey) -> bool {
        let whole = self.assets.get(&index).into_iter().flatten();
        let some = self
            .pieces
            .get(&index)
            .into_iter()
            .flat_map(|some| some.values());
        whole.chain(some).flatten().any(|made| {
            let mut inputs = made.inputs.iter();
            inputs.any(|input| input.data_version == UNOBSERVED && input.asset == *read)
        })
    }

    /// Reads a piece; or, when so many of its asset's have been asked for that it is cheaper, all.
    pub(super) fn load_piece(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
        position: u32,
    ) -> Result<(), CatalogError> {
        let asset = graph.asset(index);
        if self.assets.contains_key(&index) {
            return Ok(());
        }
        let pieces = self.pieces.entry(index).or_default();
        if pieces.contains_key(&position) {
            return Ok(());
        }
        if asset.is_external() || pieces.len() > asset.partitions.count() as usize / 8 {
            self.load(graph, catalog, index)?;
            return Ok(());
        }
        let partition = asset.partitions.key(position).map(AsRef::as_ref);
        pieces.insert(position, catalog.latest(&asset.key, partition)?);
        Ok(())
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
