//! `orchbench workflow schedule`.

use anyhow::{Result, ensure};

use crate::stage::{Stage, until};

pub fn life(stage: &Stage) -> Result<()> {
    let _worker = stage.worker("schedule")?;
    let words = [
        "schedule",
        "create",
        "daily",
        "\"one-day\"",
        "--paused",
        "--note",
        "a try",
    ];
    let what = [
        "--workflow",
        "DataPipelineWorkflow",
        "--task-queue",
        "schedule",
    ];
    let create = [&words[..], &what, &["--every", "24h"]].concat();
    stage.json(&create)?;
    stage
        .workflow(&create)?
        .refused(2, &["schedule daily: already exists"])?;
    let made = stage.json(&["schedule", "show", "daily"])?;
    ensure!(made["paused"] == true && made["note"] == "a try", "{made}");
    ensure!(made["workflow"] == "DataPipelineWorkflow", "{made}");
    ensure!(made["started"] == 0, "{made}");

    stage.json(&["schedule", "trigger", "daily"])?;
    let shown = until("it has started a workflow", || {
        let shown = stage.json(&["schedule", "show", "daily"])?;
        Ok((shown["started"] == 1).then_some(shown))
    })?;
    let started = shown["recent"][0]["workflow_id"]
        .as_str()
        .unwrap_or_default();
    ensure!(started.starts_with("daily-"), "{shown}");
    let ended = stage.json(&["result", started])?;
    ensure!(ended["result"]["partitions"] == 1, "{ended}");

    stage.json(&["schedule", "unpause", "daily"])?;
    let moved = stage.json(&["schedule", "show", "daily"])?;
    ensure!(
        moved["paused"] == false && !moved["next_ns"][0].is_null(),
        "{moved}"
    );
    stage.json(&["schedule", "pause", "daily", "--note", "enough"])?;
    until("the list has it", || {
        let list = stage.json(&["schedule", "list"])?;
        let listed = list.as_array().into_iter().flatten();
        Ok(listed
            .filter(|each| each["schedule_id"] == "daily" && each["paused"] == true)
            .map(|_| ())
            .next())
    })?;
    stage.json(&["schedule", "delete", "daily"])?;
    let gone = stage.workflow(&["schedule", "show", "daily"])?;
    gone.refused(2, &["schedule daily: not found in namespace default"])?;
    let words = ["schedule", "create", "wrong", "--cron", "every day"];
    stage.workflow(&words)?.refused(1, &["schedule wrong: "])
}
