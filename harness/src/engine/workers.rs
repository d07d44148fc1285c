//! The worker processes of a session: started, watched, started again by a supervisor.
//!
//! A thread a slot reads what its worker says and sees its end. A worker is *ready* from
//! its own word on until its standard output ends, which the kernel does for a killed one.

mod slot;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::event_log::EventLog;
use super::protocol::{Op, Reply};
use super::{Setup, Strike, Trial, TrialError};
use crate::engine::WorkerConfig;
use orchbench_etl::Release;
use orchbench_lab::process::{Child, CommandSpec};

/// How often a wait looks whether the user has interrupted.
const LOOK: Duration = Duration::from_millis(100);
/// How long a worker may take to stop when asked.
const GRACE: Duration = Duration::from_secs(10);

/// The workers of a session.
pub(super) struct Workers {
    shared: Arc<Shared>,
    slots: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    engine: String,
    events: EventLog,
    interrupted: Arc<AtomicBool>,
    restart_delay: Option<Duration>,
    config_dir: std::path::PathBuf,
    template: WorkerConfig,
    program: Program,
    epoch: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Of each slot, the release of the workers that are yet to be started.
    releases: Vec<Release>,
    ready: Vec<Arc<Connection>>,
    alive: HashMap<u32, Arc<Mutex<Child>>>,
    failure: Option<String>,
    closing: bool,
}

/// The program of a worker, given its configuration's file.
pub type Program = Box<dyn Fn(&Path) -> CommandSpec + Send + Sync>;

/// This program itself, as the worker of an engine.
pub(super) fn own_worker(engine: &str) -> Program {
    let engine = engine.to_owned();
    Box::new(move |config| {
        CommandSpec::own([
            "worker".as_ref(),
            engine.as_ref(),
            "--config".as_ref(),
            config.as_os_str(),
        ])
    })
}

/// How a request to a worker went.
pub(super) enum Answer {
    /// The worker answered.
    Reply(Reply),
    /// The worker died first.
    Died,
    /// The deadline passed first.
    Late,
}

impl Workers {
    /// Starts the workers that a setup asks for; each gets the template with an epoch of its
    /// own.
    pub(super) fn start(
        trial: &Trial<'_>,
        setup: &Setup,
        template: WorkerConfig,
        program: Program,
    ) -> Result<Self, TrialError> {
        let shared = Arc::new(Shared {
            engine: trial.plan.engine.clone(),
            events: trial.events.clone(),
            interrupted: Arc::clone(&trial.laboratory.interrupted),
            restart_delay: setup.restart_delay,
            config_dir: trial.dir("workers")?,
            template,
            program,
            epoch: AtomicU64::new(0),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let workers = Self {
            shared,
            slots: Mutex::default(),
        };
        for _ in 0..setup.workers {
            workers.add_slot(Release::default())?;
        }
        Ok(workers)
    }

    /// Starts a worker of a release, and under a supervisor its successors.
    fn add_slot(&self, release: Release) -> Result<(), TrialError> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.len();
        self.shared.lock().releases.push(release);
        let shared = Arc::clone(&self.shared);
        let kept = std::thread::Builder::new()
            .name(format!("worker-slot-{slot}"))
            .spawn(move || shared.keep_slot(slot))
            .map_err(|source| TrialError::Io {
                what: "worker slot".into(),
                source,
            })?;
        slots.push(kept);
        Ok(())
    }

    /// Waits until `count` workers are ready.
    pub(super) fn await_ready(&self, count: usize, within: Duration) -> Result<(), TrialError> {
        let ready = self.shared.await_state(Instant::now() + within, |state| {
            (state.ready.len() >= count).then_some(())
        })?;
        ready.ok_or_else(|| TrialError::Unreachable {
            engine: self.shared.engine.clone(),
            reason: format!(
                "expected {count} ready workers within {} s",
                within.as_secs()
            ),
        })
    }

    /// A ready worker, waiting for one until the deadline.
    pub(super) fn ready(&self, deadline: Instant) -> Result<Option<Arc<Connection>>, TrialError> {
        self.shared
            .await_state(deadline, |state| state.ready.first().cloned())
    }

    /// Asks a ready worker and waits for its answer.
    pub(super) fn ask(
        &self,
        connection: &Connection,
        op: Op,
        deadline: Instant,
    ) -> Result<Answer, TrialError> {
        let Some(receiver) = connection.send(op) else {
            return Ok(Answer::Died);
        };
        loop {
            if self.shared.interrupted.load(Ordering::Relaxed) {
                return Err(TrialError::Interrupted);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match receiver.recv_timeout(LOOK.min(left)) {
                Ok(reply) => return Ok(Answer::Reply(reply)),
                Err(RecvTimeoutError::Disconnected) => return Ok(Answer::Died),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Ok(Answer::Late),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// The workers that are alive; those that are ready come first.
    pub(super) fn pids(&self) -> Vec<u32> {
        let state = self.shared.lock();
        let mut pids: Vec<u32> = state.ready.iter().map(|ready| ready.pid).collect();
        let standing_by = state.alive.keys().filter(|pid| !pids.contains(pid));
        let standing_by: Vec<u32> = standing_by.copied().collect();
        pids.extend(standing_by);
        pids
    }

    /// Strikes one worker; nothing happens when it is gone.
    pub(super) fn strike(&self, pid: u32, strike: Strike) -> Result<(), TrialError> {
        let child = self.shared.lock().alive.get(&pid).cloned();
        let Some(child) = child else {
            return Ok(());
        };
        let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
        strike
            .on(&mut child)
            .map_err(|error| TrialError::Plan(format!("worker {pid}: {error}")))
    }

    /// Ends all workers, so that their supervisor starts others, of a release; waits until `count` of those are
    /// ready.
    pub(super) fn replace(
        &self,
        release: Release,
        count: usize,
        within: Duration,
    ) -> Result<(), TrialError> {
        // One that is ended before it was ready would count as one that cannot be started.
        self.await_ready(count, within)?;
        let alive = {
            let mut state = self.shared.lock();
            state.releases.fill(release);
            state.ready.clear();
            state.alive.clone()
        };
        for (pid, child) in alive {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            let ended = child.terminate(GRACE);
            ended.map_err(|error| TrialError::Plan(format!("worker {pid}: {error}")))?;
        }
        self.await_ready(count, within)
    }

    /// Starts a worker of a release beside those there are; waits until it is ready, as they are.
    pub(super) fn add(&self, release: Release, within: Duration) -> Result<(), TrialError> {
        let count = self.shared.lock().releases.len();
        self.await_ready(count, within)?;
        self.add_slot(release)?;
        self.await_ready(count + 1, within)
    }

    /// Ends all workers and waits until they are gone.
    pub(super) fn close(mut self) -> Result<(), TrialError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), TrialError> {
        let (ready, alive) = {
            let mut state = self.shared.lock();
            state.closing = true;
            (std::mem::take(&mut state.ready), state.alive.clone())
        };
        self.shared.changed.notify_all();
        let ready_pids: Vec<u32> = ready.iter().map(|connection| connection.pid).collect();
        for connection in ready {
            connection.end_input();
        }
        for (pid, child) in alive {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            // One that stands by holds nothing and cannot hear.
            let ended = if ready_pids.contains(&pid) {
                child.terminate(GRACE)
            } else {
                child.kill()
            };
            ended.map_err(|error| TrialError::Plan(format!("worker {pid}: {error}")))?;
        }
        let slots = self.slots.get_mut();
        for slot in slots.unwrap_or_else(PoisonError::into_inner).drain(..) {
            // A slot that panicked has no worker any more: its child was dropped.
            let _ = slot.join();
        }
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Reached with slots only when a trial ends in an error, which is the one to report.
        let slots = self.slots.get_mut();
        if !slots.unwrap_or_else(PoisonError::into_inner).is_empty() {
            let _ = self.end();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `look` finds something, the deadline passes, a worker cannot be started
    /// or the user interrupts.
    fn await_state<T>(
        &self,
        deadline: Instant,
        look: impl Fn(&State) -> Option<T>,
    ) -> Result<Option<T>, TrialError> {
        let mut state = self.lock();
        loop {
            if let Some(found) = look(&state) {
                return Ok(Some(found));
            }
            if let Some(reason) = &state.failure {
                return Err(TrialError::Unreachable {
                    engine: self.engine.clone(),
                    reason: reason.clone(),
                });
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(TrialError::Interrupted);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            state = self
                .changed
                .wait_timeout(state, LOOK.min(left))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
