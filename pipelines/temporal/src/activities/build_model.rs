//! A model of a dbt project in an activity.

use orchbench_etl::ModelProject;
use orchbench_etl::models::{Built, ModelAnswer};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::failure::activity_error;
use crate::interruption::stopped;
use crate::process::ask;

/// What a workflow hands to the activity of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRequest {
    /// The run's id.
    pub run: String,
    /// The model, in the place of a step's day.
    pub partition: String,
    /// The project.
    pub project: ModelProject,
}

// user code: dbt-run
/// Has dbt build the model, with its tests; its process goes when the attempt is told to stop.
pub(super) async fn built(
    ctx: &ActivityContext,
    request: &ModelRequest,
) -> Result<Built, ActivityError> {
    let project = &request.project;
    let order = project.order(&request.run, &request.partition);
    let answer = ask::<ModelAnswer, ()>(ctx, &project.command(), &order, || ()).await?;
    match answer {
        Some(answer) => answer
            .and_then(Result::from)
            .map_err(|error| activity_error(&error)),
        None => Err(stopped(ctx, &()).await),
    }
}
// end of user code
