//! What an executor is asked and how it can refuse.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZero;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use super::limits::TagLimit;
use crate::catalog::{Catalog, CatalogError, Durability, RunInfo};
use crate::event::{Mode, RunRecord, RunStatus, RunTags};
use crate::graph::{AssetGraph, Difference, GraphError, Identity, difference, other_work};
use crate::key::AssetKey;
use crate::lock::Lock;
use crate::selection::{Selection, SelectionError};

/// How an executor works.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutorOptions {
    /// Steps executed at once, over all runs; at least 1.
    pub concurrency: NonZero<usize>,
    /// Further limits on steps with a tag.
    pub tag_limits: Vec<TagLimit>,
    /// What a committed step survives.
    pub durability: Durability,
    /// What to do when another executor owns the catalog.
    pub lock: Lock,
}

impl Default for ExecutorOptions {
    /// As many steps as there are processors, safe against power loss, failing on a locked catalog.
    fn default() -> Self {
        Self {
            concurrency: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
            tag_limits: Vec::new(),
            durability: Durability::default(),
            lock: Lock::default(),
        }
    }
}

impl ExecutorOptions {
    /// Sets how many steps are executed at once; 0 is taken as 1.
    #[must_use]
    pub fn concurrency(mut self, steps: usize) -> Self {
        self.concurrency = NonZero::new(steps).unwrap_or(NonZero::<usize>::MIN);
        self
    }

    /// Limits the steps at once whose assets or runs have a tag, of one value or, with `None`, of any; 0 is
    /// taken as 1.
    #[must_use]
    pub fn tag_limit(mut self, tag: &str, value: Option<&str>, steps: usize) -> Self {
        self.tag_limits.push(TagLimit {
            tag: tag.to_owned(),
            value: value.map(str::to_owned),
            steps: NonZero::new(steps).unwrap_or(NonZero::<usize>::MIN),
        });
        self
    }

    /// Sets the durability.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets what happens on a locked catalog.
    #[must_use]
    pub fn lock(mut self, lock: Lock) -> Self {
        self.lock = lock;
        self
    }
}

/// What to run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RunRequest {
    /// Id of the run, unique in a catalog.
    pub run: String,
    /// The assets.
    pub graph: Arc<AssetGraph>,
    /// Which of them.
    pub selection: Selection,
    /// All of the selection, or what is stale.
    pub mode: Mode,
    /// Handed to every step.
    pub config: Value,
    /// Free labels, which limits may name ([`ExecutorOptions::tag_limit`]).
    pub tags: RunTags,
    /// Whether a run of this id that failed or was cancelled is opened again: what it made stays,
    /// what failed or was left out is executed, with all its retries. Otherwise it is left as it is.
    pub reopen: bool,
}

/// What came of submitting a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Submitted {
    /// It is new.
    New,
    /// It was left open by an executor that died, and goes on.
    Resumed,
    /// It had ended like this, and goes on.
    Reopened(RunStatus),
    /// It is under way here already.
    UnderWay,
    /// It has ended like this; nothing is executed.
    Ended(RunStatus),
}

impl RunRequest {
    /// Everything in a graph, fresh or not, without configuration.
    pub fn new(run: impl Into<String>, graph: Arc<AssetGraph>) -> Self {
        Self {
            run: run.into(),
            graph,
            selection: Selection::all(),
            mode: Mode::All,
            config: Value::Null,
            tags: RunTags::default(),
            reopen: false,
        }
    }

    /// The same under an id made for it, such as `2013-01-01T06:00:00.000Z-7f3a2b1c00d1e2f3`: the
    /// time, and a number drawn by lot.
    #[must_use]
    pub fn unnamed(graph: Arc<AssetGraph>) -> Self {
        let lot = RandomState::new().hash_one(std::process::id());
        Self::new(format!("{:.3}-{lot:016x}", Timestamp::now()), graph)
    }

    /// Sets which of the assets.
    #[must_use]
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Sets whether all of the selection runs, or what is stale.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets what is handed to every step.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.tags).insert(name.into(), value.into());
        self
    }

    /// Opens a run of this id again that failed or was cancelled.
    #[must_use]
    pub fn reopen(mut self) -> Self {
        self.reopen = true;
        self
    }

    /// What the catalog keeps of it.
    pub(super) fn record(&self) -> Arc<RunRecord> {
        Arc::new(RunRecord {
            run: Arc::from(self.run.as_str()),
            selection: self.selection.clone(),
            mode: self.mode,
            config: Arc::new(self.config.clone()),
            tags: Arc::clone(&self.tags),
            identity: Arc::clone(self.graph.identity()),
        })
    }

    /// What a record asks for, to be submitted again.
    #[must_use]
    pub fn of(record: &RunRecord, graph: Arc<AssetGraph>) -> Self {
        Self {
            run: record.run.to_string(),
            graph,
            selection: record.selection.clone(),
            mode: record.mode,
            config: record.config.as_ref().clone(),
            tags: Arc::clone(&record.tags),
            reopen: false,
        }
    }

    /// Asks for a run again that a dead executor left open, to resume it.
    #[must_use]
    pub fn from_unfinished(left: UnfinishedRun, graph: Arc<AssetGraph>) -> Self {
        Self {
            run: left.run,
            graph,
            selection: left.selection,
            mode: left.mode,
            config: left.config,
            tags: left.tags,
            reopen: false,
        }
    }
}

/// A run that an executor left open when it died.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnfinishedRun {
    /// Id of the run; submit it again to resume it.
    pub run: String,
    /// What it was to materialize.
    pub selection: Selection,
    /// In which mode.
    pub mode: Mode,
    /// With which configuration.
    pub config: Value,
    /// Its labels.
    pub tags: RunTags,
    /// On which graph.
    pub identity: Arc<Identity>,
}

/// Why a run cannot be submitted or waited for. A failed run is no error but a [`crate::RunOutcome`].
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The catalog failed, and the executor has stopped; or it refused a report
    /// ([`CatalogError::NothingToWipe`]).
    #[error(transparent)]
    Catalog(Arc<CatalogError>),
    /// The selection does not fit the graph.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The configuration is not of the type that an asset has said ([`crate::Asset::configured_by`]).
    #[error("run {run}: configuration: asset {asset}: {reason}")]
    Config {
        /// Id of the run.
        run: String,
        /// The asset.
        asset: AssetKey,
        /// What is wrong, in the words of serde.
        reason: String,
    },
    /// With the partitions that there are now, the assets are no graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A run of this id exists and was asked for differently.
    #[error("run {run}: submitted before with another {field}: {recorded}, now {requested}")]
    RunConflict {
        /// Id of the run.
        run: String,
        /// `selection`, `mode`, `config`, `tags`, or a part of the graph's identity, such as `source`.
        field: String,
        /// What the catalog has.
        recorded: String,
        /// What was asked for now.
        requested: String,
    },
    /// No run of this id was submitted.
    #[error("run {run}: not in the catalog")]
    UnknownRun {
        /// Id of the run.
        run: String,
    },
    /// The run was left open by a dead executor and not submitted again.
    #[error("run {run}: left open by an executor that died; submit it again to resume it")]
    NotResumed {
        /// Id of the run.
        run: String,
    },
    /// A backfill of this id exists and was asked for differently.
    #[error("backfill {id}: requested before with another {field}: {recorded}, now {requested}")]
    BackfillConflict {
        /// Id of the backfill.
        id: String,
        /// `selection`, `partitions`, another setting, or a part of the graph's identity.
        field: String,
        /// What the catalog has.
        recorded: String,
        /// What was asked for now.
        requested: String,
    },
    /// There is nothing to check: the selection has no asset with a check, or none of those was made.
    #[error("checks of {selection}: expected a check of something that was made, found {found}")]
    NothingToCheck {
        /// What was to be checked.
        selection: String,
        /// What it has.
        found: &'static str,
    },
    /// A backfill of nothing.
    #[error("backfill {id}: no partitions, expected at least one")]
    EmptyBackfill {
        /// Id of the backfill.
        id: String,
    },
    /// No backfill of this id was requested.
    #[error("backfill {id}: not in the catalog")]
    UnknownBackfill {
        /// Id of the backfill.
        id: String,
    },
    /// A worker thread could not be started, or panicked outside a step.
    #[error("executor stopped: {0}")]
    Stopped(String),
}

impl From<CatalogError> for EngineError {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(Arc::new(error))
    }
}

/// A run that the catalog has to know.
pub(super) fn known(catalog: &Catalog, run: &str) -> Result<RunInfo, EngineError> {
    catalog.run(run)?.ok_or_else(|| EngineError::UnknownRun {
        run: run.to_owned(),
    })
}

/// Whether an open run, last asked for on one graph, may go on on another.
pub(super) fn same_inputs(
    run: &str,
    asked_on: &Identity,
    own: &Identity,
) -> Result<(), EngineError> {
    match difference(asked_on, own) {
        Some(other) if !asked_on.is_empty() => Err(conflict_on(run, other)),
        _ => Ok(()),
    }
}

fn conflict_on(run: &str, other: Difference) -> EngineError {
    EngineError::RunConflict {
        run: run.to_owned(),
        field: other.part,
        recorded: other.asked_on,
        requested: other.own,
    }
}

/// Whether a run that is known was asked for in the same way.
pub(super) fn same_request(recorded: &RunRecord, requested: &RunRecord) -> Result<(), EngineError> {
    let conflict =
        |field: &str, recorded: String, requested_text: String| EngineError::RunConflict {
            run: requested.run.to_string(),
            field: field.to_owned(),
            recorded,
            requested: requested_text,
        };
    // A catalog of an older version does not say. Inputs count only for a run that is open.
    if !recorded.identity.is_empty()
        && let Some(other) = other_work(&recorded.identity, &requested.identity)
    {
        return Err(conflict_on(&requested.run, other));
    }
    if recorded.selection != requested.selection {
        return Err(conflict(
            "selection",
            format!("{:?}", recorded.selection),
            format!("{:?}", requested.selection),
        ));
    }
    if recorded.mode != requested.mode {
        return Err(conflict(
            "mode",
            format!("{:?}", recorded.mode),
            format!("{:?}", requested.mode),
        ));
    }
    if recorded.config != requested.config {
        return Err(conflict(
            "config",
            recorded.config.to_string(),
            requested.config.to_string(),
        ));
    }
    if recorded.tags != requested.tags {
        return Err(conflict(
            "tags",
            format!("{:?}", recorded.tags),
            format!("{:?}", requested.tags),
        ));
    }
    Ok(())
}
