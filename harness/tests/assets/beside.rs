//! What is recorded and read beside a process that executes, and what reading leaves behind.

use std::process::{Child, Stdio};

use anyhow::{Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::folder::{Folder, text};
use crate::until::until;

fn interrupt(child: &mut Child) -> Result<Option<i32>> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        kill_process(pid, Signal::INT)?;
    }
    Ok(child.wait()?.code())
}

#[test]
fn a_word_an_observation_and_a_wipe_are_recorded_beside_a_daemon() -> Result<()> {
    let folder = Folder::new()?;
    folder.expect(0, &["materialize", "*one-day/warehouse", "--approval"])?;
    let words = [
        "assets",
        "daemon",
        "one-day",
        "--approval",
        "--every-s",
        "1",
    ];
    let mut daemon = folder
        .command(&words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    until("the marts are published and wait for a word", || {
        let runs = folder.run(&["assets", "runs"])?;
        Ok(text(&runs).contains("failure"))
    })?;
    let word = ["assets", "approve", "one-day", "--by", "ann", "--wait"];
    folder.expect(0, &word)?;
    let receipts = folder.path("work/receipts.jsonl");
    until("the approved marts are announced", || {
        Ok(std::fs::read_to_string(&receipts).is_ok_and(|text| text.lines().count() == 1))
    })?;
    let seen = folder.json(0, &["assets", "observe", "one-day"])?;
    ensure!(
        seen["observations"]
            .as_array()
            .is_some_and(|seen| seen.len() == 5),
        "{seen}"
    );
    let wiped = folder.json(0, &["assets", "wipe", "one-day/planes", "--yes"])?;
    ensure!(
        wiped["pieces"]
            .as_array()
            .is_some_and(|pieces| pieces.len() == 1),
        "{wiped}"
    );
    let status = folder.json(0, &["assets", "status", "one-day/planes"])?;
    ensure!(status["assets"][0]["missing"] == 1, "{status}");
    ensure!(interrupt(&mut daemon)? == Some(130));
    folder.expect(0, &["assets", "verify"])?;
    Ok(())
}

#[test]
fn reading_makes_no_folder() -> Result<()> {
    let folder = Folder::new()?;
    for words in [
        &["assets", "status", "one-day"][..],
        &["assets", "why", "one-day/marts"],
        &["assets", "lineage", "one-day/marts", "--partition", "."],
        &["assets", "runs"],
        &["assets", "show", "k"],
        &["assets", "verify"],
        &["assets", "cancel", "k"],
        &["assets", "retry", "k"],
        &["assets", "approve", "one-day", "--by", "ann"],
        &["assets", "wipe", "one-day"],
    ] {
        let refused = folder.run(words)?;
        ensure!(
            refused.status.code() == Some(2),
            "{words:?}: {}",
            text(&refused)
        );
        ensure!(
            text(&refused).contains("expected a catalog"),
            "{}",
            text(&refused)
        );
    }
    folder.expect(0, &["assets", "lineage", "one-day/marts"])?;
    ensure!(!folder.path("work").exists(), "a folder was made");
    Ok(())
}
