//! A person's word between publication and announcement, outside of any run.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use asset_engine::{Catalog, Event};
use orchbench_etl::Warehouse;
use orchbench_lab::postgres::LocalPostgres;
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

/// The database dies while the word is waited for, and again after it; then the process dies in
/// the middle of the announcement.
#[test]
fn an_approval_outlives_the_death_of_database_and_process() -> Result<()> {
    let Some(mut postgres) = LocalPostgres::find_and_start()? else {
        println!("not run: no PostgreSQL is installed here");
        return Ok(());
    };
    let url = postgres.url().to_owned();
    let warehouse = ["--warehouse", &url];
    let folder = Folder::new()?;
    let waiting = folder.json(1, &[&GATED[..], &warehouse].concat())?;
    ensure!(failed(&waiting)? == "NotApproved", "{waiting}");
    postgres.kill()?;
    postgres.restart()?;
    let word = ["assets", "approve", "one-day", "--by", "ann"];
    folder.expect(0, &[&word[..], &warehouse].concat())?;
    postgres.kill()?;
    postgres.restart()?;

    let stale = [&STALE[..], &warehouse].concat();
    let slow = [&stale[..], &["--step-delay-ms", "2000"]].concat();
    let mut child = folder.command(&slow).stderr(Stdio::null()).spawn()?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while !announcing(&folder)? {
        ensure!(Instant::now() < deadline, "no announcement was begun");
        ensure!(child.try_wait()?.is_none(), "it ended before its kill");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;

    folder.json(0, &stale)?;
    ensure!(receipts(&folder)? == 1, "not announced once");
    let warehouse = Warehouse::open(&url)?;
    ensure!(warehouse.rows("one-day")?.len() == 842);
    let applied = warehouse.applied()?;
    let loads = applied.iter().filter(|row| row.rows_changed > 0);
    ensure!(loads.count() == 2, "one load, one publication: {applied:?}");
    Ok(())
}

/// Whether an attempt at the announcement is under way, after the one that found no word.
fn announcing(folder: &Folder) -> Result<bool> {
    let catalog = Catalog::open(folder.path("work/catalog.sqlite"))?;
    let approved = catalog.all_events()?.into_iter().any(|record| {
        matches!(record.event, Event::Materialized(made) if made.asset.as_str().ends_with("/approved"))
    });
    Ok(approved)
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
