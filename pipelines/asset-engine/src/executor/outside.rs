//! What an executor does besides running: it records what happened elsewhere, and tells how runs
//! ended without waiting.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::scheduler::Shared;
use super::{EngineError, Executor, RunOutcome};
use crate::catalog::Draft;
use crate::clock::{monotonic_ns, unix_ms};
use crate::event::{Event, Report, RunStatus};

impl Executor {
    /// Records what was made, seen or checked outside of any run: all of it in one commit, durable
    /// when this returns.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn record_all<I>(&self, reports: I) -> Result<(), EngineError>
    where
        I: IntoIterator,
        I::Item: Into<Report>,
    {
        let event = |report: I::Item| report.into().into_event(self.shared.epoch);
        self.append(reports.into_iter().map(event).collect())
    }

    /// Appends events of no run under way, in one commit.
    pub(crate) fn append(&self, events: Vec<Event>) -> Result<(), EngineError> {
        let (t_ns, at_ms) = (monotonic_ns(), unix_ms());
        let draft = |event| Draft { t_ns, at_ms, event };
        Shared::record(&self.shared, events.into_iter().map(draft).collect())
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
            if self.cancel_open(&run)? {
                canceled.push(run);
            }
        }
        Ok(canceled)
    }

    /// Cancels a run that is under way here, or closes one that an executor left open when it died;
    /// whether it was either.
    pub(crate) fn cancel_open(&self, run: &str) -> Result<bool, EngineError> {
        if self.shared.is_under_way(run)? {
            self.cancel(run);
            return Ok(true);
        }
        // Looked at second: what was under way until just now has its end in the catalog.
        let info = self.catalog.run(run)?;
        let open = info.is_some_and(|info| info.status == RunStatus::Started);
        if open {
            self.append(vec![Event::RunEnded {
                run: Arc::from(run),
                status: RunStatus::Canceled,
                fresh: 0,
            }])?;
            self.open_runs().retain(|left| left.run != run);
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

    /// Returns when a run has ended, at the latest after a time.
    pub fn rest(&self, at_most: Duration) {
        self.shared.rest_for(at_most);
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
