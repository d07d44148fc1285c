//! The recorded trials that come with orchbench: an approval and a saga on a real Temporal
//! server, each with its worker killed on the way. `tests/workflow/record.rs` made them.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::record::ResultsFolder;

/// A file of the recorded folder: its path there, and its content.
macro_rules! file {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!("../../../tests/fixtures/recorded/", $path)),
        )
    };
}

/// Path below the results folder, and content.
const FILES: [(&str, &str); 14] = [
    file!("environment.json"),
    file!("events/approval.jsonl"),
    file!("events/saga.jsonl"),
    file!("journal/approval/1-28104.jsonl"),
    file!("journal/approval/2-28122.jsonl"),
    file!("journal/saga/1-28137.jsonl"),
    file!("journal/saga/2-28201.jsonl"),
    file!("plan.json"),
    file!("warehouse/approval.applied.jsonl"),
    file!("warehouse/approval.one-day.rows.jsonl"),
    file!("warehouse/expected.one-day.jsonl"),
    file!("warehouse/expected.one-day.summary.json"),
    file!("warehouse/saga.applied.jsonl"),
    file!("warehouse/saga.one-day.rows.jsonl"),
];

/// Writes the recorded folder to `place` and opens it.
///
/// # Errors
/// When it cannot be written.
pub fn recorded(place: &Path) -> anyhow::Result<ResultsFolder> {
    for (name, content) in FILES {
        let path = place.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ResultsFolder::open(place)?)
}
