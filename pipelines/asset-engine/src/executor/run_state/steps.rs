//! How the ends of steps run down the graph, and what a step reads.

use std::collections::HashMap;
use std::sync::Arc;

use super::{
    Attempt, Effects, Event, Link, Materialization, Mode, Now, Piece, Progress, Reach, RunState,
    SkipReason, Status, StepEnd, StepFailure,
};
use crate::plan::stale_reason;

impl RunState {
    pub(super) fn step_count(&self) -> u32 {
        // A plan has fewer than u32::MAX steps.
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// Counts what every step waits for.
    pub(super) fn count_waits(&mut self) {
        let (plan, graph) = (&self.plan, &self.graph);
        for (state, step) in self.steps.iter_mut().zip(plan.steps()) {
            for (index, edge) in graph.deps(step.asset) {
                match plan.upstream(edge, step.position) {
                    Reach::Nothing => {}
                    Reach::One(_) => state.waits += 1,
                    Reach::Range(first, end) => {
                        state.waits += 1;
                        self.barriers.insert(index, end - first);
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
            state.crashed = progress.crashed;
            state.failures = progress.failures;
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
            let graph = Arc::clone(&self.graph);
            for (index, edge) in graph.dependents(piece.asset) {
                if matches!(edge.link, Link::Gather) {
                    match self.barriers.get_mut(&index) {
                        None => continue,
                        Some(barrier) => {
                            *barrier -= 1;
                            if *barrier > 0 {
                                continue;
                            }
                        }
                    }
                }
                let (first, end) = match self.plan.downstream(edge, piece.position) {
                    Reach::Nothing => continue,
                    Reach::One(step) => (step, step + 1),
                    Reach::Range(first, end) => (first, end),
                };
                for next in first..end {
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

    /// The newest materialization of a step that is not stale.
    fn fresh(&self, step: u32) -> Option<Arc<Materialization>> {
        let piece = self.plan.step(step);
        let asset = self.graph.asset(piece.asset);
        let latest = self
            .known
            .pieces(piece.asset)
            .get(piece.position as usize)?;
        let inputs = self.inputs(step).ok()?;
        let reason = stale_reason(asset, latest.as_deref(), inputs.iter().map(AsRef::as_ref));
        if reason.is_some() {
            return None;
        }
        latest.clone()
    }

    /// Skips everything downstream of a step that failed.
    pub(super) fn skip_downstream(&mut self, step: u32, now: Now, effects: &mut Effects) {
        let mut failed = vec![step];
        while let Some(step) = failed.pop() {
            let piece = self.plan.step(step);
            let graph = Arc::clone(&self.graph);
            for (_, edge) in graph.dependents(piece.asset) {
                let (first, end) = match self.plan.downstream(edge, piece.position) {
                    Reach::Nothing => continue,
                    Reach::One(step) => (step, step + 1),
                    Reach::Range(first, end) => (first, end),
                };
                for next in first..end {
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

    /// What a step reads, in the order of its dependencies.
    pub(super) fn inputs(&self, step: u32) -> Result<Vec<Arc<Materialization>>, StepFailure> {
        let piece = self.plan.step(step);
        let mut inputs = Vec::new();
        for (_, edge) in self.graph.deps(piece.asset) {
            let positions = match &edge.link {
                Link::Same => piece.position..piece.position + 1,
                Link::Remap { to_upstream, .. } => {
                    let at = to_upstream[piece.position as usize];
                    at..at + 1
                }
                Link::Broadcast => 0..1,
                Link::Gather => 0..self.graph.asset(edge.upstream).partitions.count(),
            };
            for position in positions {
                let made = match self.plan.find(edge.upstream, position) {
                    Some(step) => self.outputs[step as usize].as_ref(),
                    None => self
                        .known
                        .pieces(edge.upstream)
                        .get(position as usize)
                        .and_then(Option::as_ref),
                };
                inputs.push(Arc::clone(
                    made.ok_or_else(|| self.missing(edge.upstream, position))?,
                ));
            }
        }
        Ok(inputs)
    }

    fn missing(&self, asset: u32, position: u32) -> StepFailure {
        let asset = self.graph.asset(asset);
        let partition = asset
            .partitions
            .key(position)
            .map_or(String::new(), |key| format!(" partition {key}"));
        StepFailure::fatal(
            StepFailure::MISSING_INPUT,
            format!(
                "input {}{partition} is not part of the run and was never materialized",
                asset.key
            ),
        )
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
