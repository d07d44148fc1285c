//! The state of a run's workflow: which lanes are to be begun, in which stage.

use std::collections::VecDeque;

use asset_engine::{Lane, LanePage, RunStatus};

use crate::activities::Planned;
use crate::input::{Carried, Counts, MaterializeInput, MaterializeOutcome, MaterializeProgress};

/// Most problems that are told; a source that is away has one a partition.
const PROBLEMS_MAX: usize = 20;

#[derive(Default)]
pub(super) struct State {
    pub(super) done: Carried,
    /// Begins nothing any more, as something went wrong.
    given_up: bool,
    /// Pages asked for in this execution.
    pages: u32,
    /// Lanes that are not begun.
    pending: VecDeque<Lane>,
    /// Where the next page begins; `None` = there is none, or it is being asked for.
    next: Option<u32>,
    asked: bool,
    in_work: u64,
    /// Lanes begun in this execution.
    begun: u32,
    /// From which lane on the next execution goes on.
    left: Option<u32>,
}

/// What a hand is to do.
pub(super) enum Next {
    Nothing,
    Page { stage: u32, after: u32 },
    Lane { stage: u32, lane: Lane },
}

impl State {
    pub(super) fn of(input: &MaterializeInput) -> Self {
        let first = || Carried {
            at_once: input.at_once,
            ..Carried::default()
        };
        Self {
            done: input.carried.clone().unwrap_or_else(first),
            ..Self::default()
        }
    }

    pub(super) fn plan(&mut self, planned: &Planned) {
        self.done.steps = planned.steps;
        self.done.stages = planned.stages;
        let problems = planned.problems.iter().take(PROBLEMS_MAX);
        self.done.problems = problems.cloned().collect();
    }

    /// Begins the stage that comes next; whether there is one.
    pub(super) fn begin_stage(&mut self) -> bool {
        self.next = Some(self.done.after);
        self.done.stage < self.done.stages
    }

    /// Ends a stage; whether it is through, and nothing of it left to the next execution.
    pub(super) fn end_stage(&mut self) -> bool {
        if let Some(left) = self.left {
            self.done.after = left;
            return false;
        }
        self.done.stage += 1;
        self.done.after = 0;
        true
    }

    /// Whether a hand has something to do now: a lane, a page, or its own end.
    pub(super) fn may_go_on(&self, number: usize) -> bool {
        if self.given_up || (self.pending.is_empty() && self.next.is_none()) {
            return self.given_up || !self.asked;
        }
        !self.done.paused && !self.asked && number < self.done.at_once
    }

    /// What a hand is to do that may go on. No further page is asked for where this execution has begun enough.
    pub(super) fn next(&mut self, enough: bool, lanes_per_execution: u32) -> Next {
        let stage = self.done.stage;
        if self.given_up {
            return Next::Nothing;
        }
        if let Some(lane) = self.pending.pop_front() {
            self.in_work += 1;
            self.begun += 1;
            return Next::Lane { stage, lane };
        }
        let Some(after) = self.next.take() else {
            return Next::Nothing;
        };
        if self.pages > 0 && (enough || self.begun.max(self.pages) >= lanes_per_execution) {
            self.left = Some(after);
            return Next::Nothing;
        }
        self.asked = true;
        self.pages += 1;
        Next::Page { stage, after }
    }

    pub(super) fn page(&mut self, page: LanePage) {
        self.asked = false;
        self.next = page.next;
        self.pending.extend(page.lanes);
        self.done.counts.fresh += page.fresh;
    }

    /// A lane has ended, or failed as a whole.
    pub(super) fn ended(&mut self, counts: Option<Counts>) {
        self.in_work -= 1;
        self.done.counts.add(counts.unwrap_or_default());
    }

    /// Begins nothing any more.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
    }

    /// What the next execution gets.
    pub(super) fn carried(&self) -> Carried {
        Carried {
            continuations: self.done.continuations + 1,
            ..self.done.clone()
        }
    }

    pub(super) fn progress(&self) -> MaterializeProgress {
        let stage = (self.done.stage + 1).min(self.done.stages);
        MaterializeProgress {
            steps: self.done.steps,
            counts: self.done.counts,
            stage: [stage, self.done.stages],
            in_work: self.in_work,
            at_once: self.done.at_once,
            paused: self.done.paused,
            continuations: self.done.continuations,
        }
    }

    pub(super) fn outcome(&self, run: &str, status: RunStatus) -> MaterializeOutcome {
        MaterializeOutcome {
            run: run.to_owned(),
            status,
            ended_before: false,
            counts: self.done.counts,
            continuations: self.done.continuations,
            problems: self.done.problems.clone(),
        }
    }
}
