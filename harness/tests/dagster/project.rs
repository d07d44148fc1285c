//! The project as a user of Dagster opens it.

use anyhow::ensure;

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
