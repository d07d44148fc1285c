//! The end of a backfill: by Ctrl-C, from another shell, and after its process is gone.

use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use asset_engine::{AssetKey, Catalog, Event, RunStatus};
use rustix::process::{Pid, Signal, kill_process};

use crate::folder::{Folder, text};
use crate::until::until;

const DAYS: usize = 59;
const BACKFILL: [&str; 7] = [
    "assets",
    "backfill",
    "EWR/flights",
    "--partition",
    "2013-01-01..2013-02-28",
    "--id",
    "winter",
];

/// A backfill that has made some of its days.
fn begun(folder: &Folder) -> Result<Child> {
    let slow = [&BACKFILL[..], &["--step-delay-ms", "150"]].concat();
    let child = folder
        .command(&slow)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let path = folder.path("work/catalog.sqlite");
    let flights = AssetKey::new("EWR/flights")?;
    until("five days were made", || {
        Ok(path.exists() && Catalog::open(&path)?.latest_of(&flights)?.len() >= 5)
    })?;
    Ok(child)
}

fn open_runs(folder: &Folder) -> Result<usize> {
    let catalog = Catalog::open(folder.path("work/catalog.sqlite"))?;
    catalog.verify(None)?;
    let runs = catalog.runs()?.into_iter();
    Ok(runs
        .filter(|info| info.status == RunStatus::Started)
        .count())
}

/// The same command again makes the rest, and nothing twice.
fn goes_on(folder: &Folder) -> Result<()> {
    let ended = folder.run(&BACKFILL)?;
    let said = text(&ended);
    ensure!(ended.status.success(), "{said}");
    ensure!(said.contains("had ended with canceled"), "{said}");
    ensure!(
        said.contains("success: 59 of 59 partitions succeeded"),
        "{said}"
    );
    let catalog = Catalog::open(folder.path("work/catalog.sqlite"))?;
    let made = catalog.all_events()?.into_iter();
    let made = made.filter(|record| matches!(record.event, Event::Materialized(_)));
    ensure!(made.count() == DAYS, "made more than once");
    Ok(())
}

#[test]
fn ctrl_c_closes_the_runs_of_a_backfill_and_says_its_id() -> Result<()> {
    let folder = Folder::new()?;
    let child = begun(&folder)?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.context("no pid")?, Signal::INT)?;
    let ended = child.wait_with_output()?;
    let said = text(&ended);
    ensure!(ended.status.code() == Some(130), "{}: {said}", ended.status);
    ensure!(said.contains("backfill winter: canceled: "), "{said}");
    ensure!(said.contains(", 0 failed, "), "{said}");
    ensure!(open_runs(&folder)? == 0, "a run is open");
    goes_on(&folder)
}

#[test]
fn a_backfill_is_cancelled_from_another_shell() -> Result<()> {
    let folder = Folder::new()?;
    let child = begun(&folder)?;
    let canceled = folder.json(0, &["assets", "cancel", "winter"])?;
    ensure!(canceled["status"] == "canceled", "{canceled}");
    ensure!(open_runs(&folder)? == 0, "a run is open");
    let ended = child.wait_with_output()?;
    let said = text(&ended);
    ensure!(ended.status.code() == Some(1), "{}: {said}", ended.status);
    ensure!(said.contains("backfill winter: canceled: "), "{said}");
    let again = folder.expect(0, &["assets", "cancel", "winter"])?;
    ensure!(
        again.contains("winter: canceled; it had ended before"),
        "{again}"
    );
    goes_on(&folder)
}

/// A backfill that was killed while runs of it were open. A kill between two runs hits nothing, and is made
/// again.
fn killed_with_open_runs() -> Result<Folder> {
    for _ in 0..10 {
        let folder = Folder::new()?;
        let mut child = begun(&folder)?;
        child.kill()?;
        child.wait()?;
        if open_runs(&folder)? > 0 {
            return Ok(folder);
        }
    }
    bail!("ten kills hit no open run")
}

#[test]
fn what_a_killed_process_left_open_is_closed_by_cancel() -> Result<()> {
    let folder = killed_with_open_runs()?;
    let canceled = folder.json(0, &["assets", "cancel", "winter"])?;
    let runs = canceled["runs"].as_array().map_or(0, Vec::len);
    ensure!(
        runs > 0 && canceled["progress"]["failed"] == 0,
        "{canceled}"
    );
    ensure!(canceled["progress"]["canceled"] == runs, "{canceled}");
    ensure!(open_runs(&folder)? == 0, "a run is open");
    let unknown = folder.run(&["assets", "cancel", "summer"])?;
    ensure!(unknown.status.code() == Some(2), "{}", text(&unknown));
    goes_on(&folder)
}
