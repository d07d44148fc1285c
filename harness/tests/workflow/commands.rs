//! Start, result, signal, query, cancel, terminate, list.

use anyhow::{Result, ensure};

use crate::stage::{Stage, until};

pub fn start_and_wait(stage: &Stage) -> Result<()> {
    let _worker = stage.worker("start")?;
    let file = stage.dir("start")?.join("input.json");
    std::fs::write(&file, r#"{"source": "one-day", "concurrency": 2}"#)?;
    let argument = format!("@{}", file.display());
    let queue = ["--task-queue", "start", "--id", "started"];
    let words = ["start", "DataPipelineWorkflow", &argument, "--wait"];
    let ended = stage.json(&[&words[..], &queue].concat())?;
    ensure!(ended["workflow_id"] == "started", "{ended}");
    ensure!(
        ended["run_id"].as_str().is_some_and(|id| !id.is_empty()),
        "{ended}"
    );
    ensure!(ended["result"]["source"] == "one-day", "{ended}");
    ensure!(ended["result"]["partitions"] == 1, "{ended}");
    let result = stage.json(&["result", "started"])?;
    ensure!(result["result"] == ended["result"], "{result}");

    let query = "WorkflowId = 'started'";
    let listed = until("the list has it", || {
        let list = stage.json(&["list", "--query", query])?;
        Ok((list[0]["status"] == "Completed").then_some(list))
    })?;
    ensure!(listed[0]["workflow"] == "DataPipelineWorkflow", "{listed}");
    let table = stage.workflow(&["list", "--query", query])?.text()?;
    ensure!(
        table.lines().count() == 2 && table.contains("Completed"),
        "{table}"
    );
    Ok(())
}

pub fn senseless_words(stage: &Stage) -> Result<()> {
    let cases: [(&[&str], &str); 4] = [
        (
            &["start", "DataPipelineWorkflow", "my-source"],
            "expected JSON",
        ),
        (&["start", "DataPipelineWorkflow", "@/no/such"], "@/no/such"),
        (
            &["schedule", "create", "x", "--every", "1ms"],
            "at least 1s",
        ),
        (&["schedule", "create", "x"], "--every"),
    ];
    for (words, part) in cases {
        stage.workflow(words)?.refused(2, &[part])?;
    }
    let said = stage.workflow(&["list", "--query", "Wrong ="])?;
    said.refused(1, &["list of workflows in namespace default"])
}

pub fn ids(stage: &Stage) -> Result<()> {
    for words in [
        &["show", "no-such"][..],
        &["describe", "no-such"],
        &["result", "no-such"],
        &["signal", "no-such", "approve"],
        &["query", "no-such", "progress"],
        &["update", "no-such", "set_concurrency", "2"],
        &["cancel", "no-such"],
        &["terminate", "no-such"],
    ] {
        let said = stage.workflow(words)?;
        said.refused(2, &["workflow no-such: not found in namespace default"])?;
    }
    // Nobody polls this queue: the workflow stays as it is.
    let words = [
        "start",
        "DataPipelineWorkflow",
        "\"one-day\"",
        "--id",
        "idle",
    ];
    let words = [&words[..], &["--task-queue", "nobody"]].concat();
    stage.json(&words)?;
    let again = stage.workflow(&words)?;
    again.refused(2, &["workflow idle: already running as "])?;
    let update = [
        "update",
        "idle",
        "set_concurrency",
        "2",
        "--timeout-ms",
        "200",
    ];
    stage
        .workflow(&update)?
        .refused(1, &["no outcome within 200 ms"])?;
    stage.json(&["signal", "idle", "approve", r#"{"who": "ann"}"#])?;
    stage.json(&["cancel", "idle", "--reason", "a try"])?;
    let shown = stage.workflow(&["show", "idle"])?.text()?;
    for parts in [
        ["WorkflowExecutionSignaled", "approve", r#"{"who":"ann"}"#],
        ["WorkflowExecutionCancelRequested", "a try", ""],
    ] {
        let said = |line: &str| parts.iter().all(|part| line.contains(part));
        ensure!(shown.lines().any(said), "expected {parts:?}: {shown}");
    }
    stage.json(&["terminate", "idle", "--reason", "enough"])?;
    stage
        .workflow(&["result", "idle"])?
        .refused(1, &["workflow idle failed: Terminated"])?;
    for words in [&["signal", "idle", "approve"][..], &["terminate", "idle"]] {
        let said = stage.workflow(words)?;
        said.refused(2, &["workflow idle: already closed in namespace default"])?;
    }
    Ok(())
}

pub fn failure(stage: &Stage) -> Result<()> {
    let _worker = stage.worker("failure")?;
    let words = [
        "start",
        "DataPipelineWorkflow",
        "\"no-such\"",
        "--wait",
        "--id",
        "failed",
    ];
    let words = [&words[..], &["--task-queue", "failure"]].concat();
    let said = stage.workflow(&words)?;
    said.refused(1, &["workflow failed failed: UnknownSource", "no-such"])?;
    let said = stage.workflow(&["result", "failed", "--json"])?;
    let ended: serde_json::Value = serde_json::from_str(&said.out)?;
    ensure!(ended["failure"]["error_type"] == "UnknownSource", "{ended}");
    let said = stage.workflow(&["query", "failed", "no_such_query"])?;
    said.refused(1, &["workflow failed: ", "no_such_query"])
}
