//! The shared state of an executor and its commit.
//!
//! One mutex guards everything that is decided (queues, runs, what awaits commit); it is never held
//! during a step, a commit or an fsync; only a start is noted under it (an append to a file, or an insert that is not
//! flushed). Who commits is decided by `committing`: a thread that
//! finds urgent work and nobody committing takes the whole batch, applies it to the runs, writes it
//! in one transaction, and only then lets go what follows from it.

mod state;

use std::cmp::Reverse;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::limits::Limits;
use super::outcome::RunOutcome;
use super::{EngineError, ExecutorOptions, Hooks};
use crate::catalog::{Draft, Starts, Store};
use crate::clock::Clock;
use crate::event::{Event, RunRecord};

use state::Release;
pub(super) use state::{Accepted, Pending, Reservation, State, Ticket};

/// Most items that one commit takes, so that the first of them does not wait too long.
const COMMIT_ITEMS_MAX: usize = 4096;

/// What the threads of an executor share.
pub(super) struct Shared {
    pub epoch: u64,
    /// The newest event when something was committed here last.
    pub place: AtomicU64,
    pub concurrency: usize,
    pub clock: Clock,
    pub state: Mutex<State>,
    /// Wakes worker threads.
    pub work: Condvar,
    /// Wakes those who submit or wait for a run.
    pub done: Condvar,
    store: Arc<Mutex<dyn Store>>,
}

impl Shared {
    pub fn new(
        store: Arc<Mutex<dyn Store>>,
        starts: Option<Box<dyn Starts>>,
        (epoch, place): (u64, u64),
        options: ExecutorOptions,
        hooks: Hooks,
    ) -> Arc<Self> {
        Arc::new(Self {
            epoch,
            place: AtomicU64::new(place),
            concurrency: options.concurrency.get(),
            clock: hooks.clock,
            state: Mutex::new(State::new(starts, Limits::new(options.tag_limits))),
            work: Condvar::new(),
            done: Condvar::new(),
            store,
        })
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panics with the lock held marks the executor as stopped on its way out.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves a run id for submission, or finds the run that has it, once that is committed if it
    /// may be waited for. As the id is taken before the catalog is looked at, no run is ever
    /// submitted twice.
    pub fn reserve(
        &self,
        record: &Arc<RunRecord>,
        may_wait: bool,
    ) -> Result<Reservation, EngineError> {
        let mut state = self.lock();
        loop {
            if let Some(stopped) = &state.stopped {
                return Err(stopped.clone());
            }
            match state.names.get(&record.run) {
                None => break,
                Some((slot, _)) if state.submitting.contains(slot) => {
                    if !may_wait {
                        return Ok(Reservation::Busy);
                    }
                    state = self
                        .done
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Some((_, known)) => return Ok(Reservation::Known(Arc::clone(known))),
            }
        }
        state.counter += 1;
        let slot = state.counter;
        let entry = (slot, Arc::clone(record));
        state.names.insert(Arc::clone(&record.run), entry);
        state.submitting.insert(slot);
        Ok(Reservation::Slot(slot))
    }

    /// Gives a reserved id back.
    pub fn cancel_reservation(&self, run: &Arc<str>, slot: u64) {
        let mut state = self.lock();
        state.names.remove(run);
        state.submitting.remove(&slot);
        self.done.notify_all();
    }

    /// Takes runs in under their reserved slots and returns once that is committed.
    pub fn accept(shared: &Arc<Self>, runs: Vec<Accepted>) -> Result<(), EngineError> {
        if runs.is_empty() {
            return Ok(());
        }
        let slots: Vec<u64> = runs.iter().map(|run| run.slot).collect();
        let mut state = shared.lock();
        let runs = runs.into_iter().map(Box::new);
        state.pending.extend(runs.map(Pending::Submit));
        let mut state = shared.acknowledged(state, &slots)?;
        shared.wake(&mut state, 0);
        Ok(())
    }

    /// Records events of no run under way, and returns once they are committed, all in one commit.
    pub fn record(shared: &Arc<Self>, drafts: Vec<Draft>) -> Result<(), EngineError> {
        let mut state = shared.lock();
        state.counter += 1;
        let slot = state.counter;
        state.submitting.insert(slot);
        state.pending.push(Pending::Record { slot, drafts });
        let mut state = shared.acknowledged(state, &[slot])?;
        // Steps that ended during this commit wait for somebody to make the next one.
        shared.wake(&mut state, 0);
        Ok(())
    }

    /// Waits until what was pushed under some slots is committed; commits it if nobody else does.
    fn acknowledged<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        slots: &[u64],
    ) -> Result<MutexGuard<'a, State>, EngineError> {
        state.urgent = true;
        let mut open = slots.iter().peekable();
        loop {
            if let Some(stopped) = &state.stopped {
                return Err(stopped.clone());
            }
            while open
                .next_if(|slot| !state.submitting.contains(slot))
                .is_some()
            {}
            if open.peek().is_none() {
                return Ok(state);
            }
            state = if state.committing {
                self.done
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner)
            } else {
                self.commit(state)
            };
        }
    }

    /// Waits for a run that is under way here; `None` when there is none.
    pub fn wait(&self, run: &str) -> Result<Option<RunOutcome>, EngineError> {
        let mut state = self.lock();
        loop {
            if let Some(outcome) = state.finished.remove(run) {
                return Ok(Some(outcome));
            }
            if let Some(stopped) = &state.stopped {
                return Err(stopped.clone());
            }
            if !state.names.contains_key(run) {
                return Ok(None);
            }
            state = self
                .done
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the outcome of an ended run go that nobody waits for.
    pub fn forget(&self, run: &str) {
        self.lock().finished.remove(run);
    }

    /// Waits while all of some runs are under way here, at most for a time.
    pub fn rest_while_under_way(&self, runs: &[&str], at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut state = self.lock();
        while state.stopped.is_none() && runs.iter().all(|run| state.names.contains_key(*run)) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.done.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether a run is under way here.
    pub fn is_under_way(&self, run: &str) -> Result<bool, EngineError> {
        self.lock().slot(run).map(|slot| slot.is_some())
    }

    /// Cancels a run; whether it is under way here.
    pub fn cancel(shared: &Arc<Self>, run: &str) -> Result<bool, EngineError> {
        let mut state = shared.lock();
        let slot = state.cancel(run)?;
        if slot.is_some() {
            shared.wake(&mut state, 0);
        }
        Ok(slot.is_some())
    }

    /// Lets the workers finish and commit what they are at, and ends them.
    pub fn stop(&self) {
        let threads = {
            let mut state = self.lock();
            state.stopping = true;
            self.work.notify_all();
            // An attempt that takes too long is still given up, and not waited for.
            while state.running > 0 && state.stopped.is_none() {
                let woken = self.done.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::take(&mut state.threads)
        };
        for thread in threads {
            // A worker that panicked has said so in `stopped`.
            let _ = thread.join();
        }
        // With them goes the session that owns a catalog in a database; an attempt that was given up may
        // outlast all this.
        self.lock().starts.take();
    }

    /// Stops everything: no more steps, no more commits.
    pub fn fail(&self, state: &mut State, error: EngineError) {
        state.stopped.get_or_insert(error);
        self.work.notify_all();
        self.done.notify_all();
    }

    /// Commits what is pending, once. Call only when nobody is committing.
    pub fn commit<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.committing = true;
        let batch: Vec<Pending> = if state.pending.len() > COMMIT_ITEMS_MAX {
            state.pending.drain(..COMMIT_ITEMS_MAX).collect()
        } else {
            std::mem::take(&mut state.pending)
        };
        state.note_pending();
        let mut drafts = Vec::with_capacity(batch.len() + 1);
        let mut release = Release::default();
        for item in batch {
            state.apply(item, &mut drafts, &mut release);
        }
        drop(state);
        let committed = {
            let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
            store.commit(self.epoch, &drafts)
        };
        if committed.is_ok() {
            drafts.iter().for_each(|draft| tell(&draft.event));
            release.ended.iter().for_each(|(_, run)| tell_ended(run));
        }
        drop(drafts);
        let mut state = self.lock();
        state.committing = false;
        match committed {
            Ok(newest) => {
                self.place.fetch_max(newest, Ordering::Relaxed);
                self.let_go(&mut state, release);
            }
            Err(error) => self.fail(&mut state, error.into()),
        }
        state
    }

    fn let_go(&self, state: &mut State, release: Release) {
        state.ready.extend(release.ready);
        for (due_ns, ticket) in release.delayed {
            state.counter += 1;
            let counter = state.counter;
            state.delayed.push(Reverse((due_ns, counter, ticket)));
        }
        let acknowledged = !release.submitted.is_empty() || !release.ended.is_empty();
        for slot in release.submitted {
            state.submitting.remove(&slot);
        }
        for (slot, outcome) in release.ended {
            if let Some(run) = state.runs.remove(&slot) {
                state.names.remove(&run.record.run);
                state.finished.insert(Arc::clone(&run.record.run), outcome);
            }
        }
        if acknowledged {
            self.done.notify_all();
        }
        // Starts are pushed and written to the start log in one critical section, so without one
        // pending the catalog has all that the file says.
        if state.oldest_start_ns.is_none()
            && let Some(starts) = &mut state.starts
            && let Err(error) = starts.empty_when_large()
        {
            self.fail(state, error.into());
        }
    }
}

/// Of what was committed: a run of which no step has begun, and backfills.
fn tell(event: &Event) {
    match event {
        Event::RunSubmitted(record) => tracing::info!(run = %record.run, "run accepted"),
        Event::RunResumed { run, .. } => tracing::info!(%run, "run accepted"),
        Event::BackfillRequested(record) => {
            let (backfill, partitions) = (&record.id, record.partitions.len());
            tracing::info!(%backfill, partitions, "backfill accepted");
        }
        Event::BackfillResumed { id } => tracing::info!(backfill = %id, "backfill accepted"),
        Event::BackfillEnded { id, status } => {
            tracing::info!(backfill = %id, status = status.as_str(), "backfill ended");
        }
        _ => {}
    }
}

fn tell_ended(outcome: &RunOutcome) {
    let (run, status) = (&outcome.run, outcome.status.as_str());
    let (materialized, failed) = (outcome.steps.materialized, outcome.steps.failed);
    tracing::info!(%run, status, materialized, failed, "run ended");
}
