//! The project as a user of Dagster opens it.

use anyhow::ensure;
use orchbench_etl::journal::ErrorType;

use crate::Outcome;
use crate::driver::{command, python};

#[test]
fn its_definitions_load() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let home = tempfile::tempdir()?;
    std::fs::write(
        home.path().join("dagster.yaml"),
        "telemetry: {enabled: false}\n",
    )?;
    let output = command(&python, &["-m", "dagster", "definitions", "validate"])
        .env("DAGSTER_HOME", home.path())
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(output.status.success(), "{}: {said}", output.status);
    ensure!(
        !said.contains("WARNING") && !said.contains("ERROR"),
        "{said}"
    );
    ensure!(
        said.contains("All code locations passed validation"),
        "{said}"
    );
    Ok(())
}

#[test]
fn its_errors_that_no_retry_cures_are_those_of_the_steps() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let ask = "import json; from orchbench_dagster.steps import Steps; \
               print(json.dumps(Steps.model_fields['non_retryable'].default))";
    let output = command(&python, &["-c", ask]).output()?;
    let said: Vec<String> = serde_json::from_slice(&output.stdout)?;
    ensure!(said == ErrorType::NON_RETRYABLE, "{said:?}");
    Ok(())
}
