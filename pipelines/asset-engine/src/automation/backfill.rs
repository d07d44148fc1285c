//! Backfills: a range of partitions, materialized in runs of their own.
//!
//! The catalog has what was asked for; how far it is follows from its runs, whose ids follow from
//! its own. So a backfill needs no state besides, and goes on after a crash where it was.
//!
//! What has no partitions is made once, before or after the partitions as its dependencies say: see
//! [`crate::Stage`]. A stage begins when all runs of the one before have succeeded.

mod course;
mod partition;
mod progress;
mod request;
mod stages;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::catalog::CatalogError;
use crate::event::{BackfillInfo, BackfillRecord, Event, RunStatus};
use crate::executor::{EngineError, Executor};
use crate::graph::AssetGraph;
use crate::plan::Plan;

pub(super) use course::Course;
pub use partition::PartitionStatus;
pub use progress::BackfillProgress;
use request::same_request;
use stages::{in_order, stages};

/// How often a backfill under way looks at what was asked of it meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// A backfill on an executor.
#[derive(Debug)]
pub struct Backfill<'a> {
    executor: &'a Executor,
    graph: &'a Arc<AssetGraph>,
    record: Arc<BackfillRecord>,
    /// How it stood before it was requested.
    before: Option<BackfillProgress>,
    /// How its runs stand, as soon as that was asked.
    course: Mutex<Option<Course>>,
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
            before: None,
            course: Mutex::new(None),
        }
    }

    /// The same, which goes on from how its runs stood when it was last advanced here.
    pub(super) fn on_course(mut self, course: Option<Course>) -> Self {
        self.course = Mutex::new(course);
        self
    }

    /// How its runs stand now.
    pub(super) fn into_course(self) -> Option<Course> {
        let course = self.course.into_inner();
        course.unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts a backfill: returns once that is committed. One that the catalog has already, asked
    /// for in the same way, is taken up again: of one that failed or was cancelled, the runs that
    /// failed or were cancelled are opened again, see [`crate::RunRequest::reopen`], and those that never
    /// were submitted will be.
    ///
    /// # Errors
    /// The selection or a partition does not fit the graph, the id was used for another backfill or
    /// on another graph, or the catalog failed.
    pub fn request(
        executor: &'a Executor,
        graph: &'a Arc<AssetGraph>,
        record: BackfillRecord,
    ) -> Result<Self, EngineError> {
        if record.partitions.is_empty() {
            return Err(EngineError::EmptyBackfill { id: record.id });
        }
        let known = executor.catalog().backfill(&record.id)?;
        let record = BackfillRecord {
            identity: graph.identity().as_ref().clone(),
            stages: stages(graph, &record.selection)?,
            ..in_order(graph, record)?
        };
        if let Some(known) = known {
            same_request(&known.record, &record)?;
            let before = BackfillProgress::of(executor.catalog(), &known)?;
            let mut backfill = Self::new(executor, graph, known.record);
            if matches!(known.status, RunStatus::Failure | RunStatus::Canceled) {
                backfill.reopen()?;
            }
            backfill.before = Some(before);
            return Ok(backfill);
        }
        Plan::new(
            graph,
            &record.selection.clone().with_partitions(&record.partitions),
        )?;
        for stage in record.stages.iter().filter(|stage| stage.partitioned) {
            Plan::new(
                graph,
                &stage.selection.clone().with_partitions(&record.partitions),
            )?;
        }
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
        let info = executor.catalog().backfill(id)?;
        let info = info.ok_or_else(|| EngineError::UnknownBackfill { id: id.to_owned() })?;
        Ok(Self::new(executor, graph, info.record))
    }

    /// How it stood when it was requested; `None` = it is new.
    #[must_use]
    pub fn before(&self) -> Option<&BackfillProgress> {
        self.before.as_ref()
    }

    /// Opens it and its runs that did not succeed again, in one commit.
    fn reopen(&self) -> Result<(), EngineError> {
        let statuses = self.statuses()?;
        let id = Arc::from(self.record.id.as_str());
        let mut events = vec![Event::BackfillResumed { id }];
        for run in self.record.runs() {
            let status = statuses.get(run.record.run.as_ref());
            if matches!(status, Some(RunStatus::Failure | RunStatus::Canceled)) {
                events.push(Event::RunResumed {
                    run: Arc::clone(&run.record.run),
                    identity: Arc::clone(self.graph.identity()),
                });
            }
        }
        self.executor.append(events)
    }

    /// Submits as many of its runs as may be under way, resumes those that a dead executor left,
    /// and records its end when no run is left that can be submitted.
    ///
    /// # Errors
    /// A run cannot be submitted, or the catalog failed.
    pub fn advance(&self) -> Result<BackfillProgress, EngineError> {
        self.advance_noting(&mut Vec::new())
    }

    /// The same, noting which runs were submitted.
    pub(super) fn advance_noting(
        &self,
        submitted: &mut Vec<String>,
    ) -> Result<BackfillProgress, EngineError> {
        let mut known = self.known();
        let course = self.course(&mut known)?;
        course.follow(self.executor)?;
        if self.status()? == RunStatus::Started
            && !course.take_up(self.executor, self.graph, submitted)?
        {
            // Before it is over, what the catalog says of all of it counts.
            *course = self.read_course()?;
            if !course.take_up(self.executor, self.graph, submitted)? {
                self.end(course.outcome())?;
            }
        }
        Ok(course.progress(self.status()?))
    }

    /// Brings it to its end, and says after each run how far it is.
    ///
    /// # Errors
    /// As [`Backfill::advance`].
    pub fn run(
        &self,
        on_progress: impl FnMut(&BackfillProgress),
    ) -> Result<BackfillProgress, EngineError> {
        self.run_until(|| false, on_progress)
    }

    /// The same, cancelling it and its runs as soon as `stop` says so, or somebody else has ended it
    /// as cancelled. Returns when no run of it is under way.
    ///
    /// # Errors
    /// As [`Backfill::advance`].
    pub fn run_until(
        &self,
        stop: impl Fn() -> bool,
        mut on_progress: impl FnMut(&BackfillProgress),
    ) -> Result<BackfillProgress, EngineError> {
        let mut canceled = false;
        loop {
            self.executor.heed()?;
            let mut progress = self.advance()?;
            if !canceled && (stop() || progress.status == RunStatus::Canceled) {
                self.cancel()?;
                canceled = true;
                progress = self.advance()?;
            }
            on_progress(&progress);
            let mut known = self.known();
            let course = self.course(&mut known)?;
            course
                .take_ended()
                .for_each(|run| self.executor.forget(run));
            let under_way: Vec<&str> = course.under_way().collect();
            if progress.status != RunStatus::Started && under_way.is_empty() {
                return self.progress();
            }
            self.executor.rest_while_under_way(&under_way, LOOK);
        }
    }

    /// Ends it: no further run is submitted. Its runs are cancelled: what is being executed is
    /// finished and kept, see [`Executor::cancel`].
    ///
    /// # Errors
    /// The catalog failed.
    pub fn cancel(&self) -> Result<(), EngineError> {
        if self.status()? == RunStatus::Started {
            self.end(RunStatus::Canceled)?;
        }
        for (run, status) in self.statuses()? {
            if status == RunStatus::Started {
                self.executor.cancel(&run)?;
            }
        }
        *self.known() = None;
        Ok(())
    }

    /// How far it is.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn progress(&self) -> Result<BackfillProgress, EngineError> {
        Ok(BackfillProgress::of(
            self.executor.catalog(),
            &self.info()?,
        )?)
    }

    /// Its partitions that failed, in its order.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn failed(&self) -> Result<Vec<&str>, EngineError> {
        let statuses = PartitionStatus::of_backfill(self.executor.catalog(), &self.info()?)?;
        let partitions = self.record.partitions.iter().zip(statuses);
        let failed = partitions.filter(|(_, status)| *status == PartitionStatus::Failed);
        Ok(failed.map(|(key, _)| key.as_str()).collect())
    }

    fn info(&self) -> Result<BackfillInfo, EngineError> {
        Ok(BackfillInfo {
            record: Arc::clone(&self.record),
            status: self.status()?,
        })
    }

    fn status(&self) -> Result<RunStatus, EngineError> {
        let status = self.executor.catalog().backfill_status(&self.record.id)?;
        status.ok_or_else(|| EngineError::UnknownBackfill {
            id: self.record.id.clone(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Option<Course>> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How its runs stand, read from the catalog where that is not known.
    fn course<'c>(&self, known: &'c mut Option<Course>) -> Result<&'c mut Course, EngineError> {
        Ok(match known {
            Some(course) => course,
            None => known.insert(self.read_course()?),
        })
    }

    fn read_course(&self) -> Result<Course, EngineError> {
        let mut course = Course::read(self.executor.catalog(), &self.record)?;
        course.join(self.executor)?;
        Ok(course)
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
