//! The executor: runs plans in parallel, records what happens, resumes what a dead one left.
//!
//! Worker threads take steps from a ready queue, at most [`ExecutorOptions::concurrency`] at once.
//! A finished step is handed to the commit: whichever worker finds no commit under way makes one
//! for everything that has ended by then (one transaction, one fsync), while the others go on
//! working. What depends on a step is released, and [`Executor::wait`] returns, only after that
//! commit. A chain of steps thus stays on one thread, without a switch, at one fsync a step; a wide
//! fan-out shares each fsync among many steps.
//!
//! A step that waits for its retry, or for a tag's limit, holds no thread and no slot. A step that fails for good holds
//! back what depends on it; independent branches go on.

mod abandon;
mod checking;
mod job;
mod limits;
mod looking;
mod outcome;
mod outside;
mod partitions;
mod request;
mod resume;
mod run_state;
mod scheduler;
mod step_worker;
mod submit;
mod worker;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalog::{
    Catalog, CatalogError, Failpoint, MemoryStore, SqliteStore, Start, StartLog, Starts, Store,
};
use crate::clock::Clock;
use crate::event::EventRecord;
use crate::lock::OwnerLock;

pub use limits::TagLimit;
pub use looking::Looked;
pub use outcome::{FailedStep, RunOutcome, StepCounts};
pub use request::{EngineError, ExecutorOptions, RunRequest, Submitted, UnfinishedRun};
use scheduler::Shared;
#[cfg(test)]
pub(crate) use step_worker::PageLimits;
pub use step_worker::{LanePage, StepEnd, StepError, StepWorker, Submission};

/// Executes runs on one catalog. Dropping it waits for the steps that are being executed, commits
/// them and leaves the rest for the next executor.
pub struct Executor {
    /// Released first: whose connection is the last one moves the write-ahead log into the file.
    catalog: Catalog,
    shared: Arc<Shared>,
    left: Mutex<Left>,
    warnings: Vec<String>,
    /// The event up to which requests to cancel were heeded.
    heeded: Mutex<u64>,
    /// Released last.
    _lock: Option<OwnerLock>,
}

/// Where attempts that begin are recorded, and those that a dead executor left there.
struct Begun {
    starts: Box<dyn Starts>,
    left: Vec<Start>,
}

/// Open runs of the previous executor that were not submitted again.
#[derive(Debug, Default)]
struct Left {
    runs: Vec<UnfinishedRun>,
    /// Their events, which are read at once: one by one, each would be looked for in the log of all.
    events: HashMap<Arc<str>, Vec<EventRecord>>,
}

impl Left {
    /// Lets runs go that are no longer left.
    fn forget(&mut self, runs: &HashSet<Arc<str>>) {
        self.runs.retain(|left| !runs.contains(left.run.as_str()));
        self.events.retain(|run, _| !runs.contains(run));
    }
}

/// What tests put in the place of time and of a faultless disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hooks {
    pub clock: Clock,
    pub failpoint: Failpoint,
}

impl Executor {
    /// Becomes the one executor of a catalog file, which is made when there is none.
    ///
    /// The epoch grows, attempts that died with the previous executor are closed in the log, and
    /// its open runs are listed by [`Executor::unfinished`].
    ///
    /// # Errors
    /// [`CatalogError::Locked`] when another executor lives and `options.lock` says [`crate::Lock::Fail`];
    /// else what is wrong with the file.
    pub fn open(path: impl AsRef<Path>, options: ExecutorOptions) -> Result<Self, CatalogError> {
        Self::open_with(path.as_ref(), options, Hooks::default())
    }

    pub(crate) fn open_with(
        path: &Path,
        options: ExecutorOptions,
        hooks: Hooks,
    ) -> Result<Self, CatalogError> {
        let lock = OwnerLock::take(path, options.lock)?;
        let mut store =
            SqliteStore::open(path, options.durability)?.with_failpoint(hooks.failpoint.clone());
        let mut warnings = store.take_warnings();
        let (starts, left) = StartLog::open(path, hooks.failpoint.clone())?;
        warnings.extend(left.damaged);
        let begun = Begun {
            starts: Box::new(starts),
            left: left.starts,
        };
        let mut executor = Self::on(store, begun, Catalog::open(path)?, options, hooks)?;
        executor.warnings = warnings;
        executor._lock = Some(lock);
        Ok(executor)
    }

    /// Becomes the one executor of a catalog in PostgreSQL ([`Catalog::postgres`]), on whatever host. With
    /// [`crate::Lock::Wait`] one on another host stands by.
    ///
    /// # Errors
    /// As [`Catalog::postgres`]; [`CatalogError::Locked`] when another executor lives and `options.lock` says
    /// [`crate::Lock::Fail`].
    #[cfg(feature = "postgres")]
    pub fn postgres(url: &str, options: ExecutorOptions) -> Result<Self, CatalogError> {
        use crate::catalog::{PostgresOwner, PostgresStore};
        let store = PostgresStore::open(url, options.durability)?;
        let (owner, left) = PostgresOwner::take(url, options.lock)?;
        let begun = Begun {
            starts: Box::new(owner),
            left,
        };
        Self::on(
            store,
            begun,
            Catalog::postgres(url)?,
            options,
            Hooks::default(),
        )
    }

    /// The executor of a store that is its own: raises the epoch and closes what a dead one had begun.
    fn on(
        mut store: impl Store + 'static,
        mut begun: Begun,
        catalog: Catalog,
        options: ExecutorOptions,
        hooks: Hooks,
    ) -> Result<Self, CatalogError> {
        let epoch = store.next_epoch()?;
        // Before it is looked what was asked for, so that nothing falls between the two looks.
        let heeded = store.head()?.seq;
        let left = Left {
            runs: resume::close_dead_attempts(&mut store, epoch, &begun.left)?,
            events: resume::by_run(store.open_events()?),
        };
        begun.starts.empty()?;
        let store = Arc::new(Mutex::new(store));
        Ok(Self {
            shared: Shared::new(store, Some(begun.starts), (epoch, heeded), options, hooks),
            heeded: Mutex::new(heeded),
            catalog,
            left: Mutex::new(left),
            warnings: Vec::new(),
            _lock: None,
        })
    }

    /// An executor on a catalog in memory; durability and lock mean nothing to it.
    #[must_use]
    pub fn memory(options: ExecutorOptions) -> Self {
        Self::memory_with(options, Hooks::default())
    }

    pub(crate) fn memory_with(options: ExecutorOptions, hooks: Hooks) -> Self {
        let catalog = Catalog::memory();
        // The first epoch of a new store, which cannot fail to count to one.
        let epoch = MemoryStore::FIRST_EPOCH;
        Self {
            shared: Shared::new(catalog.store(), None, (epoch, 0), options, hooks),
            heeded: Mutex::default(),
            catalog,
            left: Mutex::default(),
            warnings: Vec::new(),
            _lock: None,
        }
    }

    /// The catalog, for reading.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The fencing epoch of this executor.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.shared.epoch
    }

    /// The runs that the previous executor left open and that were not submitted again since.
    #[must_use]
    pub fn unfinished(&self) -> Vec<UnfinishedRun> {
        self.left().runs.clone()
    }

    /// What was damaged in the catalog's files when it was opened, and was set aside beside them
    /// (`….damaged`), so that it can go on with the rest.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a run has ended and tells how.
    ///
    /// # Errors
    /// The run is unknown or not resumed, or the catalog failed meanwhile.
    pub fn wait(&self, run: &str) -> Result<RunOutcome, EngineError> {
        if let Some(outcome) = self.shared.wait(run)? {
            return Ok(outcome);
        }
        let outcome = RunOutcome::read(&self.catalog, run)?;
        outcome.ok_or_else(|| EngineError::NotResumed {
            run: run.to_owned(),
        })
    }

    /// Submits a run and waits for it. One of this id that has ended is not executed again, and its
    /// outcome says so ([`RunOutcome::ended_before`]).
    ///
    /// # Errors
    /// As [`Executor::submit`] and [`Executor::wait`].
    pub fn run(&self, request: RunRequest) -> Result<RunOutcome, EngineError> {
        let run = request.run.clone();
        let submitted = self.submit(request)?;
        let mut outcome = self.wait(&run)?;
        outcome.ended_before = matches!(submitted, Submitted::Ended(_));
        Ok(outcome)
    }

    /// Cancels a run that is under way here: what has not begun will not; what is being executed is
    /// finished and kept. One that an executor left open when it died is closed. Tells whether the
    /// run was either; if not, it has ended before, or was never submitted.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn cancel(&self, run: &str) -> Result<bool, EngineError> {
        Ok(Shared::cancel(&self.shared, run)? || self.close_left(run)?)
    }

    /// Cancels a run and gives up what is being executed: steps in processes of their own are
    /// killed, the result of a step in this process is dropped whenever it comes. Tells the same as
    /// [`Executor::cancel`].
    ///
    /// # Errors
    /// The catalog failed.
    pub fn abort(&self, run: &str) -> Result<bool, EngineError> {
        Ok(Shared::abort(&self.shared, run)? || self.close_left(run)?)
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("epoch", &self.shared.epoch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
