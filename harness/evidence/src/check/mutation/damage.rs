//! Damage to the evidence, planted in a copy of a trial's files: never a pass, and never an
//! accusation of the engine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Entry, Plant};
use crate::measure::TrialEvidence;
use crate::record::{ResultsFolder, TrialPlan};

pub(super) const ALL: [Entry; 10] = [
    (
        "extra-file",
        "a journal file that no worker wrote",
        "journal_integrity",
        Plant::Files(extra_file),
    ),
    (
        "foreign-line",
        "a journal line that is no record",
        "journal_integrity",
        Plant::Files(foreign_line),
    ),
    (
        "forged-checksum",
        "a journal record edited, its checksum left",
        "journal_integrity",
        Plant::Files(forged_checksum),
    ),
    (
        "future-version",
        "a journal record of a newer format",
        "journal_integrity",
        Plant::Files(future_version),
    ),
    (
        "gap",
        "a journal line removed",
        "journal_integrity",
        Plant::Files(gap),
    ),
    (
        "missing-file",
        "a journal file removed",
        "journal_integrity",
        Plant::Files(missing_file),
    ),
    (
        "missing-rows",
        "the trial's rows removed from the folder",
        "completeness",
        Plant::Files(missing_rows),
    ),
    (
        "missing-tail",
        "the last journal line removed",
        "journal_integrity",
        Plant::Files(missing_tail),
    ),
    (
        "swapped-records",
        "two journal lines in the other order",
        "journal_integrity",
        Plant::Files(swapped_records),
    ),
    (
        "truncated-line",
        "the last journal line cut in half",
        "journal_integrity",
        Plant::Files(truncated_line),
    ),
];

/// Copies what the folder holds of a trial below `place`.
pub(super) fn copy(
    folder: &ResultsFolder,
    trial: &TrialEvidence,
    place: &Path,
) -> anyhow::Result<ResultsFolder> {
    let copy = ResultsFolder::create(place)?;
    let id = &trial.plan.id;
    let mut files = vec![
        (folder.events_path(id), copy.events_path(id)),
        (folder.applied_path(id), copy.applied_path(id)),
    ];
    for source in trial.sources.keys() {
        files.extend([
            (folder.rows_path(id, source), copy.rows_path(id, source)),
            (folder.expected_path(source), copy.expected_path(source)),
            (
                folder.expected_summary_path(source),
                copy.expected_summary_path(source),
            ),
        ]);
    }
    fs::create_dir_all(copy.journal_dir(id))?;
    for file in &trial.journal {
        let name = &file.name;
        files.push((
            folder.journal_dir(id).join(name),
            copy.journal_dir(id).join(name),
        ));
    }
    for (from, to) in files.iter().filter(|(from, _)| from.exists()) {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(copy)
}

/// The trial's first journal file with at least four lines.
fn journal(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<Option<(PathBuf, String)>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder.journal_dir(&plan.id))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path)?;
        if text.lines().count() >= 4 {
            return Ok(Some((path, text)));
        }
    }
    Ok(None)
}

/// Edits the lines of a journal file.
fn edit(
    folder: &ResultsFolder,
    plan: &TrialPlan,
    change: impl Fn(&mut Vec<String>),
) -> anyhow::Result<bool> {
    let Some((path, text)) = journal(folder, plan)? else {
        return Ok(false);
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(path, lines.join("\n") + "\n")?;
    Ok(true)
}

fn gap(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit(folder, plan, |lines| drop(lines.remove(2)))
}

fn swapped_records(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit(folder, plan, |lines| lines.swap(1, 2))
}

fn missing_tail(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit(folder, plan, |lines| drop(lines.pop()))
}

fn forged_checksum(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit(folder, plan, |lines| {
        lines[2] = lines[2].replacen("\"t_ns\":", "\"t_ns\":1", 1);
    })
}

fn foreign_line(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit(folder, plan, |lines| {
        lines[2] = "level=info msg=\"hello\"".to_owned()
    })
}

fn future_version(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit(folder, plan, |lines| {
        lines[2] = lines[2].replacen("\"format_version\":1", "\"format_version\":99", 1);
    })
}

fn truncated_line(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    let Some((path, text)) = journal(folder, plan)? else {
        return Ok(false);
    };
    fs::write(path, &text[..text.len() - 20])?;
    Ok(true)
}

fn missing_file(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    let Some((path, _)) = journal(folder, plan)? else {
        return Ok(false);
    };
    fs::remove_file(path)?;
    Ok(true)
}

fn extra_file(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    let Some((path, text)) = journal(folder, plan)? else {
        return Ok(false);
    };
    fs::write(path.with_file_name("9-9.jsonl"), text)?;
    Ok(true)
}

fn missing_rows(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    let mut removed = false;
    for entry in fs::read_dir(folder.root().join("warehouse"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&format!("{}.", plan.id)) && name.ends_with(".rows.jsonl") {
            fs::remove_file(&path)?;
            removed = true;
        }
    }
    Ok(removed)
}
