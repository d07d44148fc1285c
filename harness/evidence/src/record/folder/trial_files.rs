//! The raw files of one trial, in memory: the same for a trial that is open and one that is packed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::lines::{self, CutEnd};
use super::{aside, bounded, rows};
use crate::record::{AppliedRow, Event, FolderError, plain_name};

pub(super) const EVENTS: &str = "events.jsonl";
pub(super) const APPLIED: &str = "applied.jsonl";
pub(super) const JOURNAL: &str = "journal";

/// Files by their name below the trial: `events.jsonl`, `journal/1-7.jsonl`, …
pub(super) type Members = BTreeMap<String, Vec<u8>>;

/// Name of the file that names the row set that the trial left of a source.
pub(super) fn rows_ref(source: &str) -> Result<String, FolderError> {
    Ok(format!("rows.{}.ref", plain_name("source", source)?))
}

/// The raw files of one trial.
#[derive(Debug, Clone)]
pub struct TrialFiles {
    trial: String,
    members: Arc<Members>,
}

impl TrialFiles {
    pub(super) fn new(trial: &str, members: Arc<Members>) -> Self {
        Self {
            trial: trial.to_owned(),
            members,
        }
    }

    /// Every file by its name below the trial, with its content.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.members
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice()))
    }

    /// The trial's events, `None` when it was never begun. A last line cut short (the harness was
    /// killed while it wrote) is left out: the trial then has no end.
    ///
    /// # Errors
    /// When a line is no event.
    pub fn events(&self) -> Result<Option<Vec<Event>>, FolderError> {
        self.records(EVENTS, CutEnd::LeftOut)
    }

    /// The trial's applied log, `None` when none was kept.
    ///
    /// # Errors
    /// When a line is no row of one.
    pub fn applied(&self) -> Result<Option<Vec<AppliedRow>>, FolderError> {
        self.records(APPLIED, CutEnd::Refused)
    }

    /// Its journal files in the order of names: path below the folder, name, content.
    pub fn journal(&self) -> impl Iterator<Item = (PathBuf, &str, &[u8])> {
        self.all().filter_map(|(name, content)| {
            let (folder, file) = name.split_once('/')?;
            (folder == JOURNAL).then(|| (self.path(name), file, content))
        })
    }

    /// SHA-256 of the row set that the trial left of a source, `None` when none was kept.
    ///
    /// # Errors
    /// When the file that names it holds something else.
    pub fn rows(&self, source: &str) -> Result<Option<String>, FolderError> {
        let name = rows_ref(source)?;
        let Some(content) = self.members.get(&name) else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(content);
        let digest = text.strip_suffix('\n').unwrap_or(&text);
        rows::digest(&self.path(&name), digest).map(Some)
    }

    fn records<T: DeserializeOwned>(
        &self,
        name: &str,
        cut_end: CutEnd,
    ) -> Result<Option<Vec<T>>, FolderError> {
        let content = self.members.get(name);
        content
            .map(|content| lines::parse(&self.path(name), content, cut_end))
            .transpose()
    }

    /// What messages call the file, wherever the trial lies.
    fn path(&self, name: &str) -> PathBuf {
        Path::new(&self.trial).join(name)
    }
}

/// The files of an open trial; `None` when there is no such folder.
pub(super) fn read_open(dir: &Path, trial: &str) -> Result<Option<Members>, FolderError> {
    if !dir.exists() {
        return Ok(None);
    }
    let mut members = Members::new();
    read_level(dir, Path::new(trial), "", &mut members)?;
    Ok(Some(members))
}

fn read_level(
    dir: &Path,
    path: &Path,
    prefix: &str,
    members: &mut Members,
) -> Result<(), FolderError> {
    for entry in fs::read_dir(dir).map_err(FolderError::io(path))? {
        let entry = entry.map_err(FolderError::io(path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if aside::in_the_making(&name) {
            continue;
        }
        plain_name("file of a trial", &name)?;
        let (inside, path) = (format!("{prefix}{name}"), path.join(&name));
        // Does not follow links.
        let kind = entry.file_type().map_err(FolderError::io(&path))?;
        if kind.is_dir() && inside == JOURNAL {
            read_level(&entry.path(), &path, "journal/", members)?;
        } else if kind.is_file() {
            known(&path, &inside)?;
            let content = bounded::read(&entry.path()).map_err(FolderError::io(&path))?;
            members.insert(inside, content);
        } else {
            return Err(FolderError::unexpected(path, "a regular file", "none"));
        }
    }
    Ok(())
}

/// Refuses a file that no trial has; `name` is the one below the trial.
pub(super) fn known(path: &Path, name: &str) -> Result<(), FolderError> {
    let known = match name.split_once('/') {
        Some((folder, file)) => folder == JOURNAL && !file.contains('/'),
        None => {
            name == EVENTS
                || name == APPLIED
                || (name.starts_with("rows.") && name.ends_with(".ref"))
        }
    };
    if known {
        return Ok(());
    }
    Err(FolderError::unexpected(
        path,
        "a file that a trial has",
        "another one",
    ))
}
