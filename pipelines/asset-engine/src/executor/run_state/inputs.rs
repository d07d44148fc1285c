//! What a step reads, whether that leaves it fresh, and what comes of it when it ends well.

use std::sync::Arc;

use super::{Effects, Event, Made, Materialization, Now, RunState, Status, StepFailure};
use crate::event::CheckResult;
use crate::plan::{Held, Input, judge, observation, seen};

impl RunState {
    /// What a step reads, in the order of its dependencies.
    pub(super) fn inputs(&self, step: u32) -> Result<Vec<Arc<Materialization>>, StepFailure> {
        let piece = self.plan.step(step);
        let mut inputs = Vec::new();
        for (upstream, position) in self.graph.pieces_read(piece.asset, piece.position) {
            let made = self.newest(upstream, position);
            let made = made.ok_or_else(|| self.missing(upstream, position))?;
            if let Some(held) = self.held_by(upstream, position, made) {
                let message = held.told(made);
                return Err(StepFailure::fatal(StepFailure::BLOCKED_INPUT, message));
            }
            inputs.push(Arc::clone(made));
        }
        Ok(inputs)
    }

    /// Whether an input holds back what reads it, whichever run made it.
    fn held_by(&self, asset: u32, position: u32, made: &Materialization) -> Option<Held<'_>> {
        let definition = self.graph.asset(asset);
        let of_run = self.plan.find(asset, position).is_some();
        // Of what this run makes, its own checks are made anew and hold back by themselves what is
        // downstream; and a result that names no version is about what was there before.
        let anew = |check: &CheckResult| {
            let mut own = definition.checks.iter();
            let is_own = own.any(|own| own.name == check.name);
            of_run && (is_own || check.data_version.is_none())
        };
        let mut failed = self.known.failed_by((asset, position), &made.data_version);
        if let Some(check) = failed.find(|check| !anew(check)) {
            return Some(Held::Failed(check));
        }
        if of_run {
            return None;
        }
        let newest = |asset, position| self.newest(asset, position);
        self.known
            .unchecked(&self.graph, (asset, position), made, newest)
    }

    /// The newest materialization of a piece: that of this run, else what was known before.
    fn newest(&self, asset: u32, position: u32) -> Option<&Arc<Materialization>> {
        match self.plan.find(asset, position) {
            Some(step) => self.outputs[step as usize].as_ref(),
            None => self.known.piece(asset, position),
        }
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

    /// The newest materialization of a step that is not stale, and neither is anything that it
    /// makes besides.
    pub(super) fn fresh(&self, step: u32) -> Option<Arc<Materialization>> {
        let inputs = self.inputs(step).ok()?;
        let fresh = |step: &u32| !self.is_stale(*step, &inputs);
        if !self.made_with(step).iter().all(fresh) {
            return None;
        }
        let piece = self.plan.step(step);
        self.known.piece(piece.asset, piece.position).cloned()
    }

    fn is_stale(&self, step: u32, inputs: &[Arc<Materialization>]) -> bool {
        let piece = self.plan.step(step);
        let inputs = inputs.iter().map(|made| {
            // Of the inputs that the plan makes, those that fail a check hold this step back.
            let asset = self.graph.index(&made.asset);
            let known = asset.and_then(|asset| {
                let partitions = &self.graph.asset(asset).partitions;
                let at = partitions.position(made.partition.as_deref())?;
                self.plan.find(asset, at).is_none().then_some((asset, at))
            });
            Input {
                made,
                external: false,
                failed: known.and_then(|(asset, at)| self.known.failed(asset, at)),
                first: known.and_then(|(asset, at)| self.known.first(asset, at)),
            }
        });
        let mut stale = false;
        judge(
            self.graph.asset(piece.asset),
            self.known
                .piece(piece.asset, piece.position)
                .map(AsRef::as_ref),
            self.known.failed(piece.asset, piece.position),
            inputs,
            std::iter::empty(),
            &mut |_reason| {
                stale = true;
                false
            },
        );
        stale
    }

    /// The steps of all that is made with a step, itself included; the first stands for them.
    pub(super) fn made_with(&self, step: u32) -> Vec<u32> {
        let piece = self.plan.step(step);
        match self.graph.outputs(piece.asset) {
            None => vec![step],
            Some(assets) => assets
                .iter()
                .filter_map(|asset| self.plan.find(*asset, piece.position))
                .collect(),
        }
    }

    /// Whether a step waits for nothing but the end of an attempt that makes it with another.
    pub(super) fn is_being_made(&self, step: u32) -> bool {
        let first = self.made_with(step)[0];
        first != step && self.steps[first as usize].status == Status::Running
    }

    /// Takes the results of an attempt that ended well.
    pub(super) fn finish_well(&mut self, step: u32, made: Made, now: Now, effects: &mut Effects) {
        let steps = self.made_with(step);
        for (&step, output) in steps.iter().zip(made.outputs) {
            let external = self.graph.asset(self.plan.step(step).asset).is_external();
            let (event, output) = if external {
                let look = observation(&output);
                let output = seen(look.clone(), output.epoch);
                (Event::Observed(Arc::new(look)), output)
            } else {
                (Event::Materialized(Arc::clone(&output)), output)
            };
            effects.draft(now, event);
            self.counts.materialized += 1;
            self.end_well(step, output);
        }
        for check in made.checks {
            if check.blocks() {
                self.counts.blocked += 1;
                let of =
                    |step: &&u32| self.graph.asset(self.plan.step(**step).asset).key == check.asset;
                if let Some(step) = steps.iter().find(of) {
                    self.steps[*step as usize].blocked = true;
                }
            }
            effects.draft(now, Event::Checked(check));
        }
        for step in steps {
            if self.steps[step as usize].blocked {
                self.skip_downstream(step, now, effects);
            } else {
                self.pass_on(step, effects);
            }
        }
    }
}
