//! Single steps of runs that something else keeps, such as a workflow: it says when a step is executed, on which
//! host, and again after a crash; this says what there is to do, does it, and records it on a catalog that all hosts
//! share.
//!
//! Nothing of a run is kept here but what can be read again. A run is submitted once, asked for its lanes stage by
//! stage, and ended; between that, each step is executed by itself. Steps in process are those of the
//! [`crate::Executor`]: the same judgement of staleness, the same retries, the same events. An attempt is fenced by its
//! number, which the catalog hands out: one that was thought dead and comes back late commits nothing
//! ([`CatalogError::Overtaken`]).

mod attempt;
mod held_back;
mod pages;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use thiserror::Error;

use super::looking::{Looked, look};
use super::request::{known, same_inputs, same_request};
use super::resume::{Piece, Progress};
use super::run_state::plan;
use super::{EngineError, RunRequest, Submitted, resume};
use crate::catalog::{
    Among, Catalog, CatalogError, Draft, Durability, Fence, SqliteStore, Store, Terms,
};
use crate::event::{Event, RunRecord, RunStatus};
use crate::graph::AssetGraph;
use crate::key::AssetKey;
use crate::plan::{Plan, PlannedStep, Stages};

pub use attempt::StepEnd;
pub use pages::LanePage;
pub(crate) use pages::PageLimits;

/// The tag by which a run says that no executor is to go on with it.
pub(super) const KEPT_ELSEWHERE: &str = "asset-engine/kept-elsewhere";

/// Runs of which this much is kept, so that not every step reads the plan anew.
const RUNS_KEPT: usize = 16;

/// Executes single steps of runs that something else keeps.
pub struct StepWorker {
    graph: Arc<AssetGraph>,
    catalog: Catalog,
    store: Mutex<Box<dyn Store>>,
    runs: Mutex<VecDeque<Arc<Kept>>>,
    /// What time it is for partitions that come with it, in the place of the clock.
    at: Option<Timestamp>,
    limits: PageLimits,
}

/// What came of submitting a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submission {
    /// How it stands.
    pub submitted: Submitted,
    /// How many steps it may come to.
    pub steps: u64,
    /// How many stages it has, see [`StepWorker::lanes`].
    pub stages: u32,
}

/// Why a step was not executed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum StepError {
    /// The run, the graph or the catalog.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The run has no such step.
    #[error("run {run}: no step {asset}{}", .partition.as_deref().map(|key| format!(" {key}")).unwrap_or_default())]
    Unknown {
        /// Id of the run.
        run: String,
        /// The asset.
        asset: AssetKey,
        /// Its partition.
        partition: Option<String>,
    },
}

/// The time between two turns of a run: it is submitted, ends, is opened again, and ends again. A host that was frozen at
/// one of them and wakes after the next one is refused ([`CatalogError::Overtaken`]).
pub(in crate::executor) struct Life<'a> {
    worker: &'a StepWorker,
    what: String,
    /// Turns so far.
    number: u32,
}

impl From<CatalogError> for StepError {
    fn from(error: CatalogError) -> Self {
        Self::Engine(error.into())
    }
}

/// What follows from the request of a run.
struct Kept {
    record: Arc<RunRecord>,
    graph: Arc<AssetGraph>,
    plan: Plan,
    stages: Stages,
}

impl StepWorker {
    /// On a catalog file, which is made when there is none: for hosts that share a disk.
    ///
    /// # Errors
    /// As [`crate::Recorder::open`].
    pub fn open(
        path: impl AsRef<Path>,
        durability: Durability,
        graph: Arc<AssetGraph>,
    ) -> Result<Self, CatalogError> {
        let path = path.as_ref();
        let store = SqliteStore::open(path, durability)?;
        Ok(Self::on(Box::new(store), Catalog::open(path)?, graph))
    }

    /// On a catalog in PostgreSQL, whose data is in a place by a name ([`crate::Recorder::postgres_at`]).
    ///
    /// # Errors
    /// As [`crate::Recorder::postgres_at`].
    #[cfg(feature = "postgres")]
    pub fn postgres(
        url: &str,
        durability: Durability,
        home: &str,
        graph: Arc<AssetGraph>,
    ) -> Result<Self, CatalogError> {
        let store = crate::catalog::PostgresStore::open(url, durability)?;
        store.settle(home)?;
        Ok(Self::on(Box::new(store), Catalog::postgres(url)?, graph))
    }

    fn on(store: Box<dyn Store>, catalog: Catalog, graph: Arc<AssetGraph>) -> Self {
        Self {
            graph,
            catalog,
            store: Mutex::new(store),
            runs: Mutex::default(),
            at: None,
            limits: PageLimits::default(),
        }
    }

    #[cfg(test)]
    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.at = Some(now);
        self
    }

    #[cfg(test)]
    pub(crate) fn limits(mut self, limits: PageLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The graph with the partitions that there were at a time, in milliseconds since the Unix epoch, or are now. Keys
    /// that come and go are those that there are now.
    fn graph_at(&self, at_ms: Option<u64>) -> Result<Arc<AssetGraph>, EngineError> {
        let at = at_ms.and_then(|at_ms| Timestamp::from_millisecond(at_ms.try_into().ok()?).ok());
        match self.at.or(at) {
            Some(at) => self.graph.current_at(&self.catalog, at),
            None => self.graph.current(&self.catalog),
        }
    }

    /// The catalog, for reading.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The graph, as it was given.
    #[must_use]
    pub fn graph(&self) -> Arc<AssetGraph> {
        Arc::clone(&self.graph)
    }

    /// Whether a run is one that something else keeps, so that no executor goes on with it.
    #[must_use]
    pub fn keeps(record: &RunRecord) -> bool {
        record.tags.contains_key(KEPT_ELSEWHERE)
    }

    /// Looks at what is outside of the engine, as [`crate::Executor::look`] does.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn look(&self) -> Result<Looked, EngineError> {
        let looked = look(&*self.graph_at(None)?, &self.catalog, 0)?;
        self.commit_any(Terms::Beside(None), looked.events(0))?;
        Ok(looked)
    }

    /// Takes a run in, and says what it may come to: returns once that is committed. One that was taken in before is
    /// left as it is; with [`RunRequest::reopen`], one that failed or was cancelled goes on. The graph is the worker's.
    ///
    /// # Errors
    /// As [`crate::Executor::submit`].
    pub fn submit(&self, mut request: RunRequest) -> Result<Submission, EngineError> {
        request = request.tag(KEPT_ELSEWHERE, "true");
        request.graph = self.graph_at(None)?;
        let record = request.record();
        let kept = Kept::new(Arc::clone(&record), request.graph)?;
        let life = self.life(&record.run)?;
        let submitted = match self.catalog.run(&record.run)? {
            None => {
                life.turn(vec![Event::RunSubmitted(Arc::clone(&record))])?;
                Submitted::New
            }
            Some(info) => {
                same_request(&info.record, &record)?;
                match info.status {
                    RunStatus::Started => Submitted::UnderWay,
                    RunStatus::Failure | RunStatus::Canceled if request.reopen => {
                        life.turn(vec![Event::RunResumed {
                            run: Arc::clone(&record.run),
                            identity: Arc::clone(&record.identity),
                        }])?;
                        Submitted::Reopened(info.status)
                    }
                    ended => Submitted::Ended(ended),
                }
            }
        };
        // Laid out as every host will lay it out, if it may go on on what there is now.
        self.forget(&record.run);
        let kept = match submitted {
            Submitted::Ended(_) => Arc::new(kept),
            _ => self.kept(&record.run)?,
        };
        Ok(Submission {
            submitted,
            steps: kept.plan.len() as u64,
            // There are no more than steps.
            stages: u32::try_from(kept.stages.len()).unwrap_or(u32::MAX),
        })
    }

    /// Ends a run, of which so many steps were found fresh, as its steps ended or as `status` says; tells how. One that has
    /// ended before stays so.
    ///
    /// # Errors
    /// The run is unknown, or the catalog failed.
    pub fn end(
        &self,
        run: &str,
        fresh: u64,
        status: Option<RunStatus>,
    ) -> Result<RunStatus, EngineError> {
        let life = self.life(run)?;
        let info = known(&self.catalog, run)?;
        if info.status != RunStatus::Started {
            return Ok(info.status);
        }
        let status = match status {
            Some(status) => status,
            None if self.unmade(run)?.values().any(Progress::is_failure) => RunStatus::Failure,
            None => RunStatus::Success,
        };
        let ended = Event::RunEnded {
            run: Arc::clone(&info.record.run),
            status,
            fresh,
        };
        life.turn(vec![ended])?;
        Ok(status)
    }

    /// Which life a run is in, to be asked for before what follows from it is read.
    pub(in crate::executor) fn life(&self, run: &str) -> Result<Life<'_>, CatalogError> {
        let what = format!("{run} as a whole");
        let number = self.store().newest_attempt(&what)?.attempt;
        Ok(Life {
            worker: self,
            what,
            number,
        })
    }

    /// What follows from the request of a run, which is read once.
    fn kept(&self, run: &str) -> Result<Arc<Kept>, EngineError> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = runs.iter().find(|kept| kept.record.run.as_ref() == run) {
            return Ok(Arc::clone(kept));
        }
        let info = known(&self.catalog, run)?;
        let course = self.catalog.events_among(run, Among::Unmade)?;
        // By the time at which it was asked for, so that every host has the same plan.
        let at = course.first().map(|submitted| submitted.at_ms);
        let graph = self.graph_at(at)?;
        let asked_on = resume::asked_on(&info.record, &course);
        same_inputs(run, &asked_on, graph.identity())?;
        let kept = Arc::new(Kept::new(info.record, graph)?);
        runs.truncate(RUNS_KEPT - 1);
        runs.push_front(Arc::clone(&kept));
        Ok(kept)
    }

    /// Lays a run out anew when it is next asked for.
    fn forget(&self, run: &str) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|kept| kept.record.run.as_ref() != run);
    }

    /// Begins an attempt as a host does that dies right after.
    #[cfg(test)]
    pub(crate) fn begin_as(
        &self,
        fence: &Fence<'_>,
        events: Vec<Event>,
    ) -> Result<(), CatalogError> {
        self.commit(Terms::Beginning(fence), events)
    }

    fn commit(&self, terms: Terms<'_>, events: Vec<Event>) -> Result<(), CatalogError> {
        self.store().commit_on(terms, &Draft::all(events)).map(drop)
    }

    /// The same, where there is something to commit.
    fn commit_any(&self, terms: Terms<'_>, events: Vec<Event>) -> Result<(), CatalogError> {
        match events.is_empty() {
            true => Ok(()),
            false => self.commit(terms, events),
        }
    }

    fn store(&self) -> MutexGuard<'_, Box<dyn Store>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life<'_> {
    /// Begins or ends it, unless somebody was first.
    pub(in crate::executor) fn turn(&self, events: Vec<Event>) -> Result<(), CatalogError> {
        let next = Fence {
            what: &self.what,
            attempt: self.number + 1,
        };
        self.worker.commit(Terms::Beginning(&next), events)
    }

    /// Commits something in it, if there is something, unless it is over.
    pub(in crate::executor) fn commit_any(&self, events: Vec<Event>) -> Result<(), CatalogError> {
        let fence = Fence {
            what: &self.what,
            attempt: self.number,
        };
        self.worker.commit_any(Terms::Beside(Some(&fence)), events)
    }
}

impl Kept {
    fn new(record: Arc<RunRecord>, graph: Arc<AssetGraph>) -> Result<Self, EngineError> {
        let plan = plan(&graph, &record)?;
        Ok(Self {
            stages: Stages::of(&graph, &plan),
            record,
            graph,
            plan,
        })
    }

    /// The step of a piece.
    fn find(&self, asset: &AssetKey, partition: Option<&str>) -> Option<u32> {
        let index = self.graph.index(asset)?;
        let position = self.graph.asset(index).partitions.position(partition)?;
        self.plan.find(index, position)
    }

    /// The name of the piece of a step.
    fn piece(&self, step: u32) -> Piece {
        let PlannedStep { asset, position } = self.plan.step(step);
        let asset = self.graph.asset(asset);
        (asset.key.clone(), asset.partitions.key(position).cloned())
    }
}

impl std::fmt::Debug for StepWorker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepWorker").finish_non_exhaustive()
    }
}
