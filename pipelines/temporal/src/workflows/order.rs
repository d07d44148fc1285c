//! Order: three services are called one after the other, each with its way back; all of it happens, or in
//! net effect nothing.
//!
//! The saga of microservices, by the rules of [`super::saga`]. A service may have done what it was asked
//! and never said so: the call is made again under the same idempotency key, after the policy's delay or
//! when the service said (`Retry-After`), and where the policy gives up, or a service refuses for good,
//! what was begun is undone in reverse.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::{Served, StepInputs, StepName};
use temporalio_common::ActivityDefinition;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use super::steps::Steps;
use crate::activities::{EtlActivities, StepRequest};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, OrderInput};

/// The workflow of an order.
#[workflow]
#[derive(Default)]
pub struct OrderWorkflow {
    /// The acts that have been begun, in their order: what the way back is about.
    begun: Vec<StepName>,
}

#[workflow_methods]
impl OrderWorkflow {
    /// Places an order, or leaves everything as it was.
    #[run(name = "OrderWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<OrderInput>,
    ) -> WorkflowResult<Vec<Served>> {
        let input = argument.valid().map_err(bad_input)?;
        let order = Order {
            steps: Steps::new(ctx, &input.0),
            ctx,
        };
        let placed = order.place().await;
        if placed.is_err() {
            order.back().await?;
        }
        placed.map_err(closing)
    }
}

struct Order<'a> {
    ctx: &'a WorkflowContext<OrderWorkflow>,
    steps: Steps<OrderWorkflow>,
}

impl Order<'_> {
    async fn place(&self) -> WorkflowResult<Vec<Served>> {
        Ok(vec![
            self.act(EtlActivities::reserve, StepInputs::Reserve)
                .await?,
            self.act(EtlActivities::charge, StepInputs::Charge).await?,
            self.act(EtlActivities::book, StepInputs::Book).await?,
        ])
    }

    /// Registers the compensation, then calls the service: from the former on the act may have happened.
    async fn act<A>(&self, activity: A, inputs: StepInputs) -> WorkflowResult<Served>
    where
        A: ActivityDefinition<Input = StepRequest, Output = Served>,
    {
        let step = inputs.step();
        self.ctx.state_mut(|state| state.begun.push(step));
        let options = self.steps.policy().act(step);
        self.steps.call_with(activity, None, inputs, options).await
    }

    /// The way back.
    async fn back(&self) -> WorkflowResult<()> {
        let begun = self.ctx.state(|state| state.begun.clone());
        for act in begun.into_iter().rev() {
            self.steps.undo(act, None).await?;
        }
        Ok(())
    }
}
