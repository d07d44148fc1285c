//! The runs of a catalog, and whether its records are as they were committed.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::folder::{Folder, text};
use crate::until::until;

#[test]
fn runs_are_listed_and_shown() -> Result<()> {
    let folder = Folder::new()?;
    let words = ["materialize", "one-day/airlines", "--run", "first"];
    folder.expect(0, &words)?;
    // The same id again: the run has ended, so nothing is executed.
    let again = folder.json(0, &words)?;
    ensure!(again["steps"]["materialized"] == 1, "{again}");
    let runs = folder.json(0, &["assets", "runs"])?;
    ensure!(
        runs.as_array().is_some_and(|runs| runs.len() == 1),
        "{runs}"
    );
    ensure!(
        runs[0]["run"] == "first" && runs[0]["status"] == "success",
        "{runs}"
    );

    let shown = folder.json(0, &["assets", "show", "first"])?;
    let events: Vec<&str> = shown["events"]
        .as_array()
        .context("no events")?
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    ensure!(
        events == ["run submitted", "started", "materialized", "run ended"],
        "{events:?}"
    );
    let waited_for = &shown["critical_path"];
    ensure!(
        waited_for["steps"].as_array().map(Vec::len) == Some(1)
            && waited_for["took_ns"].as_u64() > Some(0),
        "{waited_for}"
    );
    let said = folder.expect(0, &["assets", "show", "first"])?;
    ensure!(said.contains("critical path: "), "{said}");
    let other = ["materialize", "one-day/airports", "--run", "first"];
    let conflict = folder.run(&other)?;
    ensure!(conflict.status.code() == Some(2), "{}", text(&conflict));
    ensure!(
        text(&conflict).contains("another selection"),
        "{}",
        text(&conflict)
    );
    let unknown = folder.run(&["assets", "show", "second"])?;
    ensure!(unknown.status.code() == Some(2), "{}", text(&unknown));
    ensure!(text(&unknown).contains("first"), "{}", text(&unknown));
    Ok(())
}

/// The files beside the database of a process that was killed: the one with the newest commits, and
/// the one with the newest starts.
#[test]
fn damage_beside_the_catalog_is_reported_and_kept() -> Result<()> {
    let folder = Folder::new()?;
    let slow = [
        "materialize",
        "my-source",
        "--run",
        "k",
        "--step-delay-ms",
        "1000",
    ];
    let mut child = folder.command(&slow).stderr(Stdio::null()).spawn()?;
    until("a step was made", || {
        Ok(text(&folder.run(&["assets", "show", "k"])?).contains("materialized"))
    })?;
    child.kill()?;
    child.wait()?;
    for name in ["catalog.sqlite-wal", "catalog.sqlite.starts"] {
        let path = folder.path("work").join(name);
        let whole = std::fs::read(&path)?;
        let mut bytes = whole.clone();
        let half = bytes.len() / 2;
        bytes[half] ^= 1;
        std::fs::write(&path, &bytes)?;
        let broken = folder.run(&["assets", "verify"])?;
        ensure!(broken.status.code() == Some(3), "{name}: {}", text(&broken));
        ensure!(std::fs::read(&path)? == bytes, "{name} was changed");
        if name.ends_with("-wal") {
            std::fs::write(&path, &whole)?;
        }
    }
    let ended = folder.run(&["materialize", "my-source", "--run", "k"])?;
    ensure!(ended.status.success(), "{}", text(&ended));
    ensure!(
        text(&ended).contains("catalog.sqlite.starts: line "),
        "{}",
        text(&ended)
    );
    ensure!(folder.path("work/catalog.sqlite.starts.damaged").exists());
    folder.expect(0, &["assets", "verify"])?;
    Ok(())
}

#[test]
fn a_flipped_byte_is_found_and_placed() -> Result<()> {
    let folder = Folder::new()?;
    folder.expect(0, &["materialize", "one-day/airlines"])?;
    let sound = folder.json(0, &["assets", "verify"])?;
    // Five looks at the inputs; the run, its attempt, what it made, its end.
    ensure!(sound["events"] == 9, "{sound}");
    let noted = format!(
        "{}:{}",
        sound["events"],
        sound["digest"].as_str().unwrap_or_default()
    );
    folder.expect(0, &["assets", "verify", "--noted", &noted])?;

    let path = folder.path("work/catalog.sqlite");
    let mut bytes = std::fs::read(&path)?;
    let field = b"\"data_version\":\"";
    let at = bytes
        .windows(field.len())
        .position(|window| window == field)
        .context("no data version in the catalog's file")?
        + field.len();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes)?;
    let broken = folder.run(&["assets", "verify"])?;
    ensure!(broken.status.code() == Some(3), "{}", text(&broken));
    // Which record has the first data version in the file, its pages decide.
    ensure!(text(&broken).contains("event "), "{}", text(&broken));
    Ok(())
}
