//! One attempt of one step, on its way through a worker thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::asset::{Asset, Check, Joint, Making};
use crate::event::{Attempt, CheckResult, Materialization};
use crate::graph::AssetGraph;
use crate::key::AssetKey;
use crate::plan::PlannedStep;
use crate::step::{Materialized, StepContext, StepFailure};
use crate::stop::Stop;

/// Everything an attempt needs, so that it runs without the scheduler's lock.
pub(super) struct Job {
    pub attempt: Attempt,
    pub graph: Arc<AssetGraph>,
    /// What it makes; the first stands for the step.
    pub pieces: Vec<PlannedStep>,
    pub epoch: u64,
    /// See [`StepContext::token`].
    pub token: u64,
    pub config: Arc<Value>,
    pub stop: Stop,
    /// What the step reads, or why it cannot.
    pub inputs: Result<Inputs, StepFailure>,
}

/// What a step reads.
pub(super) struct Inputs {
    /// All of it.
    pub all: Vec<Arc<Materialization>>,
    /// What is read for each piece; `None` = all of it for each.
    pub own: Option<Vec<Vec<Arc<Materialization>>>>,
}

impl Inputs {
    /// What is read for the piece at a place.
    fn of(&self, at: usize) -> &[Arc<Materialization>] {
        self.own.as_ref().map_or(&self.all, |own| &own[at])
    }
}

/// What an attempt came to.
pub(super) struct Made {
    /// One for each piece, in their order; `None` = it was left out.
    pub outputs: Vec<Option<Arc<Materialization>>>,
    /// What their checks found, with the place of the piece.
    pub checks: Vec<(usize, Arc<CheckResult>)>,
}

impl Job {
    fn asset(&self) -> &Asset {
        self.graph.asset(self.pieces[0].asset)
    }

    /// How long it may take.
    pub fn timeout(&self) -> Option<Duration> {
        self.asset().timeout
    }

    /// Calls the step, then the checks of what it made. A panic in the step is a failure of the
    /// attempt.
    pub fn execute(self) -> Result<Made, StepFailure> {
        let inputs = self.inputs.as_ref().map_err(Clone::clone)?;
        let asset = self.asset();
        let (assets, partition_keys) = self.several();
        let own = self.attempt.partition.as_slice();
        let cx = StepContext {
            run: &self.attempt.run,
            asset: &asset.key,
            assets: assets
                .as_deref()
                .unwrap_or(std::slice::from_ref(&asset.key)),
            partition: self.attempt.partition.as_deref(),
            partition_keys: partition_keys.as_deref().unwrap_or(own),
            partitions: &asset.partitions,
            attempt: self.attempt.attempt,
            epoch: self.epoch,
            token: self.token,
            inputs: &inputs.all,
            config: &self.config,
            stop: &self.stop,
        };
        let results = guarded(|| call(&asset.making, &cx))?;
        let results = self.in_order(results)?;
        let mut made = Made {
            outputs: Vec::with_capacity(results.len()),
            checks: Vec::new(),
        };
        for (at, (piece, result)) in self.pieces.iter().zip(results).enumerate() {
            let Some(result) = result else {
                made.outputs.push(None);
                continue;
            };
            let asset = self.graph.asset(piece.asset);
            let output = Arc::new(Materialization {
                run: Arc::clone(&self.attempt.run),
                asset: asset.key.clone(),
                partition: asset.partitions.key(piece.position).cloned(),
                attempt: self.attempt.attempt,
                epoch: self.epoch,
                data_version: result.data_version,
                code_version: Arc::clone(&asset.code_version),
                metadata: result.metadata,
                inputs: inputs.of(at).iter().map(|input| input.as_input()).collect(),
            });
            let checks = check(asset, &output, &cx);
            made.checks.extend(checks.map(|check| (at, check)));
            made.outputs.push(Some(output));
        }
        Ok(made)
    }

    /// Of what makes several assets, their keys; of what makes several partitions, theirs.
    fn several(&self) -> (Option<Vec<AssetKey>>, Option<Vec<Arc<str>>>) {
        let of = |piece: &PlannedStep| self.graph.asset(piece.asset);
        match self.asset().making {
            Making::Together(_) => {
                let keys = self.pieces.iter().map(|piece| of(piece).key.clone());
                (Some(keys.collect()), None)
            }
            Making::Range(_) => {
                let key = |piece: &PlannedStep| of(piece).partitions.key(piece.position).cloned();
                (None, Some(self.pieces.iter().filter_map(key).collect()))
            }
            Making::Step(_) | Making::External(_) => (None, None),
        }
    }

    /// The results in the order of the pieces; `None` = it was left out.
    fn in_order(&self, results: Results) -> Result<Vec<Option<Materialized>>, StepFailure> {
        let wrong = |message| Err(StepFailure::fatal(StepFailure::WRONG_OUTPUTS, message));
        let mut by_key = match results {
            Results::Each(results) if results.len() == self.pieces.len() => {
                return Ok(results.into_iter().map(Some).collect());
            }
            Results::Each(results) => {
                let (expected, found) = (self.pieces.len(), results.len());
                return wrong(format!("expected {expected} results, found {found}"));
            }
            Results::ByKey(results) => results,
        };
        let mut ordered = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let asset = self.graph.asset(piece.asset);
            let found = by_key.iter().position(|(key, _)| *key == asset.key);
            if found.is_none() && !asset.is_skippable() {
                return wrong(format!("expected a result of {}, found none", asset.key));
            }
            ordered.push(found.map(|at| by_key.swap_remove(at).1));
        }
        match by_key.first() {
            None => Ok(ordered),
            Some((key, _)) => wrong(format!(
                "expected one result of each asset that is asked for, found another one of {key}"
            )),
        }
    }
}

/// What a step returns.
enum Results {
    /// One for each piece, in their order.
    Each(Vec<Materialized>),
    /// By asset.
    ByKey(Vec<(AssetKey, Materialized)>),
}

fn call(making: &Making, cx: &StepContext<'_>) -> Result<Results, StepFailure> {
    Ok(match making {
        Making::Step(step) | Making::External(Some(step)) => Results::Each(vec![step.execute(cx)?]),
        Making::Range(step) => Results::Each(step.execute(cx)?),
        Making::Together(together) => match &together.step {
            Joint::All(step) => Results::Each(step.execute(cx)?),
            Joint::Any(step) => Results::ByKey(step.execute(cx)?),
        },
        // No plan has a step for it, so nothing asks for results.
        Making::External(None) => Results::Each(Vec::new()),
    })
}

/// Bits of a fencing token for the place in the log.
const PLACE_BITS: u32 = 40;

/// The fencing token of what is begun in an epoch behind an event of the log.
pub(super) fn token(epoch: u64, seq: u64) -> u64 {
    (epoch << PLACE_BITS) | seq.min((1 << PLACE_BITS) - 1)
}

/// What a step, or a check, is given outside of any run.
pub(super) fn of_no_run<'a>(
    asset: &'a Asset,
    partition: Option<&'a Arc<str>>,
    inputs: &'a [Arc<Materialization>],
    epoch: u64,
    stop: &'a Stop,
) -> StepContext<'a> {
    StepContext {
        run: "",
        asset: &asset.key,
        assets: std::slice::from_ref(&asset.key),
        partition: partition.map(AsRef::as_ref),
        partition_keys: partition.map_or(&[], std::slice::from_ref),
        partitions: &asset.partitions,
        attempt: 1,
        epoch,
        token: token(epoch, 0),
        inputs,
        config: &Value::Null,
        stop,
    }
}

/// Makes the checks of a piece. One that cannot be made counts as failed.
pub(super) fn check<'a>(
    asset: &'a Asset,
    made: &'a Materialization,
    cx: &'a StepContext<'_>,
) -> impl Iterator<Item = Arc<CheckResult>> + 'a {
    asset.checks.iter().map(|check: &Check| {
        let (passed, metadata) = match guarded(|| check.test.test(made, cx)) {
            Ok(checked) => (checked.passed, checked.metadata),
            Err(failure) => (false, json!({ "failure": failure })),
        };
        Arc::new(CheckResult {
            run: Arc::clone(&made.run),
            asset: made.asset.clone(),
            partition: made.partition.clone(),
            name: Arc::clone(&check.name),
            passed,
            severity: check.severity,
            data_version: Some(made.data_version.clone()),
            metadata,
        })
    })
}

/// Calls what the user wrote. A panic in it is a failure.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T, StepFailure>) -> Result<T, StepFailure> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> StepFailure {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "step panicked".to_owned());
    StepFailure::retryable(StepFailure::PANIC, message)
}
