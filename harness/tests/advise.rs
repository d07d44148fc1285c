//! `orchbench advise` as it is called: the example workloads, refusals, and the record.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Result, ensure};
use serde_json::Value;

fn command(words: &[&str]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchbench"));
    command
        .current_dir(root)
        .args(["advise", "--results", "reports/reference"])
        .args(words)
        .stdin(Stdio::null());
    command
}

fn advise(words: &[&str]) -> Result<Output> {
    Ok(command(words).output()?)
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

/// Without a Python, so that the engine that takes minutes has the reason in its place.
#[test]
fn a_workload_is_rehearsed_beside_its_advice() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let workload = dir.path().join("mine.toml");
    let text =
        "title = \"x\"\nsteps = 2\nstep_seconds = 0.1\nruns_a_day = 1\nfailed_attempts = 0.2\n";
    fs::write(&workload, text)?;
    let folder = dir.path().join("rehearsal");
    let [workload, out] = [&workload, &folder].map(|path| path.display().to_string());
    let output = command(&[&workload, "--json", "--measure", &out])
        .env("ORCHBENCH_PYTHON", dir.path().join("no-python"))
        .env("XDG_STATE_HOME", dir.path().join("state"))
        .output()?;
    ensure!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    let ways = answer["rehearsed"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let mut measured = 0;
    for way in ways {
        let seconds = way["measured_s"].as_f64();
        ensure!(seconds.is_some() || way["engine"] == "dagster", "{way}");
        ensure!(seconds.is_none_or(|seconds| seconds >= 0.2), "{way}");
        ensure!(way["predicted_s"][0].as_f64().is_some(), "{way}");
        measured += usize::from(seconds.is_some());
    }
    ensure!(measured == 6, "{answer}");
    ensure!(folder.join("report.html").is_file());
    // A folder that has results keeps them.
    ensure_refused(&advise(&[&workload, "--measure", &out])?, &out)
}

#[test]
fn what_is_no_workload_is_refused_with_its_place() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("mine.toml");
    let place = file.display().to_string();
    for (lines, refusal) in [
        ("step_secs = 1", "mine.toml:3: unknown field `step_secs`"),
        (
            "step_seconds = -1",
            "mine.toml:3: step_seconds: expected 0 to 604800, found -1",
        ),
        (
            "step_seconds = \"long\"",
            "mine.toml:3: invalid type: string \"long\", expected f64",
        ),
    ] {
        let text = format!("title = \"x\"\nsteps = 3\n{lines}\nruns_a_day = 1\n");
        fs::write(&file, text)?;
        ensure_refused(&advise(&[&place])?, refusal)?;
    }
    ensure_refused(
        &advise(&["nowhere.toml"])?,
        "nowhere.toml: expected a workload",
    )?;
    ensure_refused(
        &advise(&[])?,
        "asked for on a terminal, which standard input is not",
    )
}
