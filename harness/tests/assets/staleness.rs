//! What is stale, why, and what a run of what is stale executes.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::folder::{Folder, text};

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
fn a_changed_input_is_unseen_until_it_is_observed() -> Result<()> {
    let folder = Folder::new()?;
    let data = folder.path("data");
    std::fs::create_dir(&data)?;
    let embedded = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../pipelines/etl/data/nycflights13"
    );
    for name in ["airlines", "airports", "flights", "planes", "weather"] {
        let name = format!("{name}.csv.zip");
        std::fs::copy(format!("{embedded}/{name}"), data.join(name))?;
    }
    let data_dir = data.display().to_string();
    let with_data = |words: &[&str]| -> Result<serde_json::Value> {
        folder.json(0, &[words, &["--data-dir", &data_dir]].concat())
    };
    with_data(&["assets", "observe", "one-day"])?;
    with_data(&["materialize", "one-day"])?;

    // A comment at the end of an archive: another file with the same table.
    let airlines = data.join("airlines.csv.zip");
    let mut bytes = std::fs::read(&airlines)?;
    let comment = b"another edition";
    let length = bytes.len();
    bytes[length - 2..].copy_from_slice(&u16::try_from(comment.len())?.to_le_bytes());
    bytes.extend_from_slice(comment);
    std::fs::write(&airlines, bytes)?;

    let unseen = with_data(&["assets", "status", "one-day"])?;
    ensure!(unseen["stale"] == json!([]), "{unseen}");
    let seen = with_data(&["assets", "observe", "one-day/input/airlines"])?;
    ensure!(
        seen["observations"][0]["asset"] == "one-day/input/airlines",
        "{seen}"
    );
    let stale = with_data(&["assets", "status", "one-day"])?;
    let found = stale["stale"].as_array().map_or(0, Vec::len);
    ensure!(found == 1, "expected one stale piece: {stale}");
    ensure!(stale["stale"][0]["asset"] == "one-day/airlines", "{stale}");
    ensure!(stale["stale"][0]["why"]["reason"] == "source", "{stale}");
    // The rows are the same, so staleness stops there.
    let mended = with_data(&["materialize", "one-day", "--stale"])?;
    ensure!(mended["steps"]["materialized"] == 1, "{mended}");
    let fresh = with_data(&["assets", "status", "one-day"])?;
    ensure!(fresh["stale"] == json!([]), "{fresh}");
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
