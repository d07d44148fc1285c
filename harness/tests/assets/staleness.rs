//! What is stale, why, and what a run of what is stale executes.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::data::Data;
use crate::folder::{Folder, text};

/// The arrival delay of the first flight of the year, and a correction of it.
pub const CORRECTED: (&str, &str) = (
    "2013,1,1,517,515,2,830,819,11,UA,1545,",
    "2013,1,1,517,515,2,831,819,12,UA,1545,",
);

#[test]
fn what_is_missing_or_stale_is_told_and_made() -> Result<()> {
    let folder = Folder::new()?;
    let made = folder.json(0, &["materialize", "one-day"])?;
    ensure!(made["status"] == "success", "{made}");
    ensure!(made["steps"]["materialized"] == 10, "{made}");
    ensure!(made["summary"]["loaded"] == 842, "{made}");
    let status = folder.json(0, &["assets", "status", "one-day"])?;
    ensure!(status["stale"] == json!([]), "{status}");

    let again = folder.json(0, &["materialize", "one-day", "--stale"])?;
    ensure!(again["steps"]["materialized"] == 0, "{again}");
    ensure!(again["steps"]["fresh"] == 10, "{again}");
    let whole = folder.json(0, &["materialize", "one-day/airlines"])?;
    ensure!(whole["steps"]["materialized"] == 1, "fresh or not: {whole}");

    let day = ["one-day/warehouse", "--partition", "2013-01-01"];
    let fresh = folder.json(0, &[&["assets", "why"], &day[..]].concat())?;
    ensure!(fresh["pieces"][0]["why"] == json!([]), "{fresh}");
    folder.json(0, &[&["assets", "wipe"], &day[..]].concat())?;
    let fresh = folder.json(0, &[&["assets", "why"], &day[..]].concat())?;
    ensure!(
        fresh["pieces"][0]["why"] == json!([]),
        "wiped without --yes: {fresh}"
    );
    let wiped = folder.json(0, &[&["assets", "wipe", "--yes"], &day[..]].concat())?;
    ensure!(
        wiped["pieces"]
            .as_array()
            .is_some_and(|pieces| pieces.len() == 1),
        "{wiped}"
    );
    let missing = folder.json(0, &[&["assets", "why"], &day[..]].concat())?;
    ensure!(
        missing["pieces"][0]["why"][0]["reason"] == "missing",
        "{missing}"
    );

    // It is loaded again; the version is the one of before, so nothing downstream is.
    let mended = folder.json(0, &["materialize", "one-day", "--stale"])?;
    ensure!(mended["steps"]["materialized"] == 1, "{mended}");
    Ok(())
}

#[test]
fn a_changed_input_is_seen_by_who_materializes_and_not_by_who_reads() -> Result<()> {
    let folder = Folder::new()?;
    let data = Data::new(&folder)?;
    data.json(&["materialize", "one-day"])?;
    // The first look that anybody asks for is no change.
    let (seen, _) = data.json(&["assets", "observe", "one-day"])?;
    ensure!(seen["status"] == "success", "{seen}");
    let (fresh, _) = data.json(&["assets", "status", "one-day"])?;
    ensure!(fresh["stale"] == json!([]), "{fresh}");

    // A comment at the end of an archive: another file with the same table.
    let airlines = data.archive("airlines");
    let mut bytes = std::fs::read(&airlines)?;
    let comment = b"another edition";
    let length = bytes.len();
    bytes[length - 2..].copy_from_slice(&u16::try_from(comment.len())?.to_le_bytes());
    bytes.extend_from_slice(comment);
    std::fs::write(&airlines, bytes)?;
    let (unseen, _) = data.json(&["assets", "status", "one-day"])?;
    ensure!(unseen["stale"] == json!([]), "{unseen}");
    let (seen, _) = data.json(&["assets", "observe", "one-day/input/airlines"])?;
    ensure!(
        seen["observations"][0]["asset"] == "one-day/input/airlines",
        "{seen}"
    );
    let (stale, _) = data.json(&["assets", "status", "one-day"])?;
    let found = stale["stale"].as_array().map_or(0, Vec::len);
    ensure!(found == 1, "expected one stale piece: {stale}");
    ensure!(stale["stale"][0]["asset"] == "one-day/airlines", "{stale}");
    ensure!(stale["stale"][0]["why"]["reason"] == "source", "{stale}");
    // The rows are the same, so staleness stops there.
    let (mended, _) = data.json(&["materialize", "one-day", "--stale"])?;
    ensure!(mended["steps"]["materialized"] == 1, "{mended}");

    // A corrected day, that nobody has observed: the flights of all days are extracted again, and
    // what is made of the corrected one is made again.
    data.replace("flights", CORRECTED.0, CORRECTED.1)?;
    let (corrected, _) = data.json(&["materialize", "one-day", "--stale"])?;
    ensure!(
        corrected["steps"]["materialized"] == 6,
        "flights to announcement: {corrected}"
    );
    let (fresh, _) = data.json(&["assets", "status", "one-day"])?;
    ensure!(fresh["stale"] == json!([]), "{fresh}");
    let (again, _) = data.json(&["materialize", "one-day", "--stale"])?;
    ensure!(again["steps"]["materialized"] == 0, "{again}");
    Ok(())
}

/// The check has passed the day as it was before; the warehouse does not take it as it is now.
#[test]
fn what_no_check_has_passed_is_not_loaded_by_a_later_run() -> Result<()> {
    let folder = Folder::new()?;
    let data = Data::new(&folder)?;
    data.json(&["materialize", "*one-day/warehouse"])?;
    data.replace("flights", CORRECTED.0, CORRECTED.1)?;
    data.json(&["materialize", "one-day/flights or one-day/transformed"])?;
    let dir = folder.path("data").display().to_string();
    let load = ["materialize", "one-day/warehouse", "--data-dir", &dir];
    let held = folder.json(1, &load)?;
    let failure = &held["failures"][0];
    ensure!(failure["error_type"] == "BlockedInput", "{held}");
    let message = failure["message"].as_str().unwrap_or_default();
    ensure!(
        message.contains("check one-day/checked 2013-01-01 has not passed what there is now"),
        "{message}"
    );
    let (loaded, _) = data.json(&["materialize", "one-day/checked or one-day/warehouse"])?;
    ensure!(loaded["steps"]["materialized"] == 2, "{loaded}");
    Ok(())
}

#[test]
fn an_artifact_that_is_gone_or_damaged_is_made_again() -> Result<()> {
    let folder = Folder::new()?;
    let made = folder.json(0, &["materialize", "one-day"])?;
    let digest = |asset: &str| -> Result<String> {
        let all = made["materializations"].as_array().context("none made")?;
        let own = all.iter().find(|one| one["asset"] == asset);
        let digest = own.and_then(|one| one["data_version"].as_str());
        Ok(digest
            .with_context(|| format!("{asset} was not made"))?
            .to_owned())
    };
    let file = |kind: &str, asset: &str| -> Result<PathBuf> {
        let name = format!("work/artifacts/{kind}/{}.parquet", digest(asset)?);
        Ok(folder.path(&name))
    };
    // Gone: counted as missing, and nothing downstream is made again.
    let flights = file("flights", "one-day/flights")?;
    std::fs::remove_file(&flights)?;
    let output = folder.run(&["materialize", "one-day", "--stale", "--json"])?;
    let said = text(&output);
    ensure!(
        said.contains("one-day/flights 2013-01-01: its data is gone"),
        "{said}"
    );
    let mended: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(mended["steps"]["materialized"] == 1, "{mended}");
    ensure!(flights.is_file(), "made again");

    // Damaged in the middle, where its size says nothing: whoever reads it finds that, and from then
    // on it counts as missing.
    let transformed = file("transformed", "one-day/transformed")?;
    let mut bytes = std::fs::read(&transformed)?;
    let middle = bytes.len() / 2;
    bytes[middle - 2048..middle + 2048].fill(0);
    std::fs::write(&transformed, &bytes)?;
    let failed = folder.json(1, &["materialize", "one-day/warehouse"])?;
    ensure!(
        failed["failures"][0]["error_type"] == "Artifact",
        "{failed}"
    );
    let mended = folder.json(0, &["materialize", "one-day", "--stale"])?;
    ensure!(mended["steps"]["materialized"] == 1, "{mended}");
    let loaded = folder.json(0, &["materialize", "one-day/warehouse"])?;
    ensure!(loaded["rows"]["loaded"] == 842, "{loaded}");
    Ok(())
}

#[test]
fn what_cannot_be_meant_is_named() -> Result<()> {
    let folder = Folder::new()?;
    for (words, expected) in [
        (vec!["materialize", "my-sauce"], "my-source"),
        (vec!["materialize", "my-source/martz"], "my-source/marts"),
        (vec!["materialize", "my-source/marts and"], "column"),
        (vec!["materialize", "tag:step=load"], "--source"),
        (
            vec!["materialize", "my-source", "--partition", "2014-01-01"],
            "2013-01-01 to 2013-01-07",
        ),
        (
            vec![
                "materialize",
                "my-source",
                "--partition",
                "2013-01-03..2013-01-01",
            ],
            "the first before the last",
        ),
        (vec!["materialize", "my-source", "--config", "{"], "JSON"),
        (vec!["assets", "why", "my-source/martz"], "my-source/marts"),
        (vec!["assets", "runs"], "expected a catalog"),
        (
            vec!["assets", "lineage", "my-source/martz"],
            "my-source/marts",
        ),
        (vec!["assets", "verify", "--noted", "x"], "SEQ:DIGEST"),
    ] {
        let output = folder.run(&words)?;
        let said = text(&output);
        ensure!(
            output.status.code() == Some(2),
            "{words:?}: {:?}: {said}",
            output.status
        );
        ensure!(
            said.contains(expected),
            "{words:?}: expected {expected:?} in {said}"
        );
    }
    Ok(())
}
