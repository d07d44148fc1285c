//! How the ends of steps run down the graph, and what a step reads.

use std::collections::HashMap;
use std::sync::Arc;

use super::{
    Attempt, Effects, Event, Link, Materialization, Mode, Now, Piece, Progress, RunState,
    SkipReason, Status, StepEnd,
};

impl RunState {
    pub(super) fn step_count(&self) -> u32 {
        // A plan has fewer than u32::MAX steps.
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// Counts what every step waits for.
    pub(super) fn count_waits(&mut self) {
        let (plan, graph) = (&self.plan, &self.graph);
        for (state, step) in self.steps.iter_mut().zip(plan.steps()) {
            for (index, edge) in graph.edges_to(step.asset) {
                match edge.link {
                    // A plan with one of a step's assets has them all.
                    Link::Together => state.waits += 1,
                    Link::Gather { .. } => {
                        let barrier = self.barriers.entry(index).or_insert_with(|| {
                            let reads = plan.upstream(graph, edge, step.position);
                            // A plan has fewer than u32::MAX steps.
                            u32::try_from(reads.count()).unwrap_or(u32::MAX)
                        });
                        state.waits += u32::from(*barrier > 0);
                    }
                    Link::Same | Link::Broadcast | Link::Table(_) => {
                        for _ in plan.upstream(graph, edge, step.position) {
                            state.waits += 1;
                        }
                    }
                }
            }
        }
    }

    /// Takes over what the events of a resumed run tell.
    pub(super) fn recall(&mut self, mut history: HashMap<Piece, Progress>) {
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

    /// Counts down what waits for a step that has ended well. In [`Mode::Stale`] a released step
    /// may turn out fresh and end on the spot, so this runs as far down as it goes.
    pub(super) fn pass_on(&mut self, step: u32, effects: &mut Effects) {
        let mut ended = vec![step];
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
                    let state = &mut self.steps[next as usize];
                    state.waits -= 1;
                    if state.waits == 0
                        && state.status == Status::Waiting
                        && self.release(next, effects)
                    {
                        ended.push(next);
                    }
                }
            }
        }
    }

    /// Queues a step that waits for nothing; or ends it, and says so, when it is fresh and only
    /// stale steps are wanted.
    pub(super) fn release(&mut self, step: u32, effects: &mut Effects) -> bool {
        if self.record.mode == Mode::Stale
            && let Some(latest) = self.fresh(step)
        {
            self.counts.fresh += 1;
            self.end_well(step, latest);
            return true;
        }
        self.steps[step as usize].status = Status::Queued;
        effects.ready.push(step);
        false
    }

    /// Skips everything downstream of a step that failed.
    pub(super) fn skip_downstream(&mut self, step: u32, now: Now, effects: &mut Effects) {
        let mut failed = vec![step];
        while let Some(step) = failed.pop() {
            let piece = self.plan.step(step);
            let (graph, plan) = (Arc::clone(&self.graph), Arc::clone(&self.plan));
            for (_, edge) in graph.dependents(piece.asset) {
                for next in plan.downstream(&graph, edge, piece.position) {
                    if self.steps[next as usize].status != Status::Waiting {
                        continue;
                    }
                    self.steps[next as usize].status = Status::Ended;
                    self.open -= 1;
                    self.counts.skipped += 1;
                    let Attempt {
                        asset, partition, ..
                    } = self.attempt(step, 0);
                    let reason = SkipReason::Upstream {
                        asset,
                        partition: partition.as_deref().map(str::to_owned),
                    };
                    let event = self.skipped(next, reason);
                    effects.draft(now, event);
                    failed.push(next);
                }
            }
        }
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
