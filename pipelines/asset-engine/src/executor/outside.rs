//! What an executor does besides running: it records what happened elsewhere, and tells how runs
//! ended without waiting.

use super::scheduler::Shared;
use super::{EngineError, Executor, RunOutcome};
use crate::catalog::Draft;
use crate::clock::{monotonic_ns, unix_ms};
use crate::event::{Event, Report};

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
