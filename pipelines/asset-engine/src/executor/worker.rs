//! Worker threads: take a step, execute it, hand over its end, commit if nobody does.
//!
//! There is one thread more than steps may run at once, started when needed: while one commits,
//! and while all others are busy, one is left to keep watch over retries that come due and over
//! starts that no commit has picked up.

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use super::EngineError;
use super::abandon::Executing;
use super::job::{Job, Made, token};
use super::run_state::Now;
use super::scheduler::{Pending, Shared, State, Ticket};
use crate::catalog::{Draft, Start};
use crate::clock::{Clock, monotonic_ns};
use crate::event::{Attempt, Event};
use crate::step::StepFailure;

/// How long the start of a step may be missing from the catalog, when no commit comes by. (After a
/// crash it is found in the start log at once; this is for readers of the catalog.)
const START_UNCOMMITTED_MAX_NS: u64 = 20_000_000;

/// Executes a job in a span of its own, so that what a step says is told with whose it is.
pub(super) fn traced(job: Job) -> Result<Made, StepFailure> {
    let Attempt {
        run,
        asset,
        partition,
        attempt,
    } = &job.attempt;
    let partition = partition.as_deref();
    let span = tracing::info_span!("step", %run, %asset, partition, attempt);
    let _entered = span.entered();
    let result = job.execute();
    match &result {
        Ok(made) => tracing::debug!(pieces = made.outputs.len(), "attempt succeeded"),
        Err(failure) => tracing::warn!(%failure, retryable = failure.retryable, "attempt failed"),
    }
    result
}

impl Shared {
    /// Wakes or starts a thread when there is work that `busy` threads, which are awake and about
    /// to look for some, will not take.
    pub fn wake(self: &Arc<Self>, state: &mut State, busy: usize) {
        let free = self.concurrency.saturating_sub(state.running);
        let commit = usize::from(state.urgent && !state.committing);
        if state.ready.len().min(free) + commit <= busy {
            return;
        }
        self.call_up(state);
    }

    fn call_up(self: &Arc<Self>, state: &mut State) {
        if state.idle > 0 {
            self.work.notify_one();
        } else if state.threads.len() <= self.concurrency {
            let shared = Arc::clone(self);
            let started = std::thread::Builder::new()
                .name(format!("asset-engine-{}", state.threads.len()))
                .spawn(move || shared.work_guarded());
            match started {
                Ok(thread) => state.threads.push(thread),
                Err(error) if state.threads.is_empty() => {
                    let reason = format!("no worker thread could be started: {error}");
                    self.fail(state, EngineError::Stopped(reason));
                }
                // Fewer threads than wanted still do the work.
                Err(_) => {}
            }
        }
    }

    fn work_guarded(self: &Arc<Self>) {
        if catch_unwind(AssertUnwindSafe(|| self.work_until_stopped())).is_err() {
            let mut state = self.lock();
            let reason = "a worker thread panicked outside a step".to_owned();
            self.fail(&mut state, EngineError::Stopped(reason));
        }
    }

    fn work_until_stopped(self: &Arc<Self>) {
        let mut state = self.lock();
        loop {
            if state.stopped.is_some() {
                return;
            }
            if state.urgent && !state.committing {
                state = self.commit(state);
                continue;
            }
            if state.stopping && (state.running == 0 || state.deadlines.is_empty()) {
                return;
            }
            self.expire_due(&mut state);
            self.promote_due(&mut state);
            if !state.stopping
                && state.running < self.concurrency
                && let Some(ticket) = state.next_ready()
            {
                let Some(after) = self.execute(state, ticket) else {
                    return;
                };
                state = after;
                continue;
            }
            if state.urgent && !state.committing {
                continue;
            }
            state = self.rest(state);
        }
    }

    /// Moves retries that are due to the ready queue.
    fn promote_due(&self, state: &mut State) {
        while let Some(Reverse((due_ns, _, ticket))) = state.delayed.peek().copied() {
            let quiet = state.running == 0 && state.ready.is_empty() && !state.committing;
            if due_ns > self.clock.now_ns() && !(quiet && self.clock.jump_to(due_ns)) {
                return;
            }
            state.delayed.pop();
            state.ready.push_back(ticket);
        }
    }

    /// Executes a step; `None` when the attempt was given up meanwhile, and the thread with it.
    fn execute<'a>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, State>,
        ticket: Ticket,
    ) -> Option<MutexGuard<'a, State>> {
        let job = match self.begin(&mut state, ticket) {
            Ok(Some(job)) => job,
            Ok(None) => return Some(state),
            Err(error) => {
                self.fail(&mut state, error);
                return Some(state);
            }
        };
        let attempt = job.attempt.attempt;
        let executing = Executing {
            attempt,
            stop: job.stop.clone(),
            thread: std::thread::current().id(),
        };
        state.begin_executing(ticket, executing);
        if let Some(limit) = job.timeout() {
            self.set_deadline(&mut state, ticket, attempt, limit);
        }
        self.wake(&mut state, 0);
        if !state.watched {
            self.call_up(&mut state);
        }
        drop(state);
        let result = traced(job);
        let ended = (Now::read(), self.clock.now_ns());
        let mut state = self.lock();
        state.end_executing(ticket, attempt)?;
        self.finish(&mut state, ticket, result, ended);
        Some(state)
    }

    /// Begins an attempt: known to the kernel when this returns, to the catalog with its next
    /// commit.
    fn begin(&self, state: &mut State, ticket: Ticket) -> Result<Option<Job>, EngineError> {
        let Some(run) = state.runs.get_mut(&ticket.slot) else {
            return Ok(None);
        };
        let Some(job) = run.start(
            ticket.step,
            (
                self.epoch,
                token(self.epoch, self.place.load(Ordering::Relaxed)),
            ),
        ) else {
            return Ok(None);
        };
        let now = Now::read();
        if let Some(starts) = &mut state.starts {
            starts.append(&Start {
                t_ns: now.t_ns,
                at_ms: now.at_ms,
                attempt: job.attempt.clone(),
            })?;
        }
        state.pending.push(Pending::Start(Draft {
            t_ns: now.t_ns,
            at_ms: now.at_ms,
            event: Event::AttemptStarted(job.attempt.clone()),
        }));
        state.oldest_start_ns.get_or_insert(now.t_ns);
        Ok(Some(job))
    }

    /// Sleeps until there may be something to do.
    fn rest<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let now_ns = monotonic_ns();
        if let Some(oldest_ns) = state.oldest_start_ns
            && !state.committing
            && now_ns.saturating_sub(oldest_ns) >= START_UNCOMMITTED_MAX_NS
        {
            return self.commit(state);
        }
        state.idle += 1;
        let keeps_watch = !state.watched && !state.runs.is_empty();
        if keeps_watch {
            state.watched = true;
            let mut wait_ns = START_UNCOMMITTED_MAX_NS;
            if matches!(self.clock, Clock::Monotonic) {
                let retry_ns = state.delayed.peek().map(|Reverse((due_ns, ..))| *due_ns);
                let expiry_ns = state.deadlines.peek().map(|Reverse((due_ns, ..))| *due_ns);
                for due_ns in [retry_ns, expiry_ns].into_iter().flatten() {
                    wait_ns = wait_ns.min(due_ns.saturating_sub(now_ns));
                }
            }
            let wait = Duration::from_nanos(wait_ns);
            let woken = self.work.wait_timeout(state, wait);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
            state.watched = false;
        } else {
            let woken = self.work.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state.idle -= 1;
        state
    }
}
