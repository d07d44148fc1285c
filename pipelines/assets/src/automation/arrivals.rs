//! The sensor of arrivals: an order for each day whose input has arrived, in whatever order they do.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use asset_engine::{Evaluation, EvaluationContext, Order};
use orchbench_etl::DayRange;
use serde::{Deserialize, Serialize};

use super::is_day_of;

/// As many names as a note has.
const NAMED: usize = 5;

/// The folder in which the sensor looks for arrivals: an entry is called after the day whose input
/// has arrived, such as `2013-01-01`.
#[must_use]
pub fn arrivals(work_dir: &Path) -> PathBuf {
    work_dir.join("arrivals")
}

/// What the sensor remembers, as its cursor.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    /// The days that were ordered.
    handled: BTreeSet<String>,
    /// The entries that are no days and were told of, as long as they are there.
    noted: BTreeSet<String>,
}

impl Memory {
    /// Reads a cursor. One of the version before, which was the youngest day seen, says nothing of
    /// the days that it passed over: all that are there are ordered, and the daemon drops what was
    /// ordered before.
    fn of(cursor: Option<&str>) -> Self {
        let read = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        read.unwrap_or_default()
    }
}

/// Orders the days that have arrived and were not ordered before, and notes entries that are no days
/// of the source, once.
pub(super) fn arrived(
    folder: &Path,
    range: DayRange,
    cx: &EvaluationContext<'_>,
    order: impl Fn(&str) -> Order,
) -> Result<Evaluation, String> {
    let before = Memory::of(cx.cursor);
    let (days, others): (BTreeSet<String>, BTreeSet<String>) = entries(folder)?
        .into_iter()
        .partition(|name| is_day_of(range, name));
    let note = note(folder, range, others.difference(&before.noted));
    let new = days.difference(&before.handled);
    let mut evaluation = Evaluation::new(new.map(|day| order(day)));
    let now = Memory {
        handled: &before.handled | &days,
        noted: others,
    };
    let cursor = (now != before).then(|| serde_json::to_string(&now));
    evaluation.cursor = cursor.transpose().map_err(|error| error.to_string())?;
    evaluation.note = note;
    Ok(evaluation)
}

/// The names in the folder; none when it is not there.
fn entries(folder: &Path) -> Result<BTreeSet<String>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.map_err(failed)?,
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.map_err(failed)?.file_name();
        Ok(name.to_string_lossy().into_owned())
    };
    entries.map(name).collect()
}

/// What is said of new entries that are no days.
fn note<'a>(
    folder: &Path,
    range: DayRange,
    new: impl Iterator<Item = &'a String>,
) -> Option<String> {
    let new: Vec<String> = new.map(|name| format!("{name:?}")).collect();
    if new.is_empty() {
        return None;
    }
    let rest = match new.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let named = &new[..new.len().min(NAMED)];
    Some(format!(
        "{}: expected entries called after days from {} to {}, passed over {}{rest}",
        folder.display(),
        range.first,
        range.last,
        named.join(", ")
    ))
}
