//! The models of a dbt project by plain calls, one after the other; nothing is remembered.

use std::io::Write as _;
use std::process::{Command, Stdio};

use orchbench_etl::models::{Built, ModelAnswer};
use orchbench_etl::process::PARENT_VARIABLE;
use orchbench_etl::{ErrorType, ModelProject, StepError};

/// Builds every model, up to the first that fails.
pub(super) fn build_all(run: &str, project: &ModelProject) -> Result<(), StepError> {
    for model in project.models()? {
        build(run, project, &model.name)?;
    }
    Ok(())
}

fn build(run: &str, project: &ModelProject, model: &str) -> Result<Built, StepError> {
    let failed = |error: &dyn std::fmt::Display| {
        StepError::new(ErrorType::ProcessFailed, format!("model {model}: {error}"))
    };
    let command = project.command();
    let order = serde_json::to_vec(&project.order(run, model)).map_err(|error| failed(&error))?;
    let mut child = Command::new(&command.program)
        .args(&command.arguments)
        .env(PARENT_VARIABLE, std::process::id().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&order).map_err(|error| failed(&error))?;
    }
    let output = child.wait_with_output().map_err(|error| failed(&error))?;
    let answer: ModelAnswer =
        serde_json::from_slice(&output.stdout).map_err(|_| failed(&output.status))?;
    answer.into()
}
