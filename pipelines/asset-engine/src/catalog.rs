//! The catalog: what was run, what was made, in which versions.
//!
//! An append-only event log with tables derived from it (runs, newest materialization of a piece),
//! in SQLite ([`Catalog::open`]), in PostgreSQL (`Catalog::postgres`, a feature) or in memory
//! ([`Catalog::memory`]). One executor writes, and recorders beside it; any number of processes may read
//! while they do. Everything derived is written in the transaction that
//! appends the events it is derived from, so a reader sees a materialization wholly or not at all.
//!
//! Each event carries a digest over itself and the digest before it ([`Catalog::verify`]), so that a
//! byte that changed on the disk is found and placed, and a noted [`Head`] stands for the whole log.
//!
//! # What a commit costs, and why a start costs none
//! The executor commits in groups: whatever ended since the last commit is one transaction, one
//! fsync. The start of an attempt must be known after a SIGKILL, so that the next attempt gets a
//! higher number, but it may not cost an fsync of its own: a chain of steps would pay two a step.
//! So a start is appended with one write(2), unsynced, to a file beside the catalog
//! (`<catalog>.starts`, module `starts`): the kernel has it, which is enough to outlive the process.
//! The same start rides in the next group commit, from then on as durable as everything else; the
//! next executor moves what only the file has into the log. A second connection to the database with
//! `synchronous=OFF` would do without the file, but would wait for the write lock, which is held
//! during every fsync. What a power cut can take away is a start that no commit followed; the epoch
//! still tells such an attempt from its successor.

mod among;
mod aside;
mod body;
mod chain;
mod error;
mod failpoint;
mod fence;
mod fingerprint;
mod log;
mod meaning;
mod memory;
mod partitions;
mod pieces;
#[cfg(feature = "postgres")]
mod postgres;
mod reading;
mod recorder;
mod schema;
mod sqlite;
mod starts;
mod store;
mod verified;
mod walk;
mod wipe;
mod writing;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::{monotonic_ns, unix_ms};
use crate::event::{
    BackfillInfo, CheckResult, Event, EventRecord, Materialization, Observation, PartitionChange,
    RunRecord, RunStatus, Tick,
};
use crate::key::AssetKey;

pub(crate) use among::Among;
pub use error::{CatalogError, Owner};
pub(crate) use failpoint::Failpoint;
#[cfg(test)]
pub(crate) use failpoint::FailpointMode;
pub use fence::Fence;
pub(crate) use fence::{NewestAttempt, Terms};
pub(crate) use fingerprint::{EachVersion, Version, fold, piece as piece_fingerprint};
pub use log::Log;
pub(crate) use memory::MemoryStore;
pub(crate) use partitions::effective;
pub(crate) use pieces::Pieces;
#[cfg(feature = "postgres")]
pub(crate) use postgres::{PostgresOwner, PostgresStore};
pub use recorder::Recorder;
pub(crate) use sqlite::SqliteStore;
#[cfg(test)]
pub(crate) use sqlite::steps;
pub(crate) use starts::{Start, StartLog, Starts};
pub(crate) use store::Store;
pub use verified::{Head, Verified};
pub(crate) use wipe::check_wipes;

/// What a committed catalog survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Power loss: WAL, `synchronous=FULL`; success is acknowledged after fsync.
    #[default]
    PowerLoss,
    /// SIGKILL of the process: WAL, `synchronous=NORMAL`; a power cut may take the newest commits,
    /// never tear one.
    ProcessCrash,
}

/// A catalog, open for reading.
#[derive(Clone)]
pub struct Catalog {
    store: Arc<Mutex<dyn Store>>,
}

/// How a run stands, by the catalog.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunInfo {
    /// What was asked for.
    pub record: Arc<RunRecord>,
    /// How it stands.
    pub status: RunStatus,
}

/// When a piece was last made or, if something else makes it, seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stamp {
    /// Its partition.
    pub partition: Option<Arc<str>>,
    /// The event in the log.
    pub seq: u64,
    /// When: milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Whether it was seen, as something else makes it; else it was made.
    pub observed: bool,
}

/// A piece that was wiped, and the event in the log.
pub(crate) type Wipe = (Option<Arc<str>>, u64);

/// What the newest tick of an automation left for its next evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    pub automation: Arc<str>,
    pub cursor: Option<String>,
    pub note: Option<String>,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndedRun {
    /// Its id.
    pub run: Arc<str>,
    /// How it ended.
    pub status: RunStatus,
    /// The event of its end in the log.
    pub seq: u64,
}

/// An event that is not yet committed.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub t_ns: u64,
    pub at_ms: u64,
    pub event: Event,
}

impl Draft {
    /// Events that happen now, together.
    pub fn all(events: Vec<Event>) -> Vec<Self> {
        let (t_ns, at_ms) = (monotonic_ns(), unix_ms());
        let draft = |event| Self { t_ns, at_ms, event };
        events.into_iter().map(draft).collect()
    }
}

impl Catalog {
    /// An empty catalog that ends with the process.
    #[must_use]
    pub fn memory() -> Self {
        Self {
            store: Arc::new(Mutex::new(MemoryStore::default())),
        }
    }

    /// Opens a catalog file to read, also while an executor runs on it: that needs no lock and no
    /// right to write, and leaves file and folder as they are. To execute, open an
    /// [`crate::Executor`].
    ///
    /// # Errors
    /// The file cannot be opened, is no catalog, or is of a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CatalogError> {
        let store = SqliteStore::open_to_read(path.as_ref())?;
        Ok(Self {
            store: Arc::new(Mutex::new(store)),
        })
    }

    /// Opens a catalog in PostgreSQL to read it, in the schema `asset_catalog` or that which the URL names as the
    /// search path (say `?options=-csearch_path%3Dname`). TLS by the system's
    /// certificates, where the server has it and the URL does not refuse it (`sslmode`). Any number of
    /// processes read and write.
    ///
    /// # Errors
    /// A URL that cannot be read, a server that cannot be reached, tables of a newer version, or no right to
    /// them. A password is in no message.
    #[cfg(feature = "postgres")]
    pub fn postgres(url: &str) -> Result<Self, CatalogError> {
        let store = PostgresStore::open_to_read(url)?;
        Ok(Self {
            store: Arc::new(Mutex::new(store)),
        })
    }

    /// How far the log goes.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn head(&self) -> Result<Head, CatalogError> {
        self.with(|store| store.head())
    }

    /// Looks at every record: the database's structure, the chain of digests, what the records say,
    /// and the tables derived from them. With a head that was noted before, also whether the log
    /// still goes that far, and is the same log.
    ///
    /// # Errors
    /// [`CatalogError::Corrupt`] names the first record, or row of a derived table, that is not as
    /// it was committed; else the file cannot be read at all.
    pub fn verify(&self, noted: Option<&Head>) -> Result<Verified, CatalogError> {
        self.with(|store| store.verify(noted))
    }

    /// Every run, in the order of submission.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        self.with(|store| store.runs())
    }

    /// The runs that have not ended, in the order of submission.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn open_runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        self.with(|store| store.open_runs())
    }

    /// How a run stands; `None` when it was never submitted.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn status(&self, run: &str) -> Result<Option<RunStatus>, CatalogError> {
        self.with(|store| store.status(run))
    }

    /// One run.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn run(&self, run: &str) -> Result<Option<RunInfo>, CatalogError> {
        self.with(|store| store.run(run))
    }

    /// The events of a run from its submission to its end, in the order of commit.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn events(&self, run: &str) -> Result<Vec<EventRecord>, CatalogError> {
        self.events_among(run, Among::All)
    }

    pub(crate) fn events_among(
        &self,
        run: &str,
        among: Among<'_>,
    ) -> Result<Vec<EventRecord>, CatalogError> {
        self.with(|store| store.events(run, among))
    }

    /// The newest materialization of a piece.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn latest(
        &self,
        asset: &AssetKey,
        partition: Option<&str>,
    ) -> Result<Option<Arc<Materialization>>, CatalogError> {
        self.with(|store| store.latest(asset, partition))
    }

    /// The newest materialization of each piece of an asset, by partition key.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn latest_of(&self, asset: &AssetKey) -> Result<Vec<Arc<Materialization>>, CatalogError> {
        self.with(|store| store.latest_of(asset, Pieces::All))
    }

    /// The newest observation of each piece of an asset, by partition key.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn observations_of(&self, asset: &AssetKey) -> Result<Vec<Arc<Observation>>, CatalogError> {
        self.with(|store| store.observations(asset, Pieces::All))
    }

    /// The newest result of each check of each piece of an asset, by partition key and name.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn checks_of(&self, asset: &AssetKey) -> Result<Vec<Arc<CheckResult>>, CatalogError> {
        let checks = self.with(|store| store.checks(asset, Pieces::All))?;
        Ok(checks.into_iter().map(|(_, check)| check).collect())
    }

    /// The newest recorded tick of each automation, which has its cursor, by name.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError> {
        self.with(|store| store.ticks())
    }

    /// What the newest tick of each automation left.
    pub(crate) fn left(&self) -> Result<Vec<Left>, CatalogError> {
        self.with(|store| store.left())
    }

    /// The runs that ended without success behind an event (0 = ever) and were not opened again, in
    /// the order of their ends. Costs what they are, however many runs there are.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn unsuccessful(&self, after: u64) -> Result<Vec<EndedRun>, CatalogError> {
        self.with(|store| store.ended([RunStatus::Failure, RunStatus::Canceled], after))
    }

    /// The runs that ended in one state behind an event (0 = ever) and were not opened again, in the order
    /// of their ends. Costs what they are, however many runs there are.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn ended(&self, status: RunStatus, after: u64) -> Result<Vec<EndedRun>, CatalogError> {
        self.with(|store| store.ended([status; 2], after))
    }

    /// How the runs stand whose ids begin with a name and a slash, such as those of an automation or
    /// of a backfill.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn statuses_of(&self, name: &str) -> Result<HashMap<String, RunStatus>, CatalogError> {
        let statuses = self.with(|store| store.statuses(&format!("{name}/")))?;
        Ok(statuses.into_iter().collect())
    }

    /// The runs whose end was asked for behind an event, each with the event of the request.
    pub(crate) fn cancel_requests(&self, after: u64) -> Result<Vec<(u64, String)>, CatalogError> {
        self.with(|store| store.cancel_requests(after))
    }

    /// The runs that ticks asked for and that are not yet submitted, in the order in which they were
    /// asked for.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn orders(&self) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        self.with(|store| store.orders())
    }

    /// Every backfill, oldest first.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        self.with(|store| store.backfills())
    }

    /// The backfills that have not ended, oldest first.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn open_backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        self.with(|store| store.open_backfills())
    }

    /// One backfill, `None` when nobody has asked for one under this id.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn backfill(&self, id: &str) -> Result<Option<BackfillInfo>, CatalogError> {
        self.with(|store| store.backfill(id))
    }

    /// How a backfill stands.
    pub(crate) fn backfill_status(&self, id: &str) -> Result<Option<RunStatus>, CatalogError> {
        self.with(|store| store.backfill_status(id))
    }

    /// When each piece of an asset was last made and, of what something else makes, last seen, in the
    /// order of that. A piece that was wiped was not made.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn stamps_of(&self, asset: &AssetKey) -> Result<Vec<Stamp>, CatalogError> {
        self.with(|store| store.stamps(asset, Pieces::All))
    }

    /// The assets of which the catalog has anything that counts: a materialization, an observation or
    /// the result of a check; by key.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn assets(&self) -> Result<Vec<AssetKey>, CatalogError> {
        self.with(|store| store.assets())
    }

    /// Every materialization of an asset that was ever recorded, whatever became of it, oldest first:
    /// how its metadata have changed. It goes through the whole log.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn history_of(&self, asset: &AssetKey) -> Result<Vec<EventRecord>, CatalogError> {
        self.with(|store| store.history(asset))
    }

    /// The keys of partitions that come and go ([`crate::Partitions::dynamic`]), by the name of their
    /// set, in the order in which they came.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn partitions(&self, set: &str) -> Result<Vec<Arc<str>>, CatalogError> {
        let keys = self.partitions_by_arrival(set)?.into_iter();
        Ok(keys.map(|(key, _)| key).collect())
    }

    /// The same, each with the event by which it came.
    pub(crate) fn partitions_by_arrival(
        &self,
        set: &str,
    ) -> Result<Vec<(Arc<str>, u64)>, CatalogError> {
        self.with(|store| store.partitions(set))
    }

    /// The changes among some that make a difference.
    pub(crate) fn effective(
        &self,
        changes: impl IntoIterator<Item = PartitionChange>,
    ) -> Result<Vec<PartitionChange>, CatalogError> {
        self.with(|store| effective(store, changes))
    }

    /// The last wipe of each piece of an asset that was wiped, by partition key.
    pub(crate) fn wipes_of(&self, asset: &AssetKey) -> Result<Vec<Wipe>, CatalogError> {
        self.with(|store| store.wipes(asset))
    }

    /// Checks that each wipe among some events meets something that was made.
    pub(crate) fn check_wipes(&self, events: &[Event]) -> Result<(), CatalogError> {
        self.with(|store| check_wipes(store, events))
    }

    /// The store itself, which a memory executor writes to as well.
    pub(crate) fn store(&self) -> Arc<Mutex<dyn Store>> {
        Arc::clone(&self.store)
    }

    fn with<T>(&self, read: impl FnOnce(&dyn Store) -> T) -> T {
        // A reader that panicked has changed nothing, so its poison means nothing.
        read(&*self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
