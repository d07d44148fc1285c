//! A run is carried on only on what it was asked on.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::folder::{Folder, input, text};
use crate::until::until;

const RUN: [&str; 4] = ["materialize", "my-source", "--run", "k"];

/// The committed input, with one byte more in one of its files.
fn other_input(folder: &Folder) -> Result<PathBuf> {
    let target = input(folder)?;
    let planes = target.join("planes.csv.zip");
    let mut bytes = std::fs::read(&planes)?;
    bytes.push(0);
    std::fs::write(planes, bytes)?;
    Ok(target)
}

#[test]
fn a_killed_run_is_left_alone_by_what_it_was_not_asked_on() -> Result<()> {
    let folder = Folder::new()?;
    let slow = [&RUN[..], &["--step-delay-ms", "1000"]].concat();
    let mut child = folder.command(&slow).stderr(Stdio::null()).spawn()?;
    until("a step was made", || {
        let shown = folder.run(&["assets", "show", "k"])?;
        Ok(text(&shown).contains("materialized"))
    })?;
    child.kill()?;
    child.wait()?;

    let beat = folder.json(0, &["assets", "daemon", "one-day", "--once"])?;
    let left = json!(["run k: asked for on source my-source, this is source one-day"]);
    ensure!(beat["left_alone"] == left, "{beat}");
    ensure!(beat["submitted"] == json!([]), "{beat}");
    let runs = folder.json(0, &["assets", "runs"])?;
    ensure!(runs[0]["status"] == "started", "{runs}");

    let input = other_input(&folder)?;
    let input = input.to_str().context("a path that is no text")?;
    let elsewhere = format!("sqlite:{}", folder.path("elsewhere.sqlite").display());
    for (other, part) in [
        (&["--approval"][..], "another gate: none, now approval"),
        (
            &["--warehouse", &elsewhere],
            "another warehouse: sqlite:warehouse.sqlite, now ",
        ),
        (&["--data-dir", input], "another input planes: "),
    ] {
        let refused = folder.run(&[&RUN[..], other].concat())?;
        let said = text(&refused);
        ensure!(
            refused.status.code() == Some(2),
            "{other:?}: {}: {said}",
            refused.status
        );
        ensure!(said.contains("run k: submitted before with"), "{said}");
        ensure!(said.contains(part), "{said}");
    }

    let ended = folder.json(0, &RUN)?;
    ensure!(ended["submitted"] == "resumed", "{ended}");
    let made = ended["materializations"].as_array().context("none")?;
    let strange = made.iter().filter(|made| {
        let asset = made["asset"].as_str().unwrap_or_default();
        !asset.starts_with("my-source/")
    });
    ensure!(strange.count() == 0, "{ended}");
    ensure!(ended["summary"]["loaded"].as_u64() > Some(0), "{ended}");
    Ok(())
}
