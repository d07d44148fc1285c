//! Workflows for which nobody answers, and what is said of it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::stage::{Said, Stage, until};

/// How long a question may take that nobody answers.
const BOUND: Duration = Duration::from_secs(11);

fn timed(stage: &Stage, words: &[&str]) -> Result<Said> {
    let begun = Instant::now();
    let said = stage.workflow(words)?;
    let took = begun.elapsed();
    ensure!(took < BOUND, "{words:?} took {took:?}");
    Ok(said)
}

pub fn no_worker(stage: &Stage) -> Result<()> {
    let nobody = "no worker polls task queue nobody-there of namespace default";
    let words = [
        "start",
        "BackfillWorkflow",
        "\"my-source\"",
        "--id",
        "alone",
    ];
    stage.json(&[&words[..], &["--task-queue", "nobody-there"]].concat())?;
    let query = ["query", "alone", "progress"];
    timed(stage, &query)?.refused(5, &["workflow alone: no answer within 9000 ms", nobody])?;
    let update = ["update", "alone", "set_concurrency", "2"];
    timed(stage, &update)?.refused(5, &["workflow alone: no answer within 9000 ms", nobody])?;
    let described = stage.workflow(&["describe", "alone"])?.text()?;
    ensure!(described.contains(nobody), "{described}");
    stage.json(&["terminate", "alone"])?;
    timed(stage, &query)?.refused(2, &["workflow alone: ", "closed before"])?;

    // A worker that is no more is listed by the server for minutes.
    let worker = stage.worker("nobody-there")?;
    let words = [
        "start",
        "DailyWorkflow",
        r#"{"pipeline": "one-day", "settle_ms": 86400000}"#,
    ];
    let id = ["--id", "left-alone", "--task-queue", "nobody-there"];
    stage.json(&[&words[..], &id].concat())?;
    until("it waits", || {
        let shown = stage.json(&["show", "left-alone"])?;
        Ok(shown.to_string().contains("TimerStarted").then_some(()))
    })?;
    worker.kill()?;
    timed(stage, &["query", "left-alone", "progress"])?.refused(5, &[nobody])?;
    stage.json(&["terminate", "left-alone"])?;
    // A closed workflow needs a worker too.
    timed(stage, &["query", "left-alone", "progress"])?.refused(5, &[nobody])
}

pub fn unknown_workflow(stage: &Stage) -> Result<()> {
    let worker = stage.worker("unknown")?;
    let words = [
        "start",
        "NoSuchWorkflow",
        "--id",
        "unknown",
        "--task-queue",
        "unknown",
    ];
    let said = stage.workflow(&words)?;
    ensure!(
        said.code == 0 && said.err.contains("note: orchbench has no NoSuchWorkflow"),
        "{said:?}"
    );
    let found = until("the server knows that the task fails", || {
        let described = stage.json(&["describe", "unknown"])?;
        let hindrance = described["hindrance"].clone();
        Ok((hindrance["kind"] == "task_fails").then_some(hindrance))
    })?;
    let reason = found["reason"].as_str().unwrap_or_default();
    ensure!(reason.contains("NoSuchWorkflow not found"), "{found}");
    let text = stage.workflow(&["describe", "unknown"])?.text()?;
    ensure!(text.contains("waits: its workflow task fails"), "{text}");
    let log = worker.log()?;
    ensure!(log.contains("NoSuchWorkflow not found"), "{log}");
    stage.json(&["terminate", "unknown"])?;
    Ok(())
}
