//! What steps wait for, and how their ends run down the graph.

use std::collections::HashMap;
use std::sync::Arc;

use super::{
    Attempt, Effects, Event, Link, Materialization, Mode, Now, Piece, Progress, RunState,
    SkipReason, Status, StepEnd,
};
use crate::key::AssetKey;

impl RunState {
    pub(super) fn step_count(&self) -> u32 {
        // A plan has fewer than u32::MAX steps.
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// Counts what every step waits for.
    pub(super) fn count_waits(&mut self) {
        let (plan, graph) = (Arc::clone(&self.plan), Arc::clone(&self.graph));
        for (number, step) in (0..).zip(plan.steps()) {
            let mut waits = 0;
            for (index, edge) in graph.deps(step.asset) {
                match edge.link {
                    Link::Gather { .. } => {
                        let barrier = self.barriers.entry(index).or_insert_with(|| {
                            let reads = plan.upstream(&graph, edge, step.position);
                            // A plan has fewer than u32::MAX steps.
                            u32::try_from(reads.count()).unwrap_or(u32::MAX)
                        });
                        waits += u32::from(*barrier > 0);
                    }
                    Link::Same | Link::Broadcast | Link::Table(_) => {
                        for _ in plan.upstream(&graph, edge, step.position) {
                            waits += 1;
                        }
                    }
                }
            }
            let leader = self.leader(number);
            self.steps[leader as usize].waits += waits;
            // For the end of the attempt that makes it, which ends it.
            self.steps[number as usize].waits += u32::from(leader != number);
        }
    }

    /// Takes over what the events of a resumed run tell.
    pub(super) fn recall(&mut self, mut history: HashMap<Piece, Progress>) {
        self.make_whole_again(&mut history);
        for step in 0..self.step_count() {
            let Attempt {
                asset, partition, ..
            } = self.attempt(step, 0);
            let Some(progress) = history.remove(&(asset, partition)) else {
                continue;
            };
            let state = &mut self.steps[step as usize];
            state.attempts = progress.attempts;
            state.before = progress.before;
            state.crashed = progress.crashed;
            state.failures = progress.failures;
            state.blocked = progress.blocked;
            self.counts.blocked += u64::from(progress.blocked);
            match progress.end {
                None => continue,
                Some(StepEnd::Materialized(made)) => {
                    self.counts.materialized += 1;
                    self.outputs[step as usize] = Some(made);
                }
                Some(StepEnd::Failed(failure)) => {
                    self.note_failure(step, progress.attempts, failure);
                }
                Some(StepEnd::Skipped(SkipReason::Upstream { .. })) => self.counts.skipped += 1,
                Some(StepEnd::Skipped(SkipReason::LeftOut { .. })) => {
                    self.counts.left_out += 1;
                    self.steps[step as usize].left_out = true;
                }
                Some(StepEnd::Skipped(SkipReason::Canceled)) => {
                    self.canceled = true;
                    self.counts.canceled += 1;
                }
            }
            self.steps[step as usize].status = Status::Ended;
            self.open -= 1;
        }
    }

    /// Marks a step as ended with an output.
    pub(super) fn end_well(&mut self, step: u32, output: Arc<Materialization>) {
        self.outputs[step as usize] = Some(output);
        self.steps[step as usize].status = Status::Ended;
        self.open -= 1;
    }

    /// Counts down what waits for steps that have ended well. In [`Mode::Stale`] a released step
    /// may turn out fresh and end on the spot, so this runs as far down as it goes.
    pub(super) fn pass_on(&mut self, mut ended: Vec<u32>, effects: &mut Effects) {
        while let Some(step) = ended.pop() {
            let piece = self.plan.step(step);
            let (graph, plan) = (Arc::clone(&self.graph), Arc::clone(&self.plan));
            for (index, edge) in graph.dependents(piece.asset) {
                if let Link::Gather { first } = edge.link {
                    match self.barriers.get_mut(&index) {
                        Some(barrier) if piece.position >= first => {
                            *barrier -= 1;
                            if *barrier > 0 {
                                continue;
                            }
                        }
                        _ => continue,
                    }
                }
                for next in plan.downstream(&graph, edge, piece.position) {
                    let next = self.leader(next);
                    let state = &mut self.steps[next as usize];
                    state.waits -= 1;
                    if state.waits == 0 && state.status == Status::Waiting {
                        self.release(next, &mut ended, effects);
                    }
                }
            }
        }
    }

    /// Queues a step that waits for nothing; or ends what of its group is fresh, when only stale steps
    /// are wanted, and queues the first of the rest.
    pub(super) fn release(&mut self, step: u32, ended: &mut Vec<u32>, effects: &mut Effects) {
        let mut group = self.made_with(step);
        if self.record.mode == Mode::Stale {
            let mut fresh: Vec<_> = group.iter().map(|step| self.fresh(*step)).collect();
            let whole = self.graph.makes_whole(self.plan.step(step).asset);
            if whole && fresh.iter().any(Option::is_none) {
                fresh.fill(None);
            }
            let mut rest = Vec::new();
            for (step, latest) in group.into_iter().zip(fresh) {
                match latest {
                    Some(latest) => {
                        self.counts.fresh += 1;
                        self.end_well(step, latest);
                        ended.push(step);
                    }
                    None => rest.push(step),
                }
            }
            group = rest;
        }
        if let Some(&first) = group.first() {
            if first != step {
                self.lead(&group);
            }
            self.steps[first as usize].status = Status::Queued;
            effects.ready.push(first);
        }
    }

    /// Skips whatever was to be made with a step that failed, and all that is downstream of either.
    pub(super) fn skip_with(&mut self, step: u32, now: Now, effects: &mut Effects) {
        for other in self.made_with(step) {
            self.skip(other, step, now, effects);
            self.skip_downstream(other, now, effects);
        }
        self.skip_downstream(step, now, effects);
    }

    /// Skips everything downstream of a step that failed.
    pub(super) fn skip_downstream(&mut self, step: u32, now: Now, effects: &mut Effects) {
        self.end_downstream(step, now, effects, Self::skip);
    }

    /// Skips a step, as another one was not made.
    fn skip(&mut self, step: u32, by: u32, now: Now, effects: &mut Effects) {
        let (asset, partition) = self.named(by);
        let event = self.skipped(step, SkipReason::Upstream { asset, partition });
        self.counts.skipped += 1;
        self.end_unmade(step, event, now, effects);
    }

    /// Leaves out whatever is downstream of a step that was.
    pub(super) fn leave_out_downstream(&mut self, step: u32, now: Now, effects: &mut Effects) {
        self.end_downstream(step, now, effects, Self::leave_out);
    }

    /// Leaves a step out, as another one was, or it itself.
    pub(super) fn leave_out(&mut self, step: u32, by: u32, now: Now, effects: &mut Effects) {
        let (asset, partition) = self.named(by);
        let event = self.skipped(step, SkipReason::LeftOut { asset, partition });
        self.counts.left_out += 1;
        self.steps[step as usize].left_out = true;
        self.end_unmade(step, event, now, effects);
    }

    fn end_unmade(&mut self, step: u32, event: Event, now: Now, effects: &mut Effects) {
        self.steps[step as usize].status = Status::Ended;
        self.open -= 1;
        effects.draft(now, event);
    }

    /// Ends whatever waits for a step that was not made, and what was to be made with that.
    fn end_downstream(
        &mut self,
        step: u32,
        now: Now,
        effects: &mut Effects,
        end: fn(&mut Self, u32, u32, Now, &mut Effects),
    ) {
        let (graph, plan) = (Arc::clone(&self.graph), Arc::clone(&self.plan));
        let mut unmade = vec![step];
        while let Some(by) = unmade.pop() {
            let piece = plan.step(by);
            for (_, edge) in graph.dependents(piece.asset) {
                for next in plan.downstream(&graph, edge, piece.position) {
                    if self.steps[next as usize].status != Status::Waiting {
                        continue;
                    }
                    for step in self.made_with(next) {
                        end(self, step, by, now, effects);
                        unmade.push(step);
                    }
                }
            }
        }
    }

    fn named(&self, step: u32) -> (AssetKey, Option<String>) {
        let Attempt {
            asset, partition, ..
        } = self.attempt(step, 0);
        (asset, partition.as_deref().map(str::to_owned))
    }

    pub(super) fn attempt(&self, step: u32, attempt: u32) -> Attempt {
        let piece = self.plan.step(step);
        let asset = self.graph.asset(piece.asset);
        Attempt {
            run: Arc::clone(&self.record.run),
            asset: asset.key.clone(),
            partition: asset.partitions.key(piece.position).cloned(),
            attempt,
        }
    }

    pub(super) fn skipped(&self, step: u32, reason: SkipReason) -> Event {
        let Attempt {
            run,
            asset,
            partition,
            ..
        } = self.attempt(step, 0);
        Event::Skipped {
            run,
            asset,
            partition,
            reason,
        }
    }
}
