//! What is decided under the scheduler's lock, and how what awaits commit is applied to it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::catalog::{Draft, Starts};
use crate::clock::{monotonic_ns, unix_ms};
use crate::event::RunRecord;
use crate::executor::EngineError;
use crate::executor::abandon::Executing;
use crate::executor::job::Made;
use crate::executor::limits::Limits;
use crate::executor::outcome::RunOutcome;
use crate::executor::run_state::{Effects, Now, RunState};
use crate::step::StepFailure;

/// What comes of asking for a run id.
pub(in crate::executor) enum Reservation {
    /// It is the caller's.
    Slot(u64),
    /// Another run has it.
    Known(Arc<RunRecord>),
    /// It is being submitted.
    Busy,
}

/// A run that is taken in under a slot, and the event that says so.
pub(in crate::executor) struct Accepted {
    pub slot: u64,
    pub run: RunState,
    pub draft: Draft,
}

impl Accepted {
    /// The id of the run.
    pub fn name(&self) -> &Arc<str> {
        &self.run.record.run
    }
}

/// A step of a run under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::executor) struct Ticket {
    pub slot: u64,
    pub step: u32,
}

/// Everything that is decided under the lock.
pub(in crate::executor) struct State {
    pub ready: VecDeque<Ticket>,
    pub limits: Limits,
    /// Earliest first; the counter keeps equal times in order.
    pub delayed: BinaryHeap<Reverse<(u64, u64, Ticket)>>,
    pub runs: HashMap<u64, RunState>,
    /// Runs under way and runs being submitted, by id.
    pub names: HashMap<Arc<str>, (u64, Arc<RunRecord>)>,
    pub(super) submitting: HashSet<u64>,
    pub(super) finished: HashMap<Arc<str>, RunOutcome>,
    pub(super) counter: u64,
    pub pending: Vec<Pending>,
    /// Whether `pending` has more than starts, which can wait.
    pub urgent: bool,
    /// When the oldest start in `pending` was made, by the monotonic clock.
    pub oldest_start_ns: Option<u64>,
    pub committing: bool,
    pub running: usize,
    pub executing: HashMap<Ticket, Executing>,
    /// When attempts are given up, earliest first, with the limit that was set.
    pub deadlines: BinaryHeap<Reverse<(u64, Ticket, u32, Duration)>>,
    pub idle: usize,
    /// Whether one of the idle threads keeps watch over delayed steps and starts.
    pub watched: bool,
    pub starts: Option<Box<dyn Starts>>,
    pub stopped: Option<EngineError>,
    pub stopping: bool,
    pub threads: Vec<JoinHandle<()>>,
}

/// Something that awaits commit.
pub(in crate::executor) enum Pending {
    Start(Draft),
    Finish {
        ticket: Ticket,
        result: Result<Made, StepFailure>,
        now: Now,
        clock_ns: u64,
    },
    Submit(Box<Accepted>),
    Cancel {
        slot: u64,
    },
    /// Events of no run under way.
    Record {
        slot: u64,
        drafts: Vec<Draft>,
    },
}

/// What a commit lets go.
#[derive(Default)]
pub(super) struct Release {
    pub ready: Vec<Ticket>,
    pub delayed: Vec<(u64, Ticket)>,
    pub ended: Vec<(u64, RunOutcome)>,
    pub submitted: Vec<u64>,
}

impl State {
    pub(super) fn new(starts: Option<Box<dyn Starts>>, limits: Limits) -> Self {
        Self {
            ready: VecDeque::new(),
            limits,
            delayed: BinaryHeap::new(),
            runs: HashMap::new(),
            names: HashMap::new(),
            submitting: HashSet::new(),
            finished: HashMap::new(),
            counter: 0,
            pending: Vec::new(),
            urgent: false,
            oldest_start_ns: None,
            committing: false,
            running: 0,
            executing: HashMap::new(),
            deadlines: BinaryHeap::new(),
            idle: 0,
            watched: false,
            starts,
            stopped: None,
            stopping: false,
            threads: Vec::new(),
        }
    }

    /// The slot of a run that is under way here.
    ///
    /// # Errors
    /// The executor has stopped.
    pub fn slot(&self, run: &str) -> Result<Option<u64>, EngineError> {
        match &self.stopped {
            Some(stopped) => Err(stopped.clone()),
            None => Ok(self.names.get(run).map(|(slot, _)| *slot)),
        }
    }

    /// Notes that a run is to be cancelled, if it is under way here, and gives its slot.
    ///
    /// # Errors
    /// As [`Self::slot`].
    pub fn cancel(&mut self, run: &str) -> Result<Option<u64>, EngineError> {
        let slot = self.slot(run)?;
        if let Some(slot) = slot {
            self.pending.push(Pending::Cancel { slot });
            self.urgent = true;
        }
        Ok(slot)
    }

    /// The next step that may run.
    pub fn next_ready(&mut self) -> Option<Ticket> {
        while let Some(ticket) = self.ready.pop_front() {
            let Some(run) = self.runs.get(&ticket.slot) else {
                continue;
            };
            if !self.limits.parks(ticket, run.tags(ticket.step)) {
                return Some(ticket);
            }
            self.limits.unpark(&mut self.ready);
        }
        None
    }

    /// Applies one item to its run.
    pub(super) fn apply(&mut self, item: Pending, drafts: &mut Vec<Draft>, release: &mut Release) {
        let mut effects = Effects::default();
        let slot = match item {
            Pending::Start(draft) => {
                drafts.push(draft);
                return;
            }
            Pending::Record {
                slot,
                drafts: mut recorded,
            } => {
                drafts.append(&mut recorded);
                release.submitted.push(slot);
                return;
            }
            Pending::Finish {
                ticket,
                result,
                now,
                clock_ns,
            } => {
                if let Some(run) = self.runs.get_mut(&ticket.slot) {
                    run.finish(ticket.step, result, now, clock_ns, &mut effects);
                }
                ticket.slot
            }
            Pending::Submit(accepted) => {
                let Accepted {
                    slot,
                    mut run,
                    draft,
                } = *accepted;
                drafts.push(draft);
                run.begin(Now::read(), &mut effects);
                self.runs.insert(slot, run);
                release.submitted.push(slot);
                slot
            }
            Pending::Cancel { slot } => {
                if let Some(run) = self.runs.get_mut(&slot) {
                    run.cancel(Now::read(), &mut effects);
                }
                slot
            }
        };
        drafts.append(&mut effects.drafts);
        let ticket = |step| Ticket { slot, step };
        release.ready.extend(effects.ready.into_iter().map(ticket));
        let delayed = effects.delayed.into_iter();
        release
            .delayed
            .extend(delayed.map(|(due_ns, step)| (due_ns, ticket(step))));
        release
            .ended
            .extend(effects.ended.map(|outcome| (slot, outcome)));
    }

    /// Works out again what the rest of `pending` is, after some of it was taken.
    pub(super) fn note_pending(&mut self) {
        self.urgent = false;
        self.oldest_start_ns = None;
        for item in &self.pending {
            match item {
                Pending::Start(draft) => {
                    self.oldest_start_ns.get_or_insert(draft.t_ns);
                }
                _ => self.urgent = true,
            }
        }
    }
}

impl Now {
    pub fn read() -> Self {
        Self {
            t_ns: monotonic_ns(),
            at_ms: unix_ms(),
        }
    }
}
