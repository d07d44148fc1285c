//! One attempt of one step, on its way through a worker thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::asset::{Asset, Check, Making};
use crate::event::{Attempt, CheckResult, Materialization};
use crate::graph::AssetGraph;
use crate::step::{Materialized, StepContext, StepFailure};
use crate::stop::Stop;

/// Everything an attempt needs, so that it runs without the scheduler's lock.
pub(super) struct Job {
    pub attempt: Attempt,
    pub graph: Arc<AssetGraph>,
    pub asset: u32,
    pub epoch: u64,
    pub config: Arc<Value>,
    pub stop: Stop,
    /// What the step reads, or why it cannot.
    pub inputs: Result<Vec<Arc<Materialization>>, StepFailure>,
}

/// What an attempt came to.
pub(super) struct Made {
    /// One for each asset that the step makes, in its order.
    pub outputs: Vec<Arc<Materialization>>,
    /// What their checks found.
    pub checks: Vec<Arc<CheckResult>>,
}

impl Job {
    /// How long it may take.
    pub fn timeout(&self) -> Option<Duration> {
        self.graph.asset(self.asset).timeout
    }

    /// Calls the step, then the checks of what it made. A panic in the step is a failure of the
    /// attempt.
    pub fn execute(self) -> Result<Made, StepFailure> {
        let inputs = self.inputs?;
        let asset = self.graph.asset(self.asset);
        let cx = StepContext {
            run: &self.attempt.run,
            asset: &asset.key,
            partition: self.attempt.partition.as_deref(),
            partitions: &asset.partitions,
            attempt: self.attempt.attempt,
            epoch: self.epoch,
            inputs: &inputs,
            config: &self.config,
            stop: &self.stop,
        };
        let results = guarded(|| call(&asset.making, &cx))?;
        let own = [self.asset];
        let makes = self.graph.outputs(self.asset).unwrap_or(&own);
        if results.len() != makes.len() {
            return Err(StepFailure::fatal(
                StepFailure::WRONG_OUTPUTS,
                format!("expected {} results, found {}", makes.len(), results.len()),
            ));
        }
        let mut made = Made {
            outputs: Vec::with_capacity(makes.len()),
            checks: Vec::new(),
        };
        for (index, result) in makes.iter().zip(results) {
            let asset = self.graph.asset(*index);
            let output = Arc::new(Materialization {
                run: Arc::clone(&self.attempt.run),
                asset: asset.key.clone(),
                partition: self.attempt.partition.clone(),
                attempt: self.attempt.attempt,
                epoch: self.epoch,
                data_version: result.data_version,
                code_version: Arc::clone(&asset.code_version),
                metadata: result.metadata,
                inputs: inputs.iter().map(|input| input.as_input()).collect(),
            });
            made.checks.extend(check(asset, &output, &cx));
            made.outputs.push(output);
        }
        Ok(made)
    }
}

fn call(making: &Making, cx: &StepContext<'_>) -> Result<Vec<Materialized>, StepFailure> {
    match making {
        Making::Step(step) | Making::External(Some(step)) => Ok(vec![step.execute(cx)?]),
        Making::Together(together) => together.step.execute(cx),
        // No plan has a step for it, so nothing asks for results.
        Making::External(None) => Ok(Vec::new()),
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
