//! A run under way: which steps wait for what, which have ended, what follows from an end.
//!
//! Changes are made here first and committed afterwards; what they release is handed back in
//! [`Effects`] and let go by the scheduler only when the commit is through. A commit that fails
//! stops the executor, so a state that ran ahead of the catalog is never used.
//!
//! A step counts down one `wait` per dependency that is in the plan. A dependency on all partitions
//! of an asset is one barrier per edge, which every one of them counts down, so that an edge between
//! n and m pieces costs n + m steps, not n · m.

mod ends;
mod groups;
mod inputs;
mod steps;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::EngineError;
use super::job::{Job, Made};
use super::outcome::{FailedStep, RunOutcome, StepCounts};
use super::resume::{Piece, Progress, StepEnd};
use crate::catalog::{Catalog, CatalogError, Draft};
use crate::event::{Attempt, Event, Materialization, Mode, RunRecord, RunStatus, SkipReason};
use crate::graph::{AssetGraph, Link};
use crate::plan::{Known, Plan};
use crate::step::StepFailure;
use crate::stop::Stop;

/// A run under way.
pub(super) struct RunState {
    pub record: Arc<RunRecord>,
    graph: Arc<AssetGraph>,
    plan: Arc<Plan>,
    steps: Vec<StepState>,
    /// By step, the one that stands for all that one attempt makes; empty = each for itself.
    leaders: Vec<u32>,
    /// What the steps of the plan made, or, for fresh ones, had made before.
    outputs: Vec<Option<Arc<Materialization>>>,
    /// By edge index: upstream steps that have not ended well.
    barriers: HashMap<u32, u32>,
    /// Newest materializations at submission, of what its steps read and the plan does not make, and
    /// in [`Mode::Stale`] of all that they read and are; and the checks that were failed by what is read.
    known: Known,
    /// Steps that have not ended.
    open: usize,
    counts: StepCounts,
    failures: Vec<FailedStep>,
    canceled: bool,
    ended: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct StepState {
    /// Dependencies that have not ended well.
    waits: u32,
    attempts: u32,
    /// Attempts before the run was last opened again.
    before: u32,
    crashed: u32,
    failures: u32,
    status: Status,
    /// Whether what it made failed a blocking check.
    blocked: bool,
    /// Whether it was left out by its step, or what it reads was.
    left_out: bool,
}

impl StepState {
    /// Attempts that count against the retry policy.
    fn tried(self) -> u32 {
        self.attempts.saturating_sub(self.before)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Status {
    #[default]
    Waiting,
    /// In the ready queue, or waiting for its retry.
    Queued,
    Running,
    Ended,
}

/// What follows from a change, to be committed and then let go.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub drafts: Vec<Draft>,
    /// Steps that may run now.
    pub ready: Vec<u32>,
    /// Steps that may run from a time on, in nanoseconds of the executor's clock.
    pub delayed: Vec<(u64, u32)>,
    /// How the run ended, if it did.
    pub ended: Option<RunOutcome>,
}

impl Effects {
    fn draft(&mut self, now: Now, event: Event) {
        self.drafts.push(Draft {
            t_ns: now.t_ns,
            at_ms: now.at_ms,
            event,
        });
    }
}

/// The time of a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub t_ns: u64,
    pub at_ms: u64,
}

impl RunState {
    /// Lays out a run, with what is already known of its steps when it is resumed.
    pub fn new(
        record: Arc<RunRecord>,
        graph: Arc<AssetGraph>,
        catalog: &Catalog,
        history: Option<HashMap<Piece, Progress>>,
    ) -> Result<Self, EngineError> {
        let plan = plan(&graph, &record)?;
        Ok(Self::of_plan(record, graph, plan, catalog, history)?)
    }

    /// Lays out a plan of a run, or of a part of it.
    pub fn of_plan(
        record: Arc<RunRecord>,
        graph: Arc<AssetGraph>,
        plan: Plan,
        catalog: &Catalog,
        history: Option<HashMap<Piece, Progress>>,
    ) -> Result<Self, CatalogError> {
        let known = load_known(&graph, &plan, record.mode, catalog)?;
        let mut run = Self {
            steps: vec![StepState::default(); plan.len()],
            leaders: Vec::new(),
            outputs: vec![None; plan.len()],
            barriers: HashMap::new(),
            open: plan.len(),
            counts: StepCounts::default(),
            failures: Vec::new(),
            canceled: false,
            ended: false,
            record,
            graph,
            plan: Arc::new(plan),
            known,
        };
        if let Some(history) = history {
            run.recall(history);
        }
        run.find_leaders();
        run.count_waits();
        Ok(run)
    }

    /// Releases whatever can run at the start, or after a crash.
    pub fn begin(&mut self, now: Now, effects: &mut Effects) {
        // Listed first: passing on may end further steps, which then have been passed on as well.
        let ended = |step: &u32| self.steps[*step as usize].status == Status::Ended;
        let ended: Vec<u32> = (0..self.step_count()).filter(ended).collect();
        for step in ended {
            if self.steps[step as usize].left_out {
                self.leave_out_downstream(step, now, effects);
            } else if self.outputs[step as usize].is_some() && !self.steps[step as usize].blocked {
                self.pass_on(vec![step], effects);
            } else {
                self.skip_downstream(step, now, effects);
            }
        }
        for step in 0..self.step_count() {
            let state = self.steps[step as usize];
            let waits_for_nothing = state.status == Status::Waiting && state.waits == 0;
            if waits_for_nothing {
                let mut ended = Vec::new();
                self.release(step, &mut ended, effects);
                self.pass_on(ended, effects);
            }
            let asset = self.graph.asset(self.plan.step(step).asset);
            let used_up = !asset.retry.allows(state.tried(), state.crashed);
            if state.tried() > 0 && used_up && self.steps[step as usize].status == Status::Queued {
                effects.ready.retain(|ready| *ready != step);
                let failure = StepFailure::fatal(
                    StepFailure::INTERRUPTED,
                    format!(
                        "attempt {} died with its executor, and the policy allows no other",
                        state.attempts
                    ),
                );
                self.fail(step, state.attempts, failure, now, effects);
            }
        }
        self.end_if_done(now, effects);
    }

    /// Begins an attempt of a released step; `None` when the step has ended meanwhile.
    pub fn start(&mut self, step: u32, (epoch, token): (u64, u64)) -> Option<Job> {
        let state = &mut self.steps[step as usize];
        if state.status != Status::Queued {
            return None;
        }
        state.status = Status::Running;
        state.attempts += 1;
        let attempt = state.attempts;
        let steps = self.made_with(step);
        Some(Job {
            attempt: self.attempt(step, attempt),
            graph: Arc::clone(&self.graph),
            pieces: steps.iter().map(|step| self.plan.step(*step)).collect(),
            epoch,
            token,
            config: Arc::clone(&self.record.config),
            stop: Stop::default(),
            inputs: self.all_inputs(&steps),
        })
    }

    /// Notes that so many attempts at a step began before.
    pub fn began_before(&mut self, step: u32, attempts: u32) {
        let state = &mut self.steps[step as usize];
        state.attempts = state.attempts.max(attempts);
    }

    /// Whether a step has ended: was found fresh, made before, or not made.
    pub fn has_ended(&self, step: u32) -> bool {
        self.steps[step as usize].status == Status::Ended
    }

    /// The tags of a step: those of its asset and those of its run.
    pub fn tags(&self, step: u32) -> [&BTreeMap<String, String>; 2] {
        [
            &self.graph.asset(self.plan.step(step).asset).tags,
            &self.record.tags,
        ]
    }
}

/// The steps that a run means.
pub(super) fn plan(graph: &AssetGraph, record: &RunRecord) -> Result<Plan, EngineError> {
    let plan = match record.mode {
        Mode::All | Mode::Stale => Plan::new(graph, &record.selection)?,
        Mode::Observe => Plan::observing(graph, &record.selection)?,
    };
    fits_config(graph, &plan, record)?;
    Ok(plan)
}

/// Whether every step of a run can read its configuration.
fn fits_config(graph: &AssetGraph, plan: &Plan, record: &RunRecord) -> Result<(), EngineError> {
    for asset in plan.assets() {
        let asset = graph.asset(asset);
        if let Some(reason) = asset.refused_config(&record.config) {
            return Err(EngineError::Config {
                run: record.run.to_string(),
                asset: asset.key.clone(),
                reason,
            });
        }
    }
    Ok(())
}

/// Reads what steps will need that the plan does not make.
fn load_known(
    graph: &AssetGraph,
    plan: &Plan,
    mode: Mode,
    catalog: &Catalog,
) -> Result<Known, CatalogError> {
    let mut known = Known::default();
    for asset in plan.assets() {
        let own = plan.wanted(graph, asset);
        if mode == Mode::Stale {
            known.load_with_checks(graph, catalog, asset, &own)?;
        }
        for (_, edge) in graph.deps(asset) {
            let upstream = edge.upstream;
            let read = own.read_through(graph, edge);
            let outside = read.outside(graph, plan, upstream);
            let needed = if mode == Mode::Stale { &read } else { &outside };
            known.load(graph, catalog, upstream, needed)?;
            known.load_checks(graph, catalog, upstream, &read)?;
            known.load_checked(graph, catalog, upstream, &outside)?;
        }
        if mode == Mode::Stale {
            known.load_firsts(graph, catalog, asset, &own)?;
        }
    }
    Ok(known)
}
