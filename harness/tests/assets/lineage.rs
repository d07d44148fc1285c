//! The lineage of an asset by its definition, and of a piece by the versions that were read.

use anyhow::{Context, Result, ensure};

use crate::folder::Folder;

const MARTS: [&str; 3] = ["assets", "lineage", "one-day/marts"];

#[test]
fn lineage_is_printed_in_every_format() -> Result<()> {
    let folder = Folder::new()?;
    for (format, expected) in [
        ("text", "* one-day/marts <- one-day/warehouse"),
        ("dot", "digraph"),
        ("mermaid", "flowchart"),
        ("svg", "</svg>"),
    ] {
        let said = folder.expect(0, &[&MARTS[..], &["--format", format]].concat())?;
        ensure!(said.contains(expected), "{format}: {said}");
        ensure!(said.contains("one-day/input/flights"), "{format}: {said}");
    }
    let drawn = |more: &[&str]| folder.expect(0, &[&MARTS[..], more].concat());
    let follows = "<- one-day/flights, one-day/transformed";
    let (whole, reduced) = (drawn(&[])?, drawn(&["--reduced"])?);
    ensure!(whole.contains(follows), "{whole}");
    ensure!(
        !reduced.contains(follows) && reduced.contains("one-day/checked <- one-day/transformed"),
        "{reduced}"
    );
    let near = folder.expect(0, &[&MARTS[..], &["--up", "0", "--down", "1"]].concat())?;
    ensure!(
        near.contains("one-day/announcement") && !near.contains("warehouse"),
        "{near}"
    );
    Ok(())
}

#[test]
fn a_piece_names_the_versions_that_it_was_made_from() -> Result<()> {
    let folder = Folder::new()?;
    folder.expect(0, &["materialize", "one-day"])?;
    let lineage = folder.json(
        0,
        &[
            &MARTS[..],
            &["--partition", ".", "--up", "1", "--down", "0"],
        ]
        .concat(),
    )?;
    let edge = &lineage["edges"][0];
    let from = edge["from"].as_u64().context("no edge")?;
    let read = &lineage["nodes"][usize::try_from(from)?];
    ensure!(read["asset"] == "one-day/warehouse", "{lineage}");
    ensure!(read["partition"] == "2013-01-01", "{lineage}");
    ensure!(edge["data_version"].is_string(), "{lineage}");
    ensure!(
        edge["data_version"] == read["data_version"],
        "read the newest: {lineage}"
    );
    Ok(())
}
