//! Words that make no sense, and an engine that is not there.

use std::fs;

use anyhow::{Result, ensure};

use crate::folder::{Folder, text};

#[test]
fn words_that_are_wrong_are_named() -> Result<()> {
    let folder = Folder::new()?;
    for (words, expected) in [
        (vec!["run", "quik"], "nearest: quick"),
        (vec!["run", "--engine", "temporall"], "nearest: temporal"),
        (vec!["analyze", "nowhere"], "plan.json"),
        (vec!["worker", "airflow"], "asset-engine"),
        (vec!["materialize", "my-sauce"], "my-source"),
    ] {
        let output = folder.orchbench(&words)?;
        let said = text(&output);
        ensure!(
            output.status.code() == Some(2),
            "{words:?}: {:?}: {said}",
            output.status
        );
        ensure!(said.contains(expected), "{words:?}: {said}");
    }
    Ok(())
}

#[test]
fn an_engine_out_of_reach_is_reported() -> Result<()> {
    let folder = Folder::new()?;
    let words = [
        "run",
        "small.toml",
        "--temporal-address",
        "127.0.0.1:1",
        "--experiment",
        "overhead",
        "--out",
        "results",
    ];
    let output = folder.orchbench(&words)?;
    let said = text(&output);
    ensure!(
        output.status.code() == Some(5),
        "{:?}: {said}",
        output.status
    );
    ensure!(said.contains("127.0.0.1:1"), "{said}");
    let report = fs::read_to_string(folder.path("results").join("report.md"))?;
    ensure!(
        report.contains("127.0.0.1:1"),
        "the report does not say what was out of reach"
    );
    Ok(())
}
