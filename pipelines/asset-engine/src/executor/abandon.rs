//! Giving up attempts that run too long, or whose run is aborted.
//!
//! The attempt ends at once, as failed; its thread is left behind and leaves the pool when the step
//! returns, if it ever does. What the step returns then is dropped: the attempt is fenced off, as
//! its number no longer stands among those that are being executed.

use std::cmp::Reverse;
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Duration;

use super::EngineError;
use super::job::Made;
use super::run_state::Now;
use super::scheduler::{Pending, Shared, State, Ticket};
use crate::step::StepFailure;
use crate::stop::Stop;

/// An attempt that is being executed.
pub(super) struct Executing {
    pub attempt: u32,
    pub stop: Stop,
    pub thread: ThreadId,
}

impl State {
    /// Notes that an attempt is being executed.
    pub fn begin_executing(&mut self, ticket: Ticket, executing: Executing) {
        self.running += 1;
        if let Some(run) = self.runs.get(&ticket.slot) {
            self.limits.begin(run.tags(ticket.step));
        }
        self.executing.insert(ticket, executing);
    }

    /// Notes that an attempt is no longer executed; `None` when it was given up before.
    pub fn end_executing(&mut self, ticket: Ticket, attempt: u32) -> Option<Executing> {
        if self.executing.get(&ticket)?.attempt != attempt {
            return None;
        }
        let ended = self.executing.remove(&ticket)?;
        self.running -= 1;
        if let Some(run) = self.runs.get(&ticket.slot) {
            self.limits.end(run.tags(ticket.step));
        }
        self.limits.unpark(&mut self.ready);
        Some(ended)
    }
}

impl Shared {
    /// Gives up the attempts whose time is up.
    pub fn expire_due(&self, state: &mut State) {
        let now_ns = self.clock.now_ns();
        while let Some(Reverse((due_ns, ticket, attempt, limit))) = state.deadlines.peek().copied()
        {
            if due_ns > now_ns {
                return;
            }
            state.deadlines.pop();
            let failure = StepFailure::retryable(
                StepFailure::TIMEOUT,
                format!("attempt {attempt} took longer than {limit:?}"),
            );
            self.abandon(state, ticket, attempt, failure);
        }
    }

    /// Cancels a run and gives up its attempts; whether it is under way here.
    pub fn abort(shared: &Arc<Self>, run: &str) -> Result<bool, EngineError> {
        let mut state = shared.lock();
        let Some(slot) = state.cancel(run)? else {
            return Ok(false);
        };
        let of_run = |(ticket, executing): (&Ticket, &Executing)| {
            (ticket.slot == slot).then_some((*ticket, executing.attempt))
        };
        let attempts: Vec<_> = state.executing.iter().filter_map(of_run).collect();
        for (ticket, attempt) in attempts {
            let failure = StepFailure::fatal(StepFailure::ABORTED, "the run was aborted");
            shared.abandon(&mut state, ticket, attempt, failure);
        }
        shared.wake(&mut state, 0);
        Ok(true)
    }

    fn abandon(&self, state: &mut State, ticket: Ticket, attempt: u32, failure: StepFailure) {
        let Some(abandoned) = state.end_executing(ticket, attempt) else {
            return;
        };
        abandoned.stop.stop();
        state
            .threads
            .retain(|thread| thread.thread().id() != abandoned.thread);
        let ended = (Now::read(), self.clock.now_ns());
        self.finish(state, ticket, Err(failure), ended);
    }

    /// The moment from which on an attempt is given up.
    pub fn set_deadline(&self, state: &mut State, ticket: Ticket, attempt: u32, limit: Duration) {
        let limit_ns = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        let due_ns = self.clock.now_ns().saturating_add(limit_ns);
        let deadline = Reverse((due_ns, ticket, attempt, limit));
        state.deadlines.push(deadline);
    }

    /// Hands the end of an attempt over to the commit; `ended` is when, also by the executor's clock.
    pub fn finish(
        &self,
        state: &mut State,
        ticket: Ticket,
        result: Result<Made, StepFailure>,
        (now, clock_ns): (Now, u64),
    ) {
        state.pending.push(Pending::Finish {
            ticket,
            result,
            now,
            clock_ns,
        });
        state.urgent = true;
        if state.stopping && state.running == 0 {
            self.work.notify_all();
            self.done.notify_all();
        }
    }
}
