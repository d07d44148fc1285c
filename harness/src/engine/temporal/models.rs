//! The models of a dbt project on Temporal: whoever starts the workflow gives it the graph, and reads
//! from the history of a run that failed what is built.

use orchbench_etl::StepName;
use orchbench_temporal::{Client, ClientError, ModelsInput};

use super::account::steps;
use crate::engine::{Models, ModelsTold};

/// The programs of which the lines of user code are counted.
const PROGRAMS: [&str; 4] = [
    include_str!("models.rs"),
    include_str!("../../../../pipelines/etl/src/models.rs"),
    include_str!("../../../../pipelines/temporal/src/activities/build_model.rs"),
    include_str!("../../../../pipelines/temporal/src/workflows/models.rs"),
];

/// The argument of a run's workflow.
///
/// # Errors
/// There is no manifest, or no history of the run before.
pub(super) async fn input(
    client: &Client,
    run: &str,
    job: &Models,
) -> Result<ModelsInput, ClientError> {
    // user code: dbt-graph
    let mut built = Vec::new();
    if let Some(before) = &job.after {
        let events = client.history(before, None).await?;
        let completed = steps(before, &events).into_iter();
        let completed = completed.filter(|(_, step)| step.completed);
        let prefix = format!("{before}/{}/", StepName::BuildModel);
        built.extend(
            completed.filter_map(|(_, step)| Some(step.key.strip_prefix(&prefix)?.to_owned())),
        );
    }
    // end of user code
    let models = job.project.models().map_err(|error| ClientError::Server {
        subject: format!("workflow {run}"),
        reason: error.message,
    })?;
    Ok(ModelsInput {
        run: run.to_owned(),
        project: job.project.clone(),
        models,
        built,
    })
}

/// What Temporal tells of models: nothing. What it takes is code.
pub(super) fn told() -> ModelsTold {
    ModelsTold::default().by(&PROGRAMS)
}
