//! Where a catalog is kept: what a file, a database and a memory all answer.

use std::sync::Arc;

use super::{
    Among, CatalogError, Draft, EachVersion, EndedRun, Head, Left, NewestAttempt, Pieces, RunInfo,
    Stamp, Terms, Verified, Wipe,
};
use crate::event::{
    BackfillInfo, CheckResult, EventRecord, Materialization, Observation, RunRecord, RunStatus,
    Tick,
};
use crate::key::AssetKey;

/// Where a catalog is kept.
pub(crate) trait Store: Send {
    /// Raises the epoch and makes the caller its owner.
    fn next_epoch(&mut self) -> Result<u64, CatalogError>;
    /// Appends events and updates what is derived from them, all or nothing, and durably when this
    /// returns; gives the newest event then. Refused when the terms do not hold.
    fn commit_on(&mut self, terms: Terms<'_>, drafts: &[Draft]) -> Result<u64, CatalogError>;
    /// The same by the executor of an epoch.
    fn commit(&mut self, epoch: u64, drafts: &[Draft]) -> Result<u64, CatalogError> {
        self.commit_on(Terms::Executor(epoch), drafts)
    }
    fn ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError>;
    /// What the newest tick of each automation left, by name, without the runs that it asked for.
    fn left(&self) -> Result<Vec<Left>, CatalogError>;
    /// The runs whose end was asked for behind an event, each with the event of the request.
    fn cancel_requests(&self, after: u64) -> Result<Vec<(u64, String)>, CatalogError>;
    fn statuses(&self, prefix: &str) -> Result<Vec<(String, RunStatus)>, CatalogError>;
    /// The runs that ended in one of two states behind an event and were not opened again, in the order of
    /// their ends.
    fn ended(&self, states: [RunStatus; 2], after: u64) -> Result<Vec<EndedRun>, CatalogError>;
    fn orders(&self) -> Result<Vec<Arc<RunRecord>>, CatalogError>;
    fn backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError>;
    /// The backfills that have not ended, oldest first.
    fn open_backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError>;
    fn backfill(&self, id: &str) -> Result<Option<BackfillInfo>, CatalogError>;
    fn backfill_status(&self, id: &str) -> Result<Option<RunStatus>, CatalogError>;
    fn stamps(&self, asset: &AssetKey, pieces: Pieces<'_>) -> Result<Vec<Stamp>, CatalogError>;
    /// The assets of which anything is there, by key.
    fn assets(&self) -> Result<Vec<AssetKey>, CatalogError>;
    /// The materializations of an asset, oldest first, each with its event.
    fn history(&self, asset: &AssetKey) -> Result<Vec<EventRecord>, CatalogError>;
    /// The keys of partitions that come and go, in the order in which they came, each with the event by
    /// which it did.
    fn partitions(&self, set: &str) -> Result<Vec<(Arc<str>, u64)>, CatalogError>;
    /// The last wipe of each piece of an asset that was wiped, by partition key.
    fn wipes(&self, asset: &AssetKey) -> Result<Vec<Wipe>, CatalogError>;
    fn head(&self) -> Result<Head, CatalogError>;
    fn verify(&self, noted: Option<&Head>) -> Result<Verified, CatalogError>;
    fn runs(&self) -> Result<Vec<RunInfo>, CatalogError>;
    /// The runs that have not ended, in the order of submission.
    fn open_runs(&self) -> Result<Vec<RunInfo>, CatalogError>;
    fn run(&self, run: &str) -> Result<Option<RunInfo>, CatalogError>;
    fn status(&self, run: &str) -> Result<Option<RunStatus>, CatalogError>;
    /// The events of all runs that have not ended, in one pass over the log since the first of them.
    fn open_events(&self) -> Result<Vec<EventRecord>, CatalogError>;
    /// Those of the events of a run, from its submission to its end.
    fn events(&self, run: &str, among: Among<'_>) -> Result<Vec<EventRecord>, CatalogError>;
    /// The newest attempt at something that has committed ([`super::Fence`]), and where the catalog stands.
    fn newest_attempt(&self, what: &str) -> Result<NewestAttempt, CatalogError>;
    /// So many events of the whole log, behind one of them.
    fn events_after(&self, seq: u64, at_most: u32) -> Result<Vec<EventRecord>, CatalogError>;
    fn latest(
        &self,
        asset: &AssetKey,
        partition: Option<&str>,
    ) -> Result<Option<Arc<Materialization>>, CatalogError>;
    fn latest_of(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Materialization>>, CatalogError>;
    /// Calls for the newest version of each piece of an asset, by partition key.
    fn each_version(&self, asset: &AssetKey, call: EachVersion<'_>) -> Result<(), CatalogError>;
    fn observations(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Observation>>, CatalogError>;
    /// The first observation of each piece.
    fn first_observations(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Observation>>, CatalogError>;
    /// Whether there is any result of a check.
    fn has_checks(&self) -> Result<bool, CatalogError>;
    /// The newest result of each check of each piece, each with its event.
    fn checks(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<(u64, Arc<CheckResult>)>, CatalogError>;
}
