//! A long-running activity: heartbeats that carry progress, resume, and cancellation that is honoured.
//!
//! One activity extracts all days of a source. It may run for hours, so:
//!
//! - it **heartbeats**: a worker's death is noticed after the heartbeat timeout, not after the hours
//!   that the activity may take (the start-to-close timeout);
//! - the heartbeats carry what is done, and the next attempt **resumes** from there. The SDK sends at
//!   most one heartbeat in 0.8 of the timeout, so a little is done twice; a step may be;
//! - it is **cancelled** between two days: the server tells the worker in its answer to a heartbeat.
//!   The workflow waits for the activity's own word that it has stopped, so that "cancelled" means
//!   that nobody is at work any more;
//! - it is **paused, reset** or moved to another worker likewise, and none of that counts as one of its
//!   attempts ([`crate::activities::ExtractDays`]).

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::StepName;
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use super::steps::Steps;
use crate::activities::{EtlActivities, ExtractDays};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, PipelineInput};

/// The workflow of one long activity.
#[workflow]
#[derive(Default)]
pub struct ExtractWorkflow;

/// The result of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractOutcome {
    /// How many days were extracted.
    pub days: u64,
    /// Flights of the dataset that belong to the source.
    pub extracted: u64,
    /// Flights that went to quarantine.
    pub quarantined: u64,
    /// Days that the last attempt at the activity found done.
    pub resumed: u64,
}

#[workflow_methods]
impl ExtractWorkflow {
    /// Extracts all days of a source.
    #[run(name = "ExtractWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PipelineInput>,
    ) -> WorkflowResult<ExtractOutcome> {
        let input = argument.valid().map_err(bad_input)?;
        extract(ctx, &input).await.map_err(closing)
    }
}

async fn extract(
    ctx: &WorkflowContext<ExtractWorkflow>,
    input: &PipelineInput,
) -> WorkflowResult<ExtractOutcome> {
    let steps = Steps::new(ctx, input);
    let source = steps.source().await?;
    steps.describe(&source.days.to_string())?;
    let request = ExtractDays {
        run: steps.run().to_owned(),
        source: input.source.clone(),
        days: steps.days(&source)?,
        max_attempts: steps.policy().max_attempts(),
    };
    // As with an act, a cancelled workflow waits for the activity's own end.
    let options = steps.policy().long(StepName::ExtractFlights);
    let extracted = ctx
        .execute_activity(EtlActivities::extract_days, request, options)
        .await?;
    Ok(ExtractOutcome {
        days: extracted.days.len() as u64,
        extracted: extracted.days.iter().map(|day| day.extracted).sum(),
        quarantined: extracted.days.iter().map(|day| day.quarantined).sum(),
        resumed: extracted.resumed,
    })
}
