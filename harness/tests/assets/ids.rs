//! Ids that cannot be used are refused before anything is done, and what is printed stays on its
//! line.

use std::sync::Arc;

use anyhow::{Result, ensure};
use asset_engine::{
    Asset, AssetGraph, AssetKey, Executor, ExecutorOptions, Materialized, RunRequest, StepContext,
    StepFailure,
};

use crate::folder::{Folder, text};

#[test]
fn an_id_that_cannot_be_used_is_refused_before_anything_is_done() -> Result<()> {
    let folder = Folder::new()?;
    let backfill = [
        "assets",
        "backfill",
        "my-source",
        "--partition",
        "2013-01-01",
        "--id",
    ];
    for id in [
        "täglich",
        "a\nb",
        "a b",
        "",
        "../up",
        "a//b",
        "\u{1b}[2J",
        ".x",
    ] {
        for words in [&["materialize", "one-day", "--run"][..], &backfill] {
            let refused = folder.run(&[words, &[id]].concat())?;
            let said = text(&refused);
            ensure!(
                refused.status.code() == Some(2),
                "{id:?}: {}: {said}",
                refused.status
            );
            ensure!(said.contains("expected 1 to 200 letters"), "{id:?}: {said}");
            ensure!(said.lines().count() == 1, "{id:?}: {said}");
            ensure!(!said.contains('\u{1b}'), "{id:?}: {said:?}");
        }
    }
    ensure!(!folder.path("work").exists(), "something was made");
    Ok(())
}

#[test]
fn what_a_catalog_says_stays_on_its_line() -> Result<()> {
    let folder = Folder::new()?;
    std::fs::create_dir(folder.path("work"))?;
    let fails = |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        Err(StepFailure::fatal("Planned", "first\nsecond \u{1b}[2J"))
    };
    let graph = AssetGraph::new(vec![Asset::new(AssetKey::new("a")?, fails)])?;
    {
        let path = folder.path("work/catalog.sqlite");
        let executor = Executor::open(path, ExecutorOptions::default())?;
        executor.run(RunRequest::new("one\ntwo\u{202e}", Arc::new(graph)))?;
    }
    let runs = folder.expect(0, &["assets", "runs"])?;
    ensure!(runs.lines().count() == 2, "{runs}");
    ensure!(runs.contains(r"one\ntwo\u{202e}"), "{runs}");
    let shown = folder.expect(0, &["assets", "show", "one\ntwo\u{202e}"])?;
    ensure!(
        shown.contains(r"Planned: first\nsecond \u{1b}[2J"),
        "{shown}"
    );
    ensure!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    Ok(())
}
