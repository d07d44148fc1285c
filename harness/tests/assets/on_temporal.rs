//! `materialize --on temporal` with `worker assets`: the built binary on a real server, with hosts that are killed, frozen
//! and woken.

mod place;
mod services;
mod strikes;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use orchbench_etl::journal::Kind;
use rustix::process::Signal;
use serde_json::Value;

use self::place::{Place, Shared, ended, signal, versions};
use crate::folder::{Folder, text};
use crate::until::until;

#[test]
fn a_run_is_asked_for_and_executed_by_hosts_and_a_second_one_makes_nothing() -> Result<()> {
    let place = Place::new()?;
    let _hosts = [place.host("a", 0)?, place.host("b", 0)?];
    let (code, first, said) = ended(place.materialize(&["--run", "first"])?)?;
    ensure!(code == Some(0), "{said}");
    ensure!(
        first["steps"]["materialized"] == 10 && first["rows"]["loaded"] == 842,
        "{first}"
    );
    place.all_made_once("first")?;
    let (code, again, said) = ended(place.materialize(&["--run", "again", "--stale"])?)?;
    ensure!(code == Some(0) && again["steps"]["fresh"] == 10, "{said}");
    // Under the id of a run that has ended, that is said.
    let (code, same, said) = ended(place.materialize(&["--run", "first"])?)?;
    ensure!(
        code == Some(0) && same["submitted"] == "ended before",
        "{said}"
    );
    // What another engine made of the same input is the same.
    let process = place
        .folder
        .json(0, &["materialize", "one-day", "--stale", "--run", "own"])?;
    ensure!(process["steps"]["fresh"] == 10, "{process}");
    Ok(())
}

#[test]
fn hosts_share_nothing_but_the_server_the_catalog_and_the_store() -> Result<()> {
    let Some(shared) = Shared::start()? else {
        return Ok(());
    };
    let place = Place::new()?;
    let disks = [Folder::new()?, Folder::new()?, Folder::new()?];
    let _hosts = shared.hosts(&place, &disks, &[])?;
    // Nor does who asks for the run.
    let asks = Folder::new()?;
    let run = |id: &str, more: &[&str]| -> Result<Value> {
        let output = shared.materialize(&place, &asks, id, more).output()?;
        let said = text(&output);
        ensure!(output.status.code() == Some(0), "{said}");
        serde_json::from_slice(&output.stdout).with_context(|| said)
    };
    let first = run("first", &[])?;
    ensure!(first["steps"]["materialized"] == 40, "{first}");
    for disk in disks.iter().chain([&asks]) {
        let artifacts = disk.path("work/artifacts");
        ensure!(
            !artifacts.exists(),
            "{}: there are artifacts",
            artifacts.display()
        );
    }
    ensure!(shared.s3.bucket().join("year/flights").exists());
    let again = run("again", &["--stale"])?;
    ensure!(
        again["steps"]["materialized"] == 0 && again["steps"]["fresh"] == 40,
        "{again}"
    );
    // All of it is what one process makes on one disk.
    let alone = Folder::new()?;
    let own = alone.json(0, &["materialize", "my-source"])?;
    ensure!(versions(&own)? == versions(&first)?, "{own}, {first}");
    ensure!(own["rows"] == first["rows"], "{own}, {first}");
    // A command that takes the work folder for where the artifacts are is told.
    let mut elsewhere = shared.with_steps(&place, &asks, &["materialize", "my-source"]);
    let refused = elsewhere.env_remove("ORCHBENCH_STORE").output()?;
    let said = text(&refused);
    ensure!(
        refused.status.code() == Some(2) && said.contains("store s3://artifacts/year"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_host_that_is_killed_at_work_costs_nothing_but_time() -> Result<()> {
    let place = Place::new()?;
    let dead = place.host("a", 60_000)?;
    let run = place.materialize(&["--run", "run"])?;
    place.at_work()?;
    signal(&dead, Signal::KILL)?;
    let _living = place.host("b", 0)?;
    let (code, told, said) = ended(run)?;
    ensure!(
        code == Some(0) && told["steps"]["materialized"] == 10,
        "{said}"
    );
    let shown = place.all_made_once("run")?;
    let events = shown["events"].as_array().context("no events")?;
    let died = events
        .iter()
        .filter(|event| event["event"] == "interrupted");
    ensure!(died.count() > 0, "no attempt died: {shown}");
    Ok(())
}

#[test]
fn a_host_that_was_frozen_and_wakes_changes_nothing() -> Result<()> {
    let place = Place::new()?;
    let frozen = place.host("a", 1_000)?;
    // One step at a time, so that no other one is in the middle of a commit, for whose lock all would wait.
    let run = place.materialize(&["--run", "run", "--concurrency", "1"])?;
    place.at_work()?;
    signal(&frozen, Signal::STOP)?;
    let begun = place.journal(Kind::Invoke)?.len();
    let _living = place.host("b", 0)?;
    // As soon as the other host has made something, this one goes on with what it had begun.
    until("the other host has taken over", || {
        Ok(place.journal(Kind::Invoke)?.len() > begun + 2)
    })?;
    signal(&frozen, Signal::CONT)?;
    let (code, _, said) = ended(run)?;
    ensure!(code == Some(0), "{said}");
    place.all_made_once("run")?;
    // It was at work when it was frozen, came to its end, and was told that another one had been first.
    let told = |path: &Path| Ok::<_, anyhow::Error>(std::fs::read_to_string(path)?);
    let log = place.folder.path("a.err");
    until("it is refused", || {
        Ok(told(&log)?.contains("is fenced off by attempt"))
    })?;
    Ok(())
}

#[test]
fn what_is_asked_for_wrongly_is_said_before_anything_runs() -> Result<()> {
    let folder = Folder::new()?;
    for (words, told) in [
        (&["one-day/nothing"][..], "no asset one-day/nothing"),
        (&["one-day", "--partition", "2014-01-01"], "2014-01-01"),
        (&["one-day", "--concurrency", "0"], "at_once: expected 1 to"),
        (&["no-such-source"], "no-such-source"),
    ] {
        let words = [&["materialize", "--on", "temporal"], words].concat();
        // No server is asked: none would be reached, which is another exit code.
        let mut command = folder.command(&words);
        let output = command.env("TEMPORAL_ADDRESS", "127.0.0.1:1").output()?;
        let said = text(&output);
        ensure!(
            output.status.code() == Some(2) && said.contains(told),
            "{words:?}: {said}"
        );
    }
    let words = ["materialize", "one-day", "--on", "temporal"];
    let nobody = [
        "--temporal-address",
        "127.0.0.1:1",
        "--connect-timeout-ms",
        "300",
    ];
    let said = folder.run(&[&words[..], &nobody].concat())?;
    ensure!(said.status.code() == Some(5), "{}", text(&said));
    Ok(())
}
