//! Damage to the evidence, planted in a copy of a trial's files: never a pass, and never an
//! accusation of the engine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Entry, Plant};
use crate::measure::TrialEvidence;
use crate::record::{ResultsFolder, TrialPlan};

pub(super) const ALL: [Entry; 15] = [
    (
        "appended-events",
        "the trial's events appended to themselves",
        "acknowledged_end",
        Plant::Files(appended_events),
    ),
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
        "foreign-rows",
        "the trial's row set replaced by another one under its name",
        "completeness",
        Plant::Files(foreign_rows),
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
        "missing-history",
        "the engine's history removed",
        "history_agrees",
        Plant::Files(missing_history),
    ),
    (
        "missing-rows",
        "the name of the trial's row set removed",
        "completeness",
        Plant::Files(missing_rows),
    ),
    (
        "missing-sample",
        "a measured value removed",
        "samples_agree",
        Plant::Files(missing_sample),
    ),
    (
        "missing-tail",
        "the last journal line removed",
        "journal_integrity",
        Plant::Files(missing_tail),
    ),
    (
        "negative-sample",
        "a measured value below zero",
        "samples_agree",
        Plant::Files(negative_sample),
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

/// Copies what the folder holds of a trial below `place`, as an open trial.
pub(super) fn copy(
    folder: &ResultsFolder,
    trial: &TrialEvidence,
    place: &Path,
) -> anyhow::Result<ResultsFolder> {
    let copy = ResultsFolder::create(place)?;
    let files = folder.trial(&trial.plan)?;
    let files = files.with_context(|| format!("trial {}: no files", trial.plan.id))?;
    let open = copy.begin_trial(&trial.plan.id)?;
    fs::create_dir_all(open.journal_dir())?;
    for (name, content) in files.all() {
        fs::write(open.dir().join(name), content)?;
    }
    let expected = folder.expected()?;
    let left = trial.sources.keys().map(|source| files.rows(source));
    let left = left.filter_map(Result::transpose);
    let should = expected.sources.values().map(|source| source.rows.clone());
    fs::create_dir_all(copy.root().join("rows"))?;
    for digest in left.chain(should.map(Ok)) {
        let digest = digest?;
        fs::copy(folder.row_set_path(&digest)?, copy.row_set_path(&digest)?)?;
    }
    copy.write_json("expected.json", &expected)?;
    Ok(copy)
}

/// The trial's first journal file with at least four lines.
fn journal(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<Option<(PathBuf, String)>> {
    let dir = folder.open_trial(&plan.id)?.journal_dir();
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)?
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

/// Edits the text of the trial's events; false where that changes nothing.
fn edit_events(
    folder: &ResultsFolder,
    plan: &TrialPlan,
    change: impl Fn(&str) -> String,
) -> anyhow::Result<bool> {
    let path = folder.open_trial(&plan.id)?.events_path();
    let text = fs::read_to_string(&path)?;
    let changed = change(&text);
    fs::write(path, &changed)?;
    Ok(changed != text)
}

/// The text without the first line that has a word.
fn without(text: &str, word: &str) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if let Some(index) = lines.iter().position(|line| line.contains(word)) {
        lines.remove(index);
    }
    lines.concat()
}

fn appended_events(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit_events(folder, plan, |text| text.repeat(2))
}

fn missing_history(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit_events(folder, plan, |text| {
        without(text, "\"event\":\"engine_history\"")
    })
}

fn missing_sample(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit_events(folder, plan, |text| without(text, "\"event\":\"sample\""))
}

fn negative_sample(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    edit_events(folder, plan, |text| {
        text.replacen("\"value\":", "\"value\":-", 1)
    })
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
    for entry in fs::read_dir(folder.open_trial(&plan.id)?.dir())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ref") {
            fs::remove_file(&path)?;
            removed = true;
        }
    }
    Ok(removed)
}

/// Another row set under the name of the one that the trial left.
fn foreign_rows(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    let foreign = folder.row_set_path(&folder.keep_rows(&[])?)?;
    let mut replaced = false;
    for entry in fs::read_dir(folder.open_trial(&plan.id)?.dir())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ref") {
            let set = folder.row_set_path(fs::read_to_string(&path)?.trim_end())?;
            if set != foreign {
                fs::copy(&foreign, set)?;
                replaced = true;
            }
        }
    }
    Ok(replaced)
}
