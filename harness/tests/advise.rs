//! `orchbench advise` as it is called: the example workloads, refusals, and the record.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Result, ensure};
use serde_json::Value;

fn advise(words: &[&str]) -> Result<Output> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .current_dir(root)
        .args(["advise", "--results", "reports/reference"])
        .args(words)
        .stdin(Stdio::null())
        .output()?;
    Ok(output)
}

fn ensure_refused(output: &Output, expected: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(2),
        "{:?}: {said}",
        output.status
    );
    ensure!(said.contains(expected), "{said}");
    Ok(())
}

#[test]
fn an_example_has_its_advice_as_text_as_json_and_as_a_record() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let record = dir.path().join("adr.md").display().to_string();
    let example = "docs/workloads/approval.toml";
    let output = advise(&[example, "--json", "--adr", &record])?;
    ensure!(output.status.success(), "{output:?}");
    let advice: Value = serde_json::from_slice(&output.stdout)?;
    let choices = advice["choices"].as_array().map_or(0, Vec::len);
    ensure!(choices == 3, "{advice}");
    let written = fs::read_to_string(&record)?;
    ensure!(
        written.starts_with("---\nstatus: \"proposed\"\n"),
        "{written}"
    );
    ensure!(
        written.contains("](reports/reference/measurements.json#"),
        "{written}"
    );
    // Who has gone on with it keeps it.
    ensure_refused(
        &advise(&[example, "--adr", &record])?,
        "expected a new file",
    )?;
    ensure!(fs::read_to_string(&record)? == written);
    let text = advise(&[example])?;
    let text = String::from_utf8_lossy(&text.stdout);
    ensure!(text.contains("what would change it:"), "{text}");
    Ok(())
}

#[test]
fn what_is_no_workload_is_refused_with_its_place() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("mine.toml");
    fs::write(
        &file,
        "title = \"x\"\nsteps = 3\nstep_secs = 1\nruns_a_day = 1\n",
    )?;
    let file = file.display().to_string();
    ensure_refused(&advise(&[&file])?, "mine.toml:3: unknown field `step_secs`")?;
    ensure_refused(
        &advise(&["nowhere.toml"])?,
        "nowhere.toml: expected a workload",
    )?;
    ensure_refused(
        &advise(&[])?,
        "asked for on a terminal, which standard input is not",
    )
}
