//! `show` and `describe`: what the server knows, step by step.

use anyhow::{Context, Result, ensure};
use orchbench_etl::StepName;
use orchbench_etl::{CrashPoint, FailurePlan};

use crate::stage::{Stage, Worker, until};

pub fn show(stage: &Stage) -> Result<()> {
    let _worker = stage.worker("show")?;
    let words = [
        "start",
        "DataPipelineWorkflow",
        "\"one-day\"",
        "--id",
        "shown",
        "--wait",
    ];
    stage.json(&[&words[..], &["--task-queue", "show"]].concat())?;
    let shown = stage.workflow(&["show", "shown"])?.text()?;
    let row = |event: &str, subject: &str| {
        shown
            .lines()
            .find(|line| line.contains(event) && line.contains(subject))
            .with_context(|| format!("no {event} of {subject}: {shown}"))
    };
    ensure!(
        shown.starts_with("DataPipelineWorkflow shown (run "),
        "{shown}"
    );
    ensure!(shown.contains("Completed after "), "{shown}");
    row("WorkflowExecutionStarted", "\"one-day\"")?;
    row("MarkerRecorded", "resolve_source")?;
    row("ActivityTaskScheduled", "extract_planes")?;
    row("ActivityTaskStarted", "attempt 1")?;
    let completed = row("ActivityTaskCompleted", "publish")?;
    ensure!(completed.trim_start().starts_with('+'), "{completed}");
    row(
        "ChildWorkflowExecutionCompleted",
        "PartitionWorkflow shown/",
    )?;
    row("WorkflowExecutionCompleted", "\"accepted\":842")?;
    ensure!(!shown.contains("WorkflowTask"), "{shown}");
    let all = stage.workflow(&["show", "shown", "--all"])?.text()?;
    ensure!(all.contains("WorkflowTaskCompleted"), "{all}");
    Ok(())
}

pub fn follow(stage: &Stage) -> Result<()> {
    let _worker = stage.worker("follow")?;
    let input = r#"{"shape": "fan_out", "steps": 2001, "local": true}"#;
    let words = ["start", "NoopWorkflow", input, "--id", "long", "--wait"];
    stage.json(&[&words[..], &["--task-queue", "follow"]].concat())?;
    let last = stage.json(&["show", "long"])?;
    ensure!(last.as_array().map(Vec::len) == Some(1));
    let chain = stage.json(&["show", "long", "--follow"])?;
    ensure!(chain.as_array().map(Vec::len) == Some(2));
    let status = |run: usize| chain[run]["execution"]["status"].clone();
    ensure!(status(0) == "ContinuedAsNew" && status(1) == "Completed");
    ensure!(chain[1]["execution"] == last[0]["execution"]);
    Ok(())
}

pub fn pending(stage: &Stage) -> Result<()> {
    let dir = stage.dir("pending")?;
    let mut config = stage.config(&dir, "pending");
    config.etl.failure = Some(FailurePlan {
        seed: 1,
        rate: 1.0,
        steps: vec![StepName::ExtractAirlines],
        point: CrashPoint::BeforeEffect,
        ..FailurePlan::default()
    });
    let _worker = Worker::configured(&dir, "worker", &config)?;
    // The second attempt is due long after this test.
    let retry = r#""retry": {"delay_ms": 600000, "max_delay_ms": 600000}"#;
    let input = format!(r#"{{"source": "one-day", {retry}}}"#);
    let words = ["start", "DataPipelineWorkflow", &input, "--id", "retried"];
    stage.json(&[&words[..], &["--task-queue", "pending"]].concat())?;
    let activity = until("an activity waits for its second attempt", || {
        let described = stage.json(&["describe", "retried"])?;
        let activities = described["pending_activities"].as_array().cloned();
        let found = activities
            .into_iter()
            .flatten()
            .find(|activity| activity["attempt"] == 2);
        Ok(found)
    })?;
    ensure!(activity["activity"] == "extract_airlines", "{activity}");
    let failure = activity["last_failure"].as_str().unwrap_or_default();
    ensure!(failure.starts_with("Injected"), "{activity}");
    let shown = stage.workflow(&["show", "retried"])?.text()?;
    ensure!(shown.contains("pending activities:"), "{shown}");
    ensure!(shown.contains("last failure: Injected"), "{shown}");
    stage.json(&["terminate", "retried"])?;
    Ok(())
}
