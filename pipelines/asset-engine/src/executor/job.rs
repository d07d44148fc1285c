//! One attempt of one step, on its way through a worker thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::event::{Attempt, Materialization};
use crate::graph::AssetGraph;
use crate::step::{StepContext, StepFailure};
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

/// How an attempt ended.
pub(super) type JobResult = Result<Arc<Materialization>, StepFailure>;

impl Job {
    /// How long it may take.
    pub fn timeout(&self) -> Option<Duration> {
        self.graph.asset(self.asset).timeout
    }

    /// Calls the step. A panic in it is a failure of the attempt.
    pub fn execute(self) -> Result<Arc<Materialization>, StepFailure> {
        let inputs = self.inputs?;
        let asset = self.graph.asset(self.asset);
        let cx = StepContext {
            run: &self.attempt.run,
            asset: &asset.key,
            partition: self.attempt.partition.as_deref(),
            attempt: self.attempt.attempt,
            epoch: self.epoch,
            inputs: &inputs,
            config: &self.config,
            stop: &self.stop,
        };
        let made = catch_unwind(AssertUnwindSafe(|| asset.step.execute(&cx)))
            .unwrap_or_else(|panic| Err(panicked(panic.as_ref())))?;
        Ok(Arc::new(Materialization {
            run: self.attempt.run,
            asset: self.attempt.asset,
            partition: self.attempt.partition,
            attempt: self.attempt.attempt,
            epoch: self.epoch,
            data_version: made.data_version,
            code_version: Arc::clone(&asset.code_version),
            metadata: made.metadata,
            inputs: inputs.iter().map(|input| input.as_input()).collect(),
        }))
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> StepFailure {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "step panicked".to_owned());
    StepFailure::retryable(StepFailure::PANIC, message)
}
