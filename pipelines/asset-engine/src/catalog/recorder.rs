//! Recording facts beside whoever executes.

use std::path::Path;
use std::sync::Arc;

use super::{
    CatalogError, Draft, Durability, Fence, SqliteStore, Store, Terms, check_wipes, effective,
};
use crate::event::{Event, PartitionChange, Report, RunStatus};

/// Records what happened outside of any run, and what somebody asks of the one who executes. It
/// needs no lock: an executor on the same catalog goes on, and sees what is recorded.
pub struct Recorder {
    store: Box<dyn Store>,
}

impl Recorder {
    /// Opens a catalog file, making it when there is none.
    ///
    /// # Errors
    /// The file cannot be opened, is no catalog, or is of a newer version.
    pub fn open(path: impl AsRef<Path>, durability: Durability) -> Result<Self, CatalogError> {
        let store = SqliteStore::open(path.as_ref(), durability)?;
        Ok(Self {
            store: Box::new(store),
        })
    }

    /// Opens a catalog in PostgreSQL, as [`crate::Catalog::postgres`] does.
    ///
    /// # Errors
    /// As [`crate::Catalog::postgres`].
    #[cfg(feature = "postgres")]
    pub fn postgres(url: &str, durability: Durability) -> Result<Self, CatalogError> {
        let store = super::PostgresStore::open(url, durability)?;
        Ok(Self {
            store: Box::new(store),
        })
    }

    /// Opens a catalog in PostgreSQL whose data is in a place, by a name that all have for it: whoever comes from another
    /// place is refused, as what it looked for there it would take for gone.
    ///
    /// # Errors
    /// [`CatalogError::Home`]; else as [`Recorder::postgres`].
    #[cfg(feature = "postgres")]
    pub fn postgres_at(
        url: &str,
        durability: Durability,
        home: &str,
    ) -> Result<Self, CatalogError> {
        let store = super::PostgresStore::open(url, durability)?;
        store.settle(home)?;
        Ok(Self {
            store: Box::new(store),
        })
    }

    /// Records what was made, seen or checked: all of it in one commit, durable when this returns. As with
    /// [`crate::Executor::record_all`], no graph is asked.
    ///
    /// # Errors
    /// [`CatalogError::NothingToWipe`] for a wipe of what is not there; else the catalog failed.
    pub fn record_all<I>(&mut self, reports: I) -> Result<(), CatalogError>
    where
        I: IntoIterator,
        I::Item: Into<Report>,
    {
        self.record(None, reports)
    }

    /// The same for one of several attempts that may overlap, as those of a workflow's activity do when a worker
    /// is thought dead: refused once a later one has recorded something, be it only that it begins (no report).
    ///
    /// # Errors
    /// [`CatalogError::Overtaken`]; else as [`Recorder::record_all`].
    pub fn record_fenced<I>(&mut self, fence: &Fence<'_>, reports: I) -> Result<(), CatalogError>
    where
        I: IntoIterator,
        I::Item: Into<Report>,
    {
        self.record(Some(fence), reports)
    }

    fn record<I>(&mut self, fence: Option<&Fence<'_>>, reports: I) -> Result<(), CatalogError>
    where
        I: IntoIterator,
        I::Item: Into<Report>,
    {
        // The record has the epoch of the executor that it lies beside.
        let event = |report: I::Item| report.into().into_event(0);
        let events: Vec<Event> = reports.into_iter().map(event).collect();
        check_wipes(&*self.store, &events)?;
        self.append(fence, events)
    }

    /// Has partitions come and go, in one commit; gives how many changes made a difference.
    ///
    /// # Errors
    /// A name that a set or a key cannot have; else the catalog failed.
    pub fn change_partitions(
        &mut self,
        changes: impl IntoIterator<Item = PartitionChange>,
    ) -> Result<usize, CatalogError> {
        let changes = effective(&*self.store, changes)?;
        let count = changes.len();
        if count > 0 {
            let events = changes.into_iter().map(Event::PartitionChanged);
            self.append(None, events.collect())?;
        }
        Ok(count)
    }

    /// Asks for the end of runs, which [`crate::Executor::heed`] brings about where they are under
    /// way; one that a dead executor left open is closed by the next one. Gives those that are open; of the
    /// others, which have ended or were never submitted, nothing is recorded.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn request_cancel<'a>(
        &mut self,
        runs: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<&'a str>, CatalogError> {
        let mut open = Vec::new();
        for run in runs {
            if self.store.status(run)? == Some(RunStatus::Started) {
                open.push(run);
            }
        }
        let event = |run: &&str| Event::CancelRequested {
            run: Arc::from(*run),
        };
        if !open.is_empty() {
            self.append(None, open.iter().map(event).collect())?;
        }
        Ok(open)
    }

    /// Ends a backfill as cancelled, so that no further run of it is submitted. Its runs go on. Tells
    /// whether it was open; if not, it has ended before, or was never requested.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn cancel_backfill(&mut self, id: &str) -> Result<bool, CatalogError> {
        let is_open = self.store.backfill_status(id)? == Some(RunStatus::Started);
        if is_open {
            let ended = Event::BackfillEnded {
                id: Arc::from(id),
                status: RunStatus::Canceled,
            };
            self.append(None, vec![ended])?;
        }
        Ok(is_open)
    }

    fn append(
        &mut self,
        fence: Option<&Fence<'_>>,
        events: Vec<Event>,
    ) -> Result<(), CatalogError> {
        let drafts = Draft::all(events);
        self.store
            .commit_on(Terms::Beside(fence), &drafts)
            .map(drop)
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}
