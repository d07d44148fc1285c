//! How far a backfill is, by the catalog.

use serde::Serialize;

use super::course::Course;
use crate::catalog::{Catalog, CatalogError};
use crate::event::{BackfillInfo, RunStatus};

/// How far a backfill is, in partitions. A partition counts by what became of its pieces, whatever
/// became of others in the same run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BackfillProgress {
    /// How it stands.
    pub status: RunStatus,
    /// All of its partitions.
    pub total: usize,
    /// Those of which everything is made.
    pub succeeded: usize,
    /// Those of which a piece failed, failed a blocking check, or was held back by one that did.
    pub failed: usize,
    /// Those of which a piece was cancelled, and none failed.
    pub canceled: usize,
    /// Those of runs under way.
    pub under_way: usize,
    /// Those with a run that is still to come.
    pub waiting: usize,
    /// Runs that make what has no partitions.
    pub unpartitioned: usize,
    /// Those of them that succeeded.
    pub unpartitioned_succeeded: usize,
}

impl BackfillProgress {
    /// How far a backfill is, by the catalog.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn of(catalog: &Catalog, info: &BackfillInfo) -> Result<Self, CatalogError> {
        Ok(Course::read(catalog, &info.record)?.progress(info.status))
    }
}
