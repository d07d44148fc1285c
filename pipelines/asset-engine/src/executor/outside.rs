//! What an executor does besides running: it records what happened elsewhere, and tells how runs
//! ended without waiting.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::looking::{Looked, look};
use super::scheduler::Shared;
use super::{EngineError, Executor, RunOutcome};
use crate::catalog::Draft;
use crate::event::{Event, Report, RunStatus};
use crate::graph::AssetGraph;

impl Executor {
    /// Looks at every observed asset of a graph, and whether the data of what was made is still
    /// there ([`crate::Asset::still_there`]). What has changed is recorded in one commit, durable when this
    /// returns; what has not leaves no record, so this may be done as often as one likes.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn look(&self, graph: &AssetGraph) -> Result<Looked, EngineError> {
        let looked = look(graph, &self.catalog, self.shared.epoch)?;
        let events = looked.events(self.shared.epoch);
        if !events.is_empty() {
            self.append(events)?;
        }
        Ok(looked)
    }

    /// Records what was made, seen or checked outside of any run: all of it in one commit, durable
    /// when this returns. No graph is asked: of an asset or a partition that a graph has not, a report counts
    /// from when one has it.
    ///
    /// # Errors
    /// [`crate::CatalogError::NothingToWipe`] for a wipe of what is not there; else the catalog failed.
    pub fn record_all<I>(&self, reports: I) -> Result<(), EngineError>
    where
        I: IntoIterator,
        I::Item: Into<Report>,
    {
        let event = |report: I::Item| report.into().into_event(self.shared.epoch);
        let events: Vec<Event> = reports.into_iter().map(event).collect();
        self.catalog.check_wipes(&events)?;
        self.append(events)
    }

    /// Appends events of no run under way, in one commit.
    pub(crate) fn append(&self, events: Vec<Event>) -> Result<(), EngineError> {
        Shared::record(&self.shared, Draft::all(events))
    }

    /// Cancels the runs whose end was asked for from elsewhere since the last call, see
    /// [`crate::Recorder::request_cancel`]; gives their ids. To be called now and then by whoever
    /// waits for runs.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn heed(&self) -> Result<Vec<String>, EngineError> {
        let mut heeded = self.heeded.lock().unwrap_or_else(PoisonError::into_inner);
        let mut canceled = Vec::new();
        for (seq, run) in self.catalog.cancel_requests(*heeded)? {
            *heeded = seq;
            if self.cancel(&run)? {
                canceled.push(run);
            }
        }
        Ok(canceled)
    }

    /// Closes a run that an executor left open when it died; whether it was left so. To be asked
    /// second: what was under way here until just now has its end in the catalog.
    pub(super) fn close_left(&self, run: &str) -> Result<bool, EngineError> {
        let info = self.catalog.run(run)?;
        let open = info.is_some_and(|info| info.status == RunStatus::Started);
        if open {
            self.append(vec![Event::RunEnded {
                run: Arc::from(run),
                status: RunStatus::Canceled,
                fresh: 0,
            }])?;
            self.left().forget(&HashSet::from([Arc::from(run)]));
        }
        Ok(open)
    }

    /// Whether a run is under way here.
    ///
    /// # Errors
    /// The executor has stopped.
    pub fn is_under_way(&self, run: &str) -> Result<bool, EngineError> {
        self.shared.is_under_way(run)
    }

    /// Lets the outcome of an ended run go that nobody waits for.
    pub(crate) fn forget(&self, run: &str) {
        self.shared.forget(run);
    }

    /// Waits until a run has ended, at most for a time, and tells how; `None` = it has not.
    ///
    /// # Errors
    /// As [`Executor::wait`].
    pub fn wait_at_most(
        &self,
        run: &str,
        at_most: Duration,
    ) -> Result<Option<RunOutcome>, EngineError> {
        self.shared.rest_while_under_way(&[run], at_most);
        self.poll(run)
    }

    /// Returns when one of some runs is not under way here, at the latest after a time.
    pub(crate) fn rest_while_under_way(&self, runs: &[&str], at_most: Duration) {
        self.shared.rest_while_under_way(runs, at_most);
    }

    /// How a run ended; `None` while it is under way here.
    ///
    /// # Errors
    /// As [`Executor::wait`].
    pub fn poll(&self, run: &str) -> Result<Option<RunOutcome>, EngineError> {
        if self.shared.is_under_way(run)? {
            return Ok(None);
        }
        self.wait(run).map(Some)
    }
}
