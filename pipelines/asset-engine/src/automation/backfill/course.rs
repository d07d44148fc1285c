//! How the runs of a backfill stand: read from the catalog once, then kept up with run by run.

use std::sync::Arc;

use super::partition::{PartitionStatus, Pieces};
use super::progress::BackfillProgress;
use crate::catalog::{Catalog, CatalogError};
use crate::event::{BackfillRecord, BackfillRun, RunStatus};
use crate::executor::{EngineError, Executor, RunRequest, Submitted};
use crate::graph::AssetGraph;

/// The runs of a backfill, how they and its partitions stand, and which are under way here.
#[derive(Debug)]
pub(in crate::automation) struct Course {
    record: Arc<BackfillRecord>,
    runs: Vec<BackfillRun>,
    statuses: Vec<Option<RunStatus>>,
    /// Runs that have not succeeded, by stage.
    wanting: Vec<usize>,
    /// How each partition stands, by stage; empty for a stage without partitions.
    pieces: Vec<Vec<PartitionStatus>>,
    /// How many partitions stand in each way.
    counts: [usize; PartitionStatus::COUNT],
    /// The stage that is being made.
    stage: usize,
    /// The first run that was not yet taken up.
    next: usize,
    /// Runs that are under way here.
    under_way: Vec<usize>,
    /// Runs that were, since this was last asked.
    ended: Vec<usize>,
}

impl Course {
    /// Reads how the runs of a backfill stand.
    pub fn read(catalog: &Catalog, record: &Arc<BackfillRecord>) -> Result<Self, CatalogError> {
        let known = catalog.statuses_of(&record.id)?;
        let runs = record.runs();
        let stages = runs.last().map_or(0, |run| run.stage + 1);
        let (mut wanting, mut pieces) = (vec![0; stages], vec![Vec::new(); stages]);
        let partitions = record.partitions.len();
        for run in &runs {
            wanting[run.stage] += 1;
            if run.partitions.is_some() {
                pieces[run.stage].resize(partitions, PartitionStatus::Waiting);
            }
        }
        let mut course = Self {
            record: Arc::clone(record),
            statuses: vec![None; runs.len()],
            runs,
            wanting,
            pieces,
            counts: [0; PartitionStatus::COUNT],
            stage: 0,
            next: 0,
            under_way: Vec::new(),
            ended: Vec::new(),
        };
        for at in 0..partitions {
            course.counts[course.partition(at) as usize] += 1;
        }
        for run in 0..course.runs.len() {
            if let Some(status) = known.get(course.id(run)) {
                course.set(catalog, run, *status)?;
            }
        }
        Ok(course)
    }

    /// How its partitions stand, in its order.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionStatus> {
        (0..self.record.partitions.len()).map(|at| self.partition(at))
    }

    /// How far the backfill is, of which the catalog says how it stands.
    pub fn progress(&self, status: RunStatus) -> BackfillProgress {
        let count = |status| self.counts[status as usize];
        // A stage without partitions is one run.
        let stages = self.pieces.iter().zip(&self.wanting);
        let unpartitioned = stages.filter(|(pieces, _)| pieces.is_empty());
        BackfillProgress {
            status,
            total: self.record.partitions.len(),
            succeeded: count(PartitionStatus::Succeeded),
            failed: count(PartitionStatus::Failed),
            canceled: count(PartitionStatus::Canceled),
            under_way: count(PartitionStatus::UnderWay),
            waiting: count(PartitionStatus::Waiting),
            unpartitioned: unpartitioned.clone().count(),
            unpartitioned_succeeded: unpartitioned.filter(|(_, wanting)| **wanting == 0).count(),
        }
    }

    /// How it has ended, when no run is left that can be submitted.
    pub fn outcome(&self) -> RunStatus {
        if self.wanting.iter().all(|wanting| *wanting == 0) {
            return RunStatus::Success;
        }
        let stands = self.runs.iter().zip(&self.statuses);
        let mut of_stage = stands.filter(|(run, _)| run.stage == self.stage);
        if of_stage.any(|(_, status)| *status == Some(RunStatus::Canceled)) {
            RunStatus::Canceled
        } else {
            RunStatus::Failure
        }
    }

    /// The runs that are under way here.
    pub fn under_way(&self) -> impl Iterator<Item = &str> {
        self.under_way.iter().map(|run| self.id(*run))
    }

    /// The runs that were under way here and have ended since this was last asked.
    pub fn take_ended(&mut self) -> impl Iterator<Item = &str> {
        let ended = std::mem::take(&mut self.ended);
        ended.into_iter().map(|run| self.id(run))
    }

    /// Finds the runs that are under way here already.
    pub fn join(&mut self, executor: &Executor) -> Result<(), EngineError> {
        for run in 0..self.runs.len() {
            let open = self.statuses[run] == Some(RunStatus::Started);
            if open && executor.is_under_way(self.id(run))? {
                self.under_way.push(run);
            }
        }
        Ok(())
    }

    /// Notes what has become of the runs that were under way.
    pub fn follow(&mut self, executor: &Executor) -> Result<(), EngineError> {
        for run in std::mem::take(&mut self.under_way) {
            if executor.is_under_way(self.id(run))? {
                self.under_way.push(run);
                continue;
            }
            match executor.catalog().status(self.id(run))? {
                // Opened again by somebody else, or left open: it is to be taken up once more.
                None | Some(RunStatus::Started) => self.next = self.next.min(run),
                Some(ended) => {
                    self.set(executor.catalog(), run, ended)?;
                    self.ended.push(run);
                }
            }
        }
        Ok(())
    }

    /// Submits as many runs as may be under way, noting which, stage after stage; whether any is
    /// under way.
    pub fn take_up(
        &mut self,
        executor: &Executor,
        graph: &Arc<AssetGraph>,
        submitted: &mut Vec<String>,
    ) -> Result<bool, EngineError> {
        loop {
            let wanted = self.next_runs();
            if !wanted.is_empty() {
                self.submit(executor, graph, &wanted, submitted)?;
            } else if !self.under_way.is_empty() {
                return Ok(true);
            } else if self.wanting.get(self.stage) == Some(&0) {
                self.stage += 1;
            } else {
                return Ok(false);
            }
        }
    }

    /// The next runs of the stage, as many as may be under way besides those that are.
    fn next_runs(&mut self) -> Vec<usize> {
        let free = self
            .record
            .at_once
            .get()
            .saturating_sub(self.under_way.len());
        let mut wanted = Vec::new();
        while wanted.len() < free
            && let Some(run) = self.runs.get(self.next)
            && run.stage == self.stage
            && !self.is_held_back(self.next)
        {
            let is_open = matches!(self.statuses[self.next], None | Some(RunStatus::Started));
            if is_open && !self.under_way.contains(&self.next) {
                wanted.push(self.next);
            }
            self.next += 1;
        }
        wanted
    }

    /// Whether a run waits for the one before it, which has not succeeded.
    fn is_held_back(&self, run: usize) -> bool {
        let before = run.checked_sub(1).filter(|_| self.record.in_order);
        before.is_some_and(|before| {
            let status = self.statuses[before];
            self.runs[before].stage == self.stage
                && matches!(status, Some(RunStatus::Failure | RunStatus::Canceled))
        })
    }

    fn submit(
        &mut self,
        executor: &Executor,
        graph: &Arc<AssetGraph>,
        wanted: &[usize],
        submitted: &mut Vec<String>,
    ) -> Result<(), EngineError> {
        let records = wanted.iter().map(|run| &self.runs[*run].record);
        let requests = records.map(|record| RunRequest::of(record, Arc::clone(graph)));
        let mut done = Ok(());
        for (&run, answer) in wanted.iter().zip(executor.submit_all(requests)) {
            match answer {
                Ok(Submitted::Ended(status)) => self.set(executor.catalog(), run, status)?,
                Ok(_) => {
                    self.set(executor.catalog(), run, RunStatus::Started)?;
                    self.under_way.push(run);
                    submitted.push(self.id(run).to_owned());
                }
                Err(error) => {
                    self.next = self.next.min(run);
                    done = done.and(Err(error));
                }
            }
        }
        done
    }

    fn id(&self, run: usize) -> &str {
        &self.runs[run].record.run
    }

    /// How a partition stands: as the worst of its pieces, in whichever stage they are.
    fn partition(&self, at: usize) -> PartitionStatus {
        let of_stages = self.pieces.iter().filter_map(|pieces| pieces.get(at));
        of_stages
            .max()
            .copied()
            .unwrap_or(PartitionStatus::Succeeded)
    }

    /// Notes how a run stands.
    fn set(
        &mut self,
        catalog: &Catalog,
        run: usize,
        status: RunStatus,
    ) -> Result<(), CatalogError> {
        let stage = self.runs[run].stage;
        let before = self.statuses[run].replace(status);
        self.wanting[stage] += usize::from(before == Some(RunStatus::Success));
        self.wanting[stage] -= usize::from(status == RunStatus::Success);
        let Some(range) = self.runs[run].partitions.clone() else {
            return Ok(());
        };
        let whole = PartitionStatus::of(Some(status));
        let apart = match status {
            RunStatus::Failure | RunStatus::Canceled if range.len() > 1 => {
                Some(Pieces::of(status, &catalog.events(self.id(run))?))
            }
            _ => None,
        };
        for at in range {
            let key = &self.record.partitions[at];
            let own = apart.as_ref().map_or(whole, |pieces| pieces.status(key));
            self.counts[self.partition(at) as usize] -= 1;
            self.pieces[stage][at] = own;
            self.counts[self.partition(at) as usize] += 1;
        }
        Ok(())
    }
}
