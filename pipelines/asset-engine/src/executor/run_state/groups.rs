//! Steps that one attempt makes: assets of one step, or a range of partitions of one asset.
//!
//! One of a group stands for all of it: what any of them waits for, it waits for, and the attempts are
//! its own. The others wait for nothing but the end of its attempt. Where a part of a group is
//! made already, by this run before it was resumed, the first of the rest stands for the rest; so it
//! is with what turns out fresh.

use std::collections::HashMap;

use super::{Piece, Progress, RunState, Status};

impl RunState {
    /// The step that stands for all that one attempt makes with a step.
    pub(super) fn leader(&self, step: u32) -> u32 {
        let known = self.leaders.get(step as usize);
        known.copied().unwrap_or(step)
    }

    /// Works out who stands for whom. Graphs without such steps need no table.
    pub(super) fn find_leaders(&mut self) {
        if !self.graph.is_grouped() {
            return;
        }
        self.leaders = (0..self.step_count()).collect();
        for step in 0..self.step_count() {
            let is_open = self.steps[step as usize].status != Status::Ended;
            if is_open && self.leaders[step as usize] == step {
                self.lead(&self.made_with(step));
            }
        }
    }

    /// Has the first of a group stand for it.
    pub(super) fn lead(&mut self, group: &[u32]) {
        for step in group {
            self.leaders[*step as usize] = group[0];
        }
    }

    /// All steps of the plan that one attempt makes with a step, itself included, in order.
    fn group(&self, step: u32) -> Vec<u32> {
        self.plan.group(&self.graph, step)
    }

    /// Those of a group that have not ended.
    pub(super) fn made_with(&self, step: u32) -> Vec<u32> {
        let mut group = self.group(step);
        group.retain(|step| self.steps[*step as usize].status != Status::Ended);
        group
    }

    /// Whether a step waits for nothing but the end of an attempt that makes it with another.
    pub(super) fn is_being_made(&self, step: u32) -> bool {
        let leader = self.leader(step);
        leader != step && self.steps[leader as usize].status == Status::Running
    }

    /// Makes a group again of which a part is to be, where its step makes the whole or nothing.
    pub(super) fn make_whole_again(&self, history: &mut HashMap<Piece, Progress>) {
        for step in 0..self.step_count() {
            let whole = self.graph.makes_whole(self.plan.step(step).asset);
            let group = if whole { self.group(step) } else { Vec::new() };
            let pieces = group.iter().map(|step| {
                let attempt = self.attempt(*step, 0);
                (attempt.asset, attempt.partition)
            });
            let ended = |piece: &Piece| history.get(piece).is_some_and(|known| known.end.is_some());
            let (ended, open): (Vec<Piece>, Vec<Piece>) = pieces.partition(ended);
            if !open.is_empty() {
                for piece in ended {
                    history.entry(piece).and_modify(Progress::again);
                }
            }
        }
    }
}
