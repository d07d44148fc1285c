//! Writing a trial while the run goes on: plain files, so that what was written before the harness
//! is killed is there.

use std::fs;
use std::path::{Path, PathBuf};

use super::trial_files::{APPLIED, EVENTS, JOURNAL, rows_ref};
use super::{ResultsFolder, aside, lines};
use crate::record::{AppliedRow, Event, FolderError, WarehouseRow, plain_name};

/// The folder of a trial that is not packed: `open/<trial>`.
#[derive(Debug, Clone)]
pub struct OpenTrial {
    folder: ResultsFolder,
    trial: String,
}

impl ResultsFolder {
    /// Begins a trial: its open folder is there and empty. What an earlier try left open is gone;
    /// what is packed of it counts no longer.
    ///
    /// # Errors
    /// When the trial has no plain name, or the folder cannot be written to.
    pub fn begin_trial(&self, trial: &str) -> Result<OpenTrial, FolderError> {
        let open = self.open_trial(trial)?;
        aside::discard(&open.dir()).map_err(FolderError::io(trial))?;
        fs::create_dir_all(open.dir()).map_err(FolderError::io(trial))?;
        Ok(open)
    }

    /// The open folder of a trial, whether it is there or not.
    ///
    /// # Errors
    /// When the trial has no plain name.
    pub fn open_trial(&self, trial: &str) -> Result<OpenTrial, FolderError> {
        Ok(OpenTrial {
            folder: self.clone(),
            trial: plain_name("trial", trial)?.to_owned(),
        })
    }
}

impl OpenTrial {
    /// The folder.
    pub fn dir(&self) -> PathBuf {
        self.folder.open_dir().join(&self.trial)
    }

    /// The event file; whoever writes it appends a line at a time.
    pub fn events_path(&self) -> PathBuf {
        self.dir().join(EVENTS)
    }

    /// The folder of the journal files, made by the one who writes them.
    pub fn journal_dir(&self) -> PathBuf {
        self.dir().join(JOURNAL)
    }

    /// Writes all events of the trial at once.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_events(&self, events: &[Event]) -> Result<(), FolderError> {
        let path = self.path(EVENTS);
        self.write(EVENTS, &lines::render(&path, events)?)
    }

    /// Keeps the applied log that the trial left.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_applied(&self, applied: &[AppliedRow]) -> Result<(), FolderError> {
        let path = self.path(APPLIED);
        self.write(APPLIED, &lines::render(&path, applied)?)
    }

    /// Keeps the rows that the trial left of a source.
    ///
    /// # Errors
    /// When the source has no plain name, or they cannot be written.
    pub fn write_rows(&self, source: &str, rows: &[WarehouseRow]) -> Result<(), FolderError> {
        let name = rows_ref(source)?;
        let digest = self.folder.keep_rows(rows)?;
        self.write(&name, format!("{digest}\n").as_bytes())
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), FolderError> {
        aside::write(&self.dir().join(name), content).map_err(FolderError::io(self.path(name)))
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(&self.trial).join(name)
    }
}
