//! A results folder: its layout, reading and writing.
//!
//! Whole files are written to a temporary name and renamed, so that a reader never sees
//! half of one; event files are appended a line at a time.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use orchbench_journal::Summary;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::{AppliedRow, Environment, Event, FORMAT_VERSION, Plan, WarehouseRow};

/// A results folder on disk.
#[derive(Debug, Clone)]
pub struct ResultsFolder {
    root: PathBuf,
}

/// Why a results folder could not be read or written.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The file system refused.
    #[error("results folder: {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("results folder: {path}: line {line}: expected {expected}, found {found}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The folder lacks what every results folder has.
    #[error("results folder: {path}: expected {expected}, found none (is this a results folder?)")]
    NotOne {
        /// The folder.
        path: PathBuf,
        /// The missing file.
        expected: &'static str,
    },
}

impl ResultsFolder {
    /// Makes a new folder with its parts.
    pub fn create(root: &Path) -> Result<Self, FolderError> {
        let folder = Self {
            root: root.to_owned(),
        };
        for part in ["events", "journal", "warehouse", "charts"] {
            let path = root.join(part);
            fs::create_dir_all(&path).map_err(|source| FolderError::Io { path, source })?;
        }
        Ok(folder)
    }

    /// Opens a folder that a run has written.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        for expected in ["plan.json", "environment.json", "events"] {
            if !root.join(expected).exists() {
                return Err(FolderError::NotOne {
                    path: root.to_owned(),
                    expected,
                });
            }
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a trial's journal files are.
    pub fn journal_dir(&self, trial: &str) -> PathBuf {
        self.root.join("journal").join(trial)
    }

    /// A trial's event file.
    pub fn events_path(&self, trial: &str) -> PathBuf {
        self.root.join("events").join(format!("{trial}.jsonl"))
    }

    /// The rows that a trial left in the warehouse for a source.
    pub fn rows_path(&self, trial: &str, source: &str) -> PathBuf {
        self.root
            .join("warehouse")
            .join(format!("{trial}.{source}.rows.jsonl"))
    }

    /// A trial's applied log.
    pub fn applied_path(&self, trial: &str) -> PathBuf {
        self.root
            .join("warehouse")
            .join(format!("{trial}.applied.jsonl"))
    }

    /// The rows that a source should leave.
    pub fn expected_path(&self, source: &str) -> PathBuf {
        self.root
            .join("warehouse")
            .join(format!("expected.{source}.jsonl"))
    }

    /// The summary that a run of a source should give (one JSON line; its run, receipt and
    /// changed are not compared).
    pub fn expected_summary_path(&self, source: &str) -> PathBuf {
        self.root
            .join("warehouse")
            .join(format!("expected.{source}.summary.json"))
    }

    /// The plan.
    pub fn plan(&self) -> Result<Plan, FolderError> {
        self.read_json("plan.json")
    }

    /// The environment.
    pub fn environment(&self) -> Result<Environment, FolderError> {
        self.read_json("environment.json")
    }

    /// A trial's events, `None` when the trial was never begun. A last line cut short (the
    /// harness was killed while it wrote) is left out: the trial then has no end.
    pub fn events(&self, trial: &str) -> Result<Option<Vec<Event>>, FolderError> {
        let path = self.events_path(trial);
        if !path.exists() {
            return Ok(None);
        }
        read_lines(&path, true).map(Some)
    }

    /// The rows that a trial left for a source, `None` when none were recorded.
    pub fn rows(
        &self,
        trial: &str,
        source: &str,
    ) -> Result<Option<Vec<WarehouseRow>>, FolderError> {
        let path = self.rows_path(trial, source);
        path.exists().then(|| read_lines(&path, false)).transpose()
    }

    /// The rows that a source should leave, `None` when none were recorded.
    pub fn expected(&self, source: &str) -> Result<Option<Vec<WarehouseRow>>, FolderError> {
        let path = self.expected_path(source);
        path.exists().then(|| read_lines(&path, false)).transpose()
    }

    /// The summary that a run of a source should give, computed by plain calls apart from
    /// every engine; `None` when none was recorded.
    pub fn expected_summary(&self, source: &str) -> Result<Option<Summary>, FolderError> {
        let path = self.expected_summary_path(source);
        let Some(summary) = path
            .exists()
            .then(|| read_lines(&path, false))
            .transpose()?
        else {
            return Ok(None);
        };
        Ok(summary.into_iter().next())
    }

    /// A trial's applied log, `None` when none was recorded.
    pub fn applied(&self, trial: &str) -> Result<Option<Vec<AppliedRow>>, FolderError> {
        let path = self.applied_path(trial);
        path.exists().then(|| read_lines(&path, false)).transpose()
    }

    /// Reads a JSON file of the folder and refuses a newer format.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, FolderError> {
        let path = self.root.join(name);
        let text = fs::read_to_string(&path).map_err(|source| FolderError::Io {
            path: path.clone(),
            source,
        })?;
        let malformed = |line, expected: &str, found: String| FolderError::Malformed {
            path: path.clone(),
            line,
            expected: expected.to_owned(),
            found,
        };
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| malformed(error.line(), "JSON", error.to_string()))?;
        let version = value["format_version"].as_u64();
        if version != Some(u64::from(FORMAT_VERSION)) {
            let found = version.map_or("none".to_owned(), |found| found.to_string());
            let expected = format!("format_version {FORMAT_VERSION}");
            return Err(malformed(1, &expected, found));
        }
        serde_json::from_value(value)
            .map_err(|error| malformed(1, &format!("the fields of {name}"), error.to_string()))
    }

    /// Writes a JSON file of the folder, whole or not at all.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), FolderError> {
        let path = self.root.join(name);
        let text = serde_json::to_string_pretty(value).map_err(|error| FolderError::Io {
            path: path.clone(),
            source: error.into(),
        })?;
        self.write_text(name, &(text + "\n"))
    }

    /// Writes a text file of the folder, whole or not at all.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let path = self.root.join(name);
        let temporary = self.root.join(format!("{name}.partial"));
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(|source| FolderError::Io { path, source })
    }

    /// Writes JSON lines to a path of the folder.
    pub fn write_lines<T: Serialize>(&self, path: &Path, lines: &[T]) -> Result<(), FolderError> {
        let io = |source: std::io::Error| FolderError::Io {
            path: path.to_owned(),
            source,
        };
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line).map_err(|error| io(error.into()))?;
            text.push(b'\n');
        }
        let mut file = fs::File::create(path).map_err(io)?;
        file.write_all(&text).map_err(io)
    }
}

fn read_lines<T: DeserializeOwned>(path: &Path, lenient_end: bool) -> Result<Vec<T>, FolderError> {
    let text = fs::read_to_string(path).map_err(|source| FolderError::Io {
        path: path.to_owned(),
        source,
    })?;
    let whole = text.ends_with('\n') || text.is_empty();
    let lines: Vec<&str> = text.lines().collect();
    let mut values = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(value) => values.push(value),
            Err(_) if lenient_end && !whole && index + 1 == lines.len() => {}
            Err(error) => {
                return Err(FolderError::Malformed {
                    path: path.to_owned(),
                    line: index + 1,
                    expected: "a JSON record".to_owned(),
                    found: error.to_string(),
                });
            }
        }
    }
    Ok(values)
}
