//! Updates and queries of a workflow that is under way.

use anyhow::{Result, ensure};

use crate::stage::{Stage, Worker};

const QUEUE: &str = "messages";

pub fn update_and_query(stage: &Stage) -> Result<()> {
    let dir = stage.dir(QUEUE)?;
    let mut config = stage.config(&dir, QUEUE);
    // The backfill has far more work than this test has questions.
    config.etl.step_delay_ms = 1_000;
    let _worker = Worker::configured(&dir, "worker", &config)?;
    let input = r#"{"pipeline": {"source": "my-source", "concurrency": 1}}"#;
    let words = ["start", "BackfillWorkflow", input, "--id", QUEUE];
    stage.json(&[&words[..], &["--task-queue", QUEUE]].concat())?;

    let before = stage.json(&["update", QUEUE, "set_concurrency", "4"])?;
    ensure!(before["result"] == 1, "{before}");
    let refused = stage.workflow(&["update", QUEUE, "set_concurrency", "0"])?;
    refused.refused(2, &["update set_concurrency refused", "expected 1 to"])?;
    let progress = stage.json(&["query", QUEUE, "progress"])?;
    ensure!(progress["concurrency"] == 4, "{progress}");
    let unknown = stage.workflow(&["update", QUEUE, "no_such_update"])?;
    unknown.refused(2, &["no_such_update"])?;
    let shown = stage.workflow(&["show", QUEUE])?.text()?;
    let accepted = "WorkflowExecutionUpdateAccepted";
    ensure!(
        shown
            .lines()
            .any(|line| line.contains(accepted) && line.contains("set_concurrency")),
        "{shown}"
    );
    stage.json(&["terminate", QUEUE, "--reason", "asked enough"])?;
    Ok(())
}
