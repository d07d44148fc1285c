//! Start, result, signal, query, cancel, terminate.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use orchbench_etl::{CrashPoint, FailurePlan, StepName};
use orchbench_lab::server::command_line;

use crate::stage::{Stage, Worker, orchbench, said, until};

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
    Ok(())
}

pub fn senseless_words(stage: &Stage) -> Result<()> {
    let backfill = |count: u64| format!(r#"{{"pipeline": "all", "empty_partitions": {count}}}"#);
    let (many, most) = (backfill(4_294_967_295), backfill(u64::MAX));
    let cases: [(&[&str], &str); 9] = [
        (
            &["start", "DataPipelineWorkflow", "my-source"],
            "expected JSON",
        ),
        (&["start", "DataPipelineWorkflow", "@/no/such"], "@/no/such"),
        (
            &["start", "BackfillWorkflow", &many],
            "BackfillWorkflow: empty_partitions: expected 0 to 100000, found 4294967295",
        ),
        (&["start", "BackfillWorkflow", &most], "empty_partitions"),
        (
            &[
                "start",
                "NoopWorkflow",
                r#"{"shape": "chain", "steps": 4294967295}"#,
            ],
            "NoopWorkflow: steps: expected 0 to 1000000",
        ),
        (&["start", "SagaWorkflow"], "expected one, found 0"),
        (
            &["start", "PartitionWorkflow", "7"],
            "PartitionWorkflow: workflow argument",
        ),
        (
            &["query", "x", "y", "--timeout-ms", "18446744073709551615"],
            "--timeout-ms",
        ),
        (
            &[
                "result",
                "x",
                "--connect-timeout-ms",
                "18446744073709551615",
            ],
            "--connect-timeout-ms",
        ),
    ];
    // Nobody is asked: nobody is there.
    for (words, part) in cases {
        let nobody = ["--temporal-address", "127.0.0.1:1"];
        said(orchbench().arg("workflow").args(words).args(nobody))?.refused(2, &[part])?;
    }
    // What Temporal's own tool does is left to it.
    for words in [&["schedule", "create", "x"][..], &["list"]] {
        stage
            .workflow(words)?
            .refused(2, &["unrecognized subcommand"])?;
    }
    let too_long = "x".repeat(2_000);
    for id in ["täglich", "two\nlines", &too_long] {
        let words = ["start", "DataPipelineWorkflow", "\"all\"", "--id", id];
        stage.workflow(&words)?.refused(2, &["--id \""])?;
    }
    // The rule of others is the server's.
    let words = ["start", "SomebodyElses", "--id", &too_long];
    stage.workflow(&words)?.refused(2, &["length"])
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
    stage.workflow(&update)?.refused(
        5,
        &["workflow idle: no answer within 200 ms: no worker polls"],
    )?;
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
        .refused(8, &["workflow idle was terminated: Terminated"])?;
    for words in [&["signal", "idle", "approve"][..], &["terminate", "idle"]] {
        let said = stage.workflow(words)?;
        said.refused(2, &["workflow idle: already closed in namespace default"])?;
    }
    Ok(())
}

pub fn ends(stage: &Stage) -> Result<()> {
    let _worker = stage.worker("ends")?;
    let queue = ["--task-queue", "ends"];
    let words = ["start", "DataPipelineWorkflow", "\"no-such\"", "--wait"];
    let said = stage.workflow(&[&words[..], &["--id", "failed"], &queue].concat())?;
    said.refused(6, &["workflow failed failed: UnknownSource", "no-such"])?;
    let said = stage.workflow(&["result", "failed", "--json"])?;
    let ended: serde_json::Value = serde_json::from_str(&said.out)?;
    ensure!(ended["failure"]["error_type"] == "UnknownSource", "{ended}");
    let said = stage.workflow(&["query", "failed", "no_such_query"])?;
    said.refused(2, &["workflow failed: ", "no_such_query"])?;

    // A day's wait, cancelled.
    let input = r#"{"pipeline": "one-day", "settle_ms": 86400000}"#;
    let words = ["start", "DailyWorkflow", input, "--id", "cancelled"];
    stage.json(&[&words[..], &queue].concat())?;
    stage.json(&["cancel", "cancelled"])?;
    let said = stage.workflow(&["result", "cancelled"])?;
    said.refused(7, &["workflow cancelled was cancelled: Cancelled"])?;

    // Somebody else's workflow, whose time is up before anybody works on it.
    let cli = command_line().map_err(anyhow::Error::msg)?;
    let started = Command::new(cli)
        .args([
            "workflow",
            "start",
            "--workflow-id",
            "late",
            "--task-queue",
            "nobody",
        ])
        .args([
            "--type",
            "DataPipelineWorkflow",
            "--execution-timeout",
            "1s",
        ])
        .args(["--address", stage.address()])
        .stdin(Stdio::null())
        .output()?;
    ensure!(started.status.success(), "{started:?}");
    let said = stage.workflow(&["result", "late"])?;
    said.refused(9, &["workflow late timed out: Timeout"])
}

/// The same id after an end that was none: everything is done again that has to be, and it is said.
pub fn again(stage: &Stage) -> Result<()> {
    let dir = stage.dir("again")?;
    let mut config = stage.config(&dir, "again");
    config.etl.step_delay_ms = 100;
    let _worker = Worker::configured(&dir, "worker", &config)?;
    let input = r#"{"pipeline": {"source": "my-source", "concurrency": 2}}"#;
    let words = ["start", "BackfillWorkflow", input, "--id", "again"];
    let words = [&words[..], &["--task-queue", "again"]].concat();
    let first = stage.workflow(&words)?;
    ensure!(first.code == 0 && !first.err.contains("note:"), "{first:?}");
    until("a day is done", || {
        let progress = stage.json(&["query", "again", "progress"])?;
        Ok((progress["ended"].as_u64() > Some(0)).then_some(()))
    })?;
    stage.json(&["cancel", "again"])?;
    stage
        .workflow(&["result", "again"])?
        .refused(7, &["was cancelled"])?;

    let words = [&words[..], &["--wait", "--json"]].concat();
    let second = stage.workflow(&words)?;
    let before = "note: workflow again has run before (Canceled, run ";
    ensure!(second.err.contains(before), "{second:?}");
    let second = second.json()?["result"].clone();
    ensure!(second["succeeded"] == 7, "{second}");
    let done = second["already"].as_u64().unwrap_or_default();
    ensure!((1..7).contains(&done), "{second}");
    let nothing = stage.workflow(&[&words[..], &["--remaining"]].concat())?;
    let all = "7 of 7 partitions are done already, 0 remain";
    ensure!(
        nothing.code == 0 && nothing.err.contains(all),
        "{nothing:?}"
    );
    let third = stage.workflow(&words)?;
    ensure!(third.err.contains("has run before (Completed"), "{third:?}");
    let third = third.json()?["result"].clone();
    ensure!(third["already"] == 7 && third["changed"] == 0, "{third}");
    ensure!(third["loaded"] == second["loaded"], "{third}");
    Ok(())
}

/// Only what failed or was not reached, by one command.
pub fn remaining(stage: &Stage) -> Result<()> {
    let dir = stage.dir("remaining")?;
    let mut config = stage.config(&dir, "remaining");
    // Half of the days fail, and that for good.
    config.etl.failure = Some(FailurePlan {
        seed: 3,
        rate: 0.5,
        steps: vec![StepName::Check],
        point: CrashPoint::BeforeEffect,
        fatal: true,
        ..FailurePlan::default()
    });
    let worker = Worker::configured(&dir, "failing", &config)?;
    let words = [
        "start",
        "BackfillWorkflow",
        "\"my-source\"",
        "--id",
        "remaining",
        "--wait",
    ];
    let words = [&words[..], &["--task-queue", "remaining", "--json"]].concat();
    let first = stage.workflow(&words)?.json()?["result"].clone();
    let failed = first["failed"].as_array().map_or(0, Vec::len);
    ensure!((1..7).contains(&failed), "{first}");
    worker.kill()?;

    config.etl.failure = None;
    let _worker = Worker::configured(&dir, "whole", &config)?;
    let second = stage.workflow(&[&words[..], &["--remaining"]].concat())?;
    let note = format!(
        "{} of 7 partitions are done already, {failed} remain",
        7 - failed
    );
    ensure!(second.err.contains(&note), "{second:?}");
    let second = second.json()?["result"].clone();
    ensure!(
        second["partitions"] == failed && second["succeeded"] == failed,
        "{second}"
    );
    ensure!(second["already"] == 0, "{second}");
    let other = [
        "start",
        "SagaWorkflow",
        "\"all\"",
        "--id",
        "x",
        "--remaining",
    ];
    stage
        .workflow(&other)?
        .refused(2, &["--remaining: expected BackfillWorkflow"])
}
