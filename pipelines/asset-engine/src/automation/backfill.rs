//! Backfills: a range of partitions, materialized in runs of their own.
//!
//! The catalog has what was asked for; how far it is follows from its runs, whose ids follow from
//! its own. So a backfill needs no state besides, and goes on after a crash where it was.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::catalog::{Catalog, CatalogError};
use crate::event::{BackfillInfo, BackfillRecord, Event, Mode, RunStatus};
use crate::executor::{EngineError, Executor, RunRequest};
use crate::graph::AssetGraph;
use crate::plan::Plan;
use crate::selection::Selection;

/// A backfill on an executor.
#[derive(Debug)]
pub struct Backfill<'a> {
    executor: &'a Executor,
    graph: &'a Arc<AssetGraph>,
    record: Arc<BackfillRecord>,
}

/// How far a backfill is, in partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BackfillProgress {
    /// How it stands.
    pub status: RunStatus,
    /// All of its partitions.
    pub total: usize,
    /// Those of runs that succeeded.
    pub succeeded: usize,
    /// Those of runs that failed.
    pub failed: usize,
    /// Those of runs that were cancelled.
    pub canceled: usize,
    /// Those of runs under way.
    pub under_way: usize,
    /// Those whose run is still to come.
    pub waiting: usize,
}

impl BackfillRecord {
    /// All of a selection in each of some partitions, one run a partition, four runs at once.
    pub fn new<I>(id: impl Into<String>, selection: Selection, partitions: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            id: id.into(),
            selection,
            partitions: partitions.into_iter().map(Into::into).collect(),
            per_run: NonZero::<usize>::MIN,
            at_once: NonZero::<usize>::MIN.saturating_add(3),
            mode: Mode::All,
            config: Value::Null,
        }
    }
}

impl<'a> Backfill<'a> {
    pub(super) fn new(
        executor: &'a Executor,
        graph: &'a Arc<AssetGraph>,
        record: Arc<BackfillRecord>,
    ) -> Self {
        Self {
            executor,
            graph,
            record,
        }
    }

    /// Accepts a backfill: returns once that is committed. One that the catalog has already, asked
    /// for in the same way, is taken up again.
    ///
    /// # Errors
    /// The selection or a partition does not fit the graph, the id was used for another backfill,
    /// or the catalog failed.
    pub fn request(
        executor: &'a Executor,
        graph: &'a Arc<AssetGraph>,
        record: BackfillRecord,
    ) -> Result<Self, EngineError> {
        if let Some(known) = find(executor.catalog(), &record.id)? {
            if *known.record != record {
                return Err(EngineError::BackfillConflict { id: record.id });
            }
            return Ok(Self::new(executor, graph, known.record));
        }
        if record.partitions.is_empty() {
            return Err(EngineError::EmptyBackfill { id: record.id });
        }
        let all = record.selection.clone();
        Plan::new(graph, &all.with_partitions(&record.partitions))?;
        let record = Arc::new(record);
        executor.append(vec![Event::BackfillRequested(Arc::clone(&record))])?;
        Ok(Self::new(executor, graph, record))
    }

    /// A backfill that the catalog has.
    ///
    /// # Errors
    /// There is none of this id, or the catalog failed.
    pub fn of(
        executor: &'a Executor,
        graph: &'a Arc<AssetGraph>,
        id: &str,
    ) -> Result<Self, EngineError> {
        let info = find(executor.catalog(), id)?;
        let info = info.ok_or_else(|| EngineError::UnknownBackfill { id: id.to_owned() })?;
        Ok(Self::new(executor, graph, info.record))
    }

    /// Submits as many of its runs as may be under way, resumes those that a dead executor left,
    /// and records its end when all have ended.
    ///
    /// # Errors
    /// A run cannot be submitted, or the catalog failed.
    pub fn advance(&self) -> Result<BackfillProgress, EngineError> {
        let before = self.progress()?;
        if before.status != RunStatus::Started {
            return Ok(before);
        }
        let statuses = self.statuses()?;
        let mut under_way = 0;
        for run in self.record.runs() {
            let started = match statuses.get(run.run.as_ref()) {
                Some(status) => *status == RunStatus::Started,
                None => under_way < self.record.at_once.get(),
            };
            if started {
                under_way += 1;
                // Nothing happens to a run that is under way here.
                self.executor
                    .submit(RunRequest::of(&run, Arc::clone(self.graph)))?;
            }
        }
        let after = self.progress()?;
        if after.under_way + after.waiting == 0 {
            self.end(after.outcome())?;
        }
        self.progress()
    }

    /// Brings it to its end, and says after each run how far it is.
    ///
    /// # Errors
    /// As [`Backfill::advance`].
    pub fn run(
        &self,
        mut on_progress: impl FnMut(&BackfillProgress),
    ) -> Result<BackfillProgress, EngineError> {
        loop {
            let progress = self.advance()?;
            on_progress(&progress);
            if progress.status != RunStatus::Started {
                return Ok(progress);
            }
            let statuses = self.statuses()?;
            let open = |run: &str| statuses.get(run) == Some(&RunStatus::Started);
            if let Some(oldest) = self.record.runs().find(|run| open(&run.run)) {
                self.executor.wait(&oldest.run)?;
            }
        }
    }

    /// Ends it: no further run is submitted, those under way go on.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn cancel(&self) -> Result<(), EngineError> {
        if self.progress()?.status == RunStatus::Started {
            self.end(RunStatus::Canceled)?;
        }
        Ok(())
    }

    /// How far it is.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn progress(&self) -> Result<BackfillProgress, EngineError> {
        let info = find(self.executor.catalog(), &self.record.id)?;
        let unknown = || EngineError::UnknownBackfill {
            id: self.record.id.clone(),
        };
        let info = info.ok_or_else(unknown)?;
        Ok(BackfillProgress::of(self.executor.catalog(), &info)?)
    }

    fn statuses(&self) -> Result<HashMap<String, RunStatus>, CatalogError> {
        self.executor.catalog().statuses_of(&self.record.id)
    }

    fn end(&self, status: RunStatus) -> Result<(), EngineError> {
        let id = Arc::from(self.record.id.as_str());
        self.executor
            .append(vec![Event::BackfillEnded { id, status }])
    }
}

impl BackfillProgress {
    /// How far a backfill is, by the catalog.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn of(catalog: &Catalog, info: &BackfillInfo) -> Result<Self, CatalogError> {
        let statuses = catalog.statuses_of(&info.record.id)?;
        let mut progress = Self {
            status: info.status,
            total: info.record.partitions.len(),
            succeeded: 0,
            failed: 0,
            canceled: 0,
            under_way: 0,
            waiting: 0,
        };
        for run in info.record.runs() {
            let partitions = run.selection.partitions().map_or(0, <[String]>::len);
            let part = match statuses.get(run.run.as_ref()) {
                None => &mut progress.waiting,
                Some(RunStatus::Started) => &mut progress.under_way,
                Some(RunStatus::Success) => &mut progress.succeeded,
                Some(RunStatus::Failure) => &mut progress.failed,
                Some(RunStatus::Canceled) => &mut progress.canceled,
            };
            *part += partitions;
        }
        Ok(progress)
    }

    /// How a backfill ended whose runs have all ended.
    fn outcome(&self) -> RunStatus {
        if self.canceled > 0 {
            RunStatus::Canceled
        } else if self.failed > 0 {
            RunStatus::Failure
        } else {
            RunStatus::Success
        }
    }
}

fn find(catalog: &Catalog, id: &str) -> Result<Option<BackfillInfo>, CatalogError> {
    let backfills = catalog.backfills()?;
    Ok(backfills.into_iter().find(|info| info.record.id == id))
}
