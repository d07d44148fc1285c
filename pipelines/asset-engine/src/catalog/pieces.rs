//! Which pieces of an asset are asked for, and what the catalog says of those alone.

use std::sync::Arc;

use super::{Catalog, CatalogError, Stamp};
use crate::event::{CheckResult, Materialization, Observation};
use crate::key::AssetKey;

/// Which pieces of an asset are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pieces<'a> {
    /// All that there are.
    All,
    /// Those of these partitions (`None` = the one piece of an unpartitioned asset), each looked up
    /// by itself.
    These(&'a [Option<Arc<str>>]),
}

impl Catalog {
    /// The newest materializations of some pieces.
    pub(crate) fn latest_among(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Materialization>>, CatalogError> {
        self.with(|store| store.latest_of(asset, pieces))
    }

    /// Their newest observations.
    pub(crate) fn observations_among(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Observation>>, CatalogError> {
        self.with(|store| store.observations(asset, pieces))
    }

    /// Their first observations.
    pub(crate) fn first_observations_among(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Observation>>, CatalogError> {
        self.with(|store| store.first_observations(asset, pieces))
    }

    /// The newest results of their checks, each with its event.
    pub(crate) fn checks_among(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<(u64, Arc<CheckResult>)>, CatalogError> {
        self.with(|store| store.checks(asset, pieces))
    }

    /// Whether anything was ever checked.
    pub(crate) fn has_checks(&self) -> Result<bool, CatalogError> {
        self.with(|store| store.has_checks())
    }

    /// When they were last made or seen.
    pub(crate) fn stamps_among(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Stamp>, CatalogError> {
        self.with(|store| store.stamps(asset, pieces))
    }
}
