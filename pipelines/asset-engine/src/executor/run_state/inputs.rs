//! What a step reads, and whether that leaves it fresh.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Materialization, RunState, StepFailure};
use crate::event::CheckResult;
use crate::executor::job::Inputs;
use crate::plan::{Held, Input, judge};

impl RunState {
    /// What the steps of a group read, together and each for itself.
    pub(super) fn all_inputs(&self, steps: &[u32]) -> Result<Inputs, StepFailure> {
        let own = steps.iter().map(|step| self.inputs(*step));
        let mut own = own.collect::<Result<Vec<_>, _>>()?;
        if !self.differ_in_position(steps) {
            // Assets of one step have the same dependencies.
            let all = own.swap_remove(0);
            return Ok(Inputs { all, own: None });
        }
        let mut all = BTreeMap::new();
        for (step, inputs) in steps.iter().zip(&own) {
            let piece = self.plan.step(*step);
            let places = self.graph.deps(piece.asset).flat_map(|(dependency, edge)| {
                let positions = self.graph.reads(edge, piece.position);
                positions.map(move |position| (dependency, position))
            });
            all.extend(places.zip(inputs.iter().cloned()));
        }
        Ok(Inputs {
            all: all.into_values().collect(),
            own: Some(own),
        })
    }

    fn differ_in_position(&self, steps: &[u32]) -> bool {
        let positions = steps.iter().map(|step| self.plan.step(*step).position);
        let mut others = positions.clone().skip(1);
        positions
            .take(1)
            .any(|first| others.any(|other| other != first))
    }

    /// What a step reads, in the order of its dependencies.
    fn inputs(&self, step: u32) -> Result<Vec<Arc<Materialization>>, StepFailure> {
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

    /// The newest materialization of a step that is not stale.
    pub(super) fn fresh(&self, step: u32) -> Option<Arc<Materialization>> {
        let inputs = self.inputs(step).ok()?;
        if self.is_stale(step, &inputs) {
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
}
