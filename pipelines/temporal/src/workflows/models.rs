//! `ModelsWorkflow`: the models of a dbt project, one activity each, in the order of what they read.
//!
//! The graph is in the argument, as a history has no place for one: whoever starts the workflow reads it
//! from dbt's manifest. A model that fails stops what reads it and nothing else; the workflow then fails
//! with the first such failure. A run that is to go on from there is told what was built.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use std::time::Duration;

use temporalio_common::RetryPolicy;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

use crate::activities::{EtlActivities, ModelRequest};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, ModelsInput, ModelsOutcome};

/// dbt starts within seconds; a model of a warehouse may take its time.
const START_TO_CLOSE: Duration = Duration::from_secs(600);
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(10);

/// The workflow of a dbt project.
#[workflow]
#[derive(Default)]
pub struct ModelsWorkflow;

#[workflow_methods]
impl ModelsWorkflow {
    /// Builds what is not built yet.
    #[run(name = "ModelsWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<ModelsInput>,
    ) -> WorkflowResult<ModelsOutcome> {
        let input = argument.valid().map_err(bad_input)?;
        // user code: dbt-graph
        let (mut built, mut failure) = (input.built.clone(), None);
        for model in &input.models {
            let blocked = model.reads.iter().any(|parent| !built.contains(parent));
            if blocked || built.contains(&model.name) {
                continue;
            }
            let request = ModelRequest {
                run: input.run.clone(),
                partition: model.name.clone(),
                project: input.project.clone(),
            };
            let building = ctx.execute_activity(EtlActivities::build_model, request, options());
            match building.await {
                Ok(model) => built.push(model.model),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        // end of user code
        match failure {
            Some(failure) => Err(closing(failure.into())),
            None => Ok(ModelsOutcome { built }),
        }
    }
}

/// A statement that is wrong is so at every attempt.
fn options() -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(START_TO_CLOSE)
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .build()
}
