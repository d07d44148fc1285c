//! Exit codes of what Temporal's part of the command line is given.

use std::process::Command;

use anyhow::Result;

use crate::stage::{Stage, orchbench, said};

/// `orchbench worker temporal` in a folder of its own.
fn worker(stage: &Stage, address: &str) -> Result<Command> {
    let mut command = orchbench();
    command
        .args([
            "worker",
            "temporal",
            "--temporal-address",
            address,
            "--connect-timeout-ms",
            "500",
        ])
        .current_dir(stage.dir("usage")?);
    Ok(command)
}

pub fn wrong(stage: &Stage) -> Result<()> {
    let dir = stage.dir("usage")?;
    let sources = dir.join("sources.toml");
    std::fs::write(&sources, "[sources.x]\ntitle = 1\n")?;
    let sources = sources.display().to_string();
    let cases: [(&[&str], &str); 6] = [
        (&["--sources", &sources], "sources.toml"),
        (&["--sources", "/no/such.toml"], "/no/such.toml"),
        (&["--warehouse", "mysql://here"], "mysql://here"),
        (&["--namespace", "no-such"], "namespace no-such: not found"),
        (&["--drain-ms", "18446744073709551615"], "--drain-ms"),
        (&["--activity-slots", "0"], "--activity-slots"),
    ];
    for (words, part) in cases {
        said(worker(stage, stage.address())?.args(words))?.refused(2, &[part])?;
    }
    let words = [
        "start",
        "DataPipelineWorkflow",
        "\"one-day\"",
        "--namespace",
        "no-such",
    ];
    stage
        .workflow(&words)?
        .refused(2, &["namespace no-such: not found"])?;
    let words = ["describe", "x", "--namespace", "no-such"];
    stage
        .workflow(&words)?
        .refused(2, &["namespace no-such: not found"])?;
    for factor in ["0", "4294967295"] {
        let words = ["generate", "generated", "--factor", factor];
        said(orchbench().args(words).current_dir(&dir))?.refused(2, &["--factor"])?;
    }
    Ok(())
}

pub fn unreachable(stage: &Stage) -> Result<()> {
    let nobody = "127.0.0.1:1";
    said(&mut worker(stage, nobody)?)?.refused(5, &[nobody, "no answer"])?;
    let words = ["--warehouse", "postgres://nobody@127.0.0.1:1/none"];
    said(worker(stage, stage.address())?.args(words))?.refused(5, &["PostgreSQL"])
}
