//! `NoopWorkflow`: steps without work, for the measurement of Temporal's own overhead, or with work that they
//! only pretend to do.
//!
//! A history may not grow without bound (the server warns at 10,240 events and ends the workflow at
//! 51,200), and each step adds three to six events. So the workflow continues as new after
//! [`STEPS_PER_RUN`] steps: it starts again under the same id with an empty history, and its argument
//! says how many steps are done.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use std::time::Duration;

use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, ContinueAsNewOptions, LocalActivityOptions, WorkflowContext, WorkflowResult,
};

use super::lanes::in_lanes;
use crate::activities::{EtlActivities, Handed, SyntheticStep};
use crate::failure::{bad_input, closing};
use crate::policy::Policy;
use orchbench_etl::{Shape, Synthetic};

use crate::input::{Argument, NoopInput, NoopOutcome};

/// Steps before a run continues as a new one.
pub const STEPS_PER_RUN: u32 = 2_000;

/// Steps in flight in the fan-out.
pub const FAN_OUT_LANES: usize = 100;

/// How long an attempt at a step without work may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// The workflow of empty steps.
#[workflow]
#[derive(Default)]
pub struct NoopWorkflow;

#[workflow_methods]
impl NoopWorkflow {
    /// Executes the steps that are left, or the first of them and continues as new.
    #[run(name = "NoopWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<NoopInput>,
    ) -> WorkflowResult<NoopOutcome> {
        let input = argument.valid().map_err(bad_input)?;
        if let Some(bytes) = input.payload_bytes {
            let steps = input.steps;
            handed_on(ctx, steps, bytes).await.map_err(closing)?;
            return Ok(NoopOutcome { steps });
        }
        let left = input.steps - input.done;
        let now = if input.unbounded {
            left
        } else {
            left.min(STEPS_PER_RUN)
        };
        let lanes = match input.shape {
            // One lane takes a step only when the one before it is done.
            Shape::Chain => 1,
            Shape::FanOut if input.unbounded => now as usize,
            Shape::FanOut => FAN_OUT_LANES,
        };
        let steps = input.done..input.done + now;
        in_lanes(steps, lanes, |step| one(ctx, step, &input))
            .await
            .map_err(closing)?;

        if now < left {
            let rest = NoopInput {
                done: input.done + now,
                ..input
            };
            ctx.continue_as_new(rest.into(), ContinueAsNewOptions::default())?;
        }
        Ok(NoopOutcome { steps: input.steps })
    }
}

async fn one(
    ctx: &WorkflowContext<NoopWorkflow>,
    step: u32,
    input: &NoopInput,
) -> WorkflowResult<u32> {
    match &input.synthetic {
        Some(work) => synthetic(ctx, step, work).await,
        None => noop(ctx, step, input.local).await,
    }
}

/// Steps of which each is given what the one before it made, by value.
async fn handed_on(
    ctx: &WorkflowContext<NoopWorkflow>,
    steps: u32,
    bytes: u32,
) -> WorkflowResult<()> {
    let mut before = None;
    for _ in 0..steps {
        let options = ActivityOptions::start_to_close_timeout(STEP_TIMEOUT);
        let handed = Handed { bytes, before };
        let made = ctx.execute_activity(EtlActivities::hand_on, handed, options);
        before = Some(made.await?);
    }
    Ok(())
}

async fn synthetic(
    ctx: &WorkflowContext<NoopWorkflow>,
    step: u32,
    work: &Synthetic,
) -> WorkflowResult<u32> {
    let attempt = SyntheticStep {
        step,
        work: work.clone(),
    };
    let options = Policy::synthetic(work);
    let done = ctx.execute_activity(EtlActivities::synthetic, attempt, options);
    Ok(done.await?)
}

async fn noop(ctx: &WorkflowContext<NoopWorkflow>, step: u32, local: bool) -> WorkflowResult<u32> {
    let done = if local {
        let options = LocalActivityOptions::builder()
            .start_to_close_timeout(STEP_TIMEOUT)
            .build();
        ctx.execute_local_activity(EtlActivities::noop, step, options)
            .await?
    } else {
        let options = ActivityOptions::start_to_close_timeout(STEP_TIMEOUT);
        ctx.execute_activity(EtlActivities::noop, step, options)
            .await?
    };
    Ok(done)
}
