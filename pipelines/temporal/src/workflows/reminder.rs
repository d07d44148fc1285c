//! Reminder: a run with hardly any work, which waits for a time to pass, and then calls for somebody.
//!
//! What many waiting runs take shows best where they do little else: a step before the wait and one after.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::{Escalated, REMINDER, StepInputs};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use super::steps::Steps;
use crate::activities::EtlActivities;
use crate::failure::{bad_input, closing};
use crate::input::{Argument, PipelineInput};

/// The workflow of a reminder. The wait is its input's `embargo_ms`.
#[workflow]
#[derive(Default)]
pub struct ReminderWorkflow;

#[workflow_methods]
impl ReminderWorkflow {
    /// Looks at the airlines, waits, and tells somebody.
    #[run(name = "ReminderWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PipelineInput>,
    ) -> WorkflowResult<Escalated> {
        let input = argument.valid().map_err(bad_input)?;
        let steps = Steps::new(ctx, &input);
        remind(&steps).await.map_err(closing)
    }
}

async fn remind(steps: &Steps<ReminderWorkflow>) -> WorkflowResult<Escalated> {
    steps.source().await?;
    let inputs = StepInputs::ExtractAirlines;
    steps
        .call(EtlActivities::extract_airlines, None, inputs)
        .await?;
    steps.embargo_over().await?;
    steps.tell(REMINDER.to_owned()).await
}
