//! A scan of many pieces for what may be stale, by fingerprints: one number a piece, one pass over
//! the catalog, assets in topological order.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::{Catalog, CatalogError, Version, fold, piece_fingerprint};
use crate::graph::{AssetGraph, Edge, Link};
use crate::plan::UNOBSERVED;

/// What a scan says about a piece.
#[derive(Clone)]
pub(super) enum Suspicion {
    /// Nothing has changed.
    Fresh,
    /// Never materialized.
    Missing,
    /// Made by this version of the code, which is not the present one.
    CodeVersion(String),
    /// Something that it reads has another fingerprint, or a check has failed.
    Look,
}

/// The newest versions of the pieces that have been read.
#[derive(Default)]
pub(super) struct Scan {
    /// By asset and position; 0 = never materialized.
    pieces: FxHashMap<u32, Vec<u64>>,
    /// Pieces with a failed check.
    failed: FxHashSet<(u32, u32)>,
    /// By edge that reads the same for every piece: the fold of what it reads.
    gathered: FxHashMap<u32, Option<u64>>,
    own: Own,
}

/// What is known of the asset that is being scanned.
#[derive(Default)]
struct Own {
    asset: u32,
    inputs: Vec<u64>,
    /// By position, of those that are not the present ones.
    code_versions: FxHashMap<u32, String>,
}

impl Scan {
    /// Reads what the pieces of an asset are judged by.
    pub fn begin(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
    ) -> Result<(), CatalogError> {
        for (_, edge) in graph.deps(index) {
            self.read(graph, catalog, edge.upstream)?;
        }
        self.pieces.remove(&index);
        self.read(graph, catalog, index)
    }

    fn read(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
    ) -> Result<(), CatalogError> {
        if self.pieces.contains_key(&index) {
            return Ok(());
        }
        let asset = graph.asset(index);
        let partitions = &asset.partitions;
        let count = partitions.count() as usize;
        let mut pieces = vec![0; count];
        let mut own = Own {
            asset: index,
            inputs: vec![0; count],
            code_versions: FxHashMap::default(),
        };
        if asset.is_external() {
            let key = asset.key.as_str();
            for (at, piece) in (0..).zip(&mut pieces) {
                let partition = partitions.key(at).map(AsRef::as_ref);
                *piece = piece_fingerprint(key, partition, UNOBSERVED);
            }
            for look in catalog.observations_of(&asset.key)? {
                let partition = look.partition.as_deref();
                if let Some(at) = partitions.position(partition) {
                    pieces[at as usize] = piece_fingerprint(key, partition, &look.data_version);
                }
            }
        } else {
            let mut next = 0;
            catalog.each_version(&asset.key, &mut |version: Version<'_>| {
                // Versions come by key, and so do most sets of partitions.
                let expected = partitions.key(next).map(AsRef::as_ref);
                let at = if expected == version.partition && next < partitions.count() {
                    Some(next)
                } else {
                    partitions.position(version.partition)
                };
                let Some(at) = at else { return };
                next = at + 1;
                pieces[at as usize] = version.piece;
                own.inputs[at as usize] = version.inputs;
                if version.code_version != asset.code_version.as_ref() {
                    own.code_versions
                        .insert(at, version.code_version.to_owned());
                }
            })?;
        }
        for check in catalog.checks_of(&asset.key)? {
            if check.holds_back(asset)
                && let Some(at) = partitions.position(check.partition.as_deref())
            {
                self.failed.insert((index, at));
            }
        }
        self.pieces.insert(index, pieces);
        self.own = own;
        Ok(())
    }

    /// Judges a piece of the asset that was begun last.
    pub fn judge(&mut self, graph: &AssetGraph, position: u32) -> Suspicion {
        let index = self.own.asset;
        if self.piece(index, position) == 0 {
            return Suspicion::Missing;
        }
        if let Some(version) = self.own.code_versions.get(&position) {
            return Suspicion::CodeVersion(version.clone());
        }
        if self.failed.contains(&(index, position)) {
            return Suspicion::Look;
        }
        let mut inputs = 0;
        for (edge_index, edge) in graph.deps(index) {
            let group = match edge.link {
                Link::Gather { .. } => match self.gathered.get(&edge_index) {
                    Some(group) => *group,
                    None => {
                        let group = self.group(graph, edge, position);
                        self.gathered.insert(edge_index, group);
                        group
                    }
                },
                _ => self.group(graph, edge, position),
            };
            if let Some(group) = group {
                inputs = fold(inputs, group);
            }
            let has_failed = |at| self.failed.contains(&(edge.upstream, at));
            if !self.failed.is_empty() && graph.reads(edge, position).any(has_failed) {
                return Suspicion::Look;
            }
        }
        if inputs == self.own.inputs[position as usize] {
            Suspicion::Fresh
        } else {
            Suspicion::Look
        }
    }

    /// The fold of what a piece reads through an edge; `None` = nothing.
    fn group(&self, graph: &AssetGraph, edge: &Edge, position: u32) -> Option<u64> {
        let pieces = self.pieces.get(&edge.upstream)?;
        let versions = graph.reads(edge, position).map(|at| pieces[at as usize]);
        versions
            .filter(|version| *version != 0)
            .fold(None, |group, version| {
                Some(fold(group.unwrap_or(0), version))
            })
    }

    fn piece(&self, index: u32, position: u32) -> u64 {
        self.pieces
            .get(&index)
            .map_or(0, |pieces| pieces[position as usize])
    }
}
