//! A person's word between publication and announcement, outside of any run.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::folder::Folder;

const GATED: [&str; 3] = ["materialize", "one-day", "--approval"];
const STALE: [&str; 4] = ["materialize", "one-day", "--approval", "--stale"];

#[test]
fn the_announcement_waits_for_a_word_on_its_version() -> Result<()> {
    let folder = Folder::new()?;
    let waiting = folder.json(1, &GATED)?;
    ensure!(failed(&waiting)? == "NotApproved", "{waiting}");
    ensure!(
        waiting["steps"]["materialized"] == 9,
        "all but the announcement: {waiting}"
    );
    ensure!(receipts(&folder)? == 0, "announced without a word");

    folder.expect(
        0,
        &[
            "assets", "reject", "one-day", "--by", "ann", "--why", "a typo",
        ],
    )?;
    let rejected = folder.json(1, &STALE)?;
    ensure!(failed(&rejected)? == "Rejected", "{rejected}");
    ensure!(
        rejected["failures"][0]["message"]
            .as_str()
            .is_some_and(|why| why.contains("a typo"))
    );
    ensure!(receipts(&folder)? == 0, "announced although rejected");

    folder.expect(0, &["assets", "approve", "one-day", "--by", "ann"])?;
    let approved = folder.json(0, &STALE)?;
    ensure!(
        approved["steps"]["materialized"] == 2,
        "gate and announcement: {approved}"
    );
    ensure!(receipts(&folder)? == 1, "not announced once");
    // The word counts until there is something new to have a word on.
    let again = folder.json(0, &STALE)?;
    ensure!(again["steps"]["materialized"] == 0, "{again}");
    Ok(())
}

#[test]
fn there_is_nothing_to_approve_before_publication() -> Result<()> {
    let folder = Folder::new()?;
    folder.expect(0, &["materialize", "one-day/airlines"])?;
    let output = folder.run(&["assets", "approve", "one-day", "--by", "ann"])?;
    ensure!(output.status.code() == Some(2));
    ensure!(String::from_utf8_lossy(&output.stderr).contains("one-day/marts"));
    Ok(())
}

/// The type of the one error of a run.
fn failed(outcome: &Value) -> Result<&str> {
    outcome["failures"][0]["error_type"]
        .as_str()
        .context("no failure")
}

/// How often the catalogue service gave a receipt.
fn receipts(folder: &Folder) -> Result<usize> {
    let path = folder.path("work/receipts.jsonl");
    if !path.exists() {
        return Ok(0);
    }
    Ok(std::fs::read_to_string(path)?.lines().count())
}
