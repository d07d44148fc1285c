//! A results folder: its layout, reading and writing.
//!
//! | path | what | raw or derived |
//! |---|---|---|
//! | `plan.json`, `environment.json` | what was to be made, and on what | raw |
//! | `open/<trial>/` | a trial's plain files while the run goes on: `events.jsonl`, `journal/<n>.jsonl`, `applied.jsonl`, `rows.<source>.ref` | raw |
//! | `evidence/<scenario>.tar.gz` | the same files of the trials that have ended | raw |
//! | `rows/<sha256>.jsonl.gz` | row sets, kept once by content | raw |
//! | `expected.json` | what a run of each source should leave | raw |
//! | `manifest.json` | the digest of every raw file, sealed at the end of the run | the seal |
//! | `benchmarks.json` | criterion's estimates, taken in when all was over | not sealed |
//! | `measurements.json`, `verdicts.json`, `claims.json`, `report.md`, `report.html`, `charts/`, `model.json`, `adr.md`, `advice/` | what the raw files give | derived |
//!
//! What is appended to is written a line at a time; all else is written aside and renamed, so that
//! a reader never sees half of it. There are regular files and folders only: a folder may come from
//! anywhere, and nothing in it leads out of it. Nothing derived is ever read to derive something else.

mod archive;
mod aside;
mod bounded;
mod claim;
mod export;
mod json;
mod lines;
mod open_trial;
mod pack;
mod rows;
mod seal;
mod trial_files;

#[cfg(test)]
mod tests;

pub use claim::Claim;
pub use export::export;
pub use open_trial::OpenTrial;
pub use pack::Packing;
pub use trial_files::TrialFiles;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::{fmt, fs};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use super::{Benchmarks, Environment, FolderError, FormatVersion, Plan, plain_name};

/// The derived files of the folder itself; those in [`DERIVED_FOLDERS`] come with them.
const DERIVED: [&str; 7] = [
    "adr.md",
    "claims.json",
    "measurements.json",
    "model.json",
    "report.html",
    "report.md",
    "verdicts.json",
];
/// Taken in after the run.
const BENCHMARKS: &str = "benchmarks.json";
const DERIVED_FOLDERS: [&str; 2] = ["advice", "charts"];
const OPEN: &str = "open";

/// A results folder on disk. Clones share what was read of its packs.
#[derive(Clone)]
pub struct ResultsFolder {
    root: PathBuf,
    /// The temporary place of a folder that was exported as one file.
    unpacked: Option<Arc<TempDir>>,
    packs: Arc<Mutex<BTreeMap<String, Arc<pack::Pack>>>>,
}

impl fmt::Debug for ResultsFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultsFolder")
            .field("root", &self.root)
            .field("unpacked", &self.unpacked.is_some())
            .finish_non_exhaustive()
    }
}

impl ResultsFolder {
    /// Makes a new folder; one that is there already is taken as it is.
    ///
    /// # Errors
    /// When the file system refuses, or it holds something that is neither a file nor a folder.
    pub fn create(root: &Path) -> Result<Self, FolderError> {
        fs::create_dir_all(root).map_err(FolderError::io(root))?;
        export::files(root)?;
        Ok(Self::at(root))
    }

    /// Opens a folder that a run has written, or one that [`export`] has written as one file.
    ///
    /// # Errors
    /// When it is none; when the file is damaged; when it holds what could lead out of the folder.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let folder = if path.is_file() {
            export::unpack(path)?
        } else {
            Self::at(path)
        };
        for expected in ["plan.json", "environment.json"] {
            if !folder.root.join(expected).exists() {
                return Err(FolderError::NotOne {
                    path: path.to_owned(),
                    expected,
                });
            }
        }
        export::files(&folder.root)?;
        Ok(folder)
    }

    fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            unpacked: None,
            packs: Arc::default(),
        }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it is the temporary copy of an exported file: what is written into it goes with it.
    pub fn is_unpacked(&self) -> bool {
        self.unpacked.is_some()
    }

    fn open_dir(&self) -> PathBuf {
        self.root.join(OPEN)
    }

    /// The plan. Its trials, scenarios and sources have plain names, and no trial comes twice,
    /// and each of its engines is described.
    ///
    /// # Errors
    /// When it cannot be read, or is no such plan.
    pub fn plan(&self) -> Result<Plan, FolderError> {
        let plan: Plan = self.read_json("plan.json")?;
        let mut ids = BTreeSet::new();
        for trial in &plan.trials {
            plain_name("trial", &trial.id)?;
            plain_name("scenario", &trial.scenario)?;
            for source in &trial.sources {
                plain_name("source", source)?;
            }
            if plan.engine(&trial.engine).is_none() {
                let expected = "each engine described among its engines";
                let found = format!("{:?} in trial {:?} only", trial.engine, trial.id);
                return Err(FolderError::unexpected("plan.json", expected, found));
            }
            if !ids.insert(&trial.id) {
                let found = format!("trial {:?} twice", trial.id);
                return Err(FolderError::unexpected(
                    "plan.json",
                    "each trial once",
                    found,
                ));
            }
        }
        Ok(plan)
    }

    /// The environment.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn environment(&self) -> Result<Environment, FolderError> {
        self.read_json("environment.json")
    }

    /// Criterion's estimates, where some were taken in.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn benchmarks(&self) -> Result<Option<Benchmarks>, FolderError> {
        let there = self.root.join(BENCHMARKS).exists();
        there.then(|| self.read_json(BENCHMARKS)).transpose()
    }

    /// Takes in criterion's estimates, in place of earlier ones.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn take_in(&self, benchmarks: &Benchmarks) -> Result<(), FolderError> {
        self.write_json(BENCHMARKS, benchmarks)
    }

    /// Reads a JSON file of the folder. Fields that a newer minor version of the format has added
    /// are ignored.
    ///
    /// # Errors
    /// When it cannot be read, or has another major version of the format.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, FolderError> {
        let text = bounded::read(&self.root.join(name)).map_err(FolderError::io(name))?;
        let malformed = |line, expected: &str, found: String| FolderError::Malformed {
            path: name.into(),
            line,
            expected: expected.to_owned(),
            found,
        };
        let value: serde_json::Value = serde_json::from_slice(&text)
            .map_err(|error| malformed(error.line(), "JSON", error.to_string()))?;
        let version = &value["format_version"];
        let read = version.as_str().and_then(|text| text.parse().ok());
        if !read.is_some_and(FormatVersion::is_read) {
            let found = match version {
                serde_json::Value::Null => "none".to_owned(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            return Err(FolderError::unexpected(
                name,
                FormatVersion::expected(),
                found,
            ));
        }
        serde_json::from_value(value)
            .map_err(|error| malformed(1, &format!("the fields of {name}"), error.to_string()))
    }

    /// Writes a JSON file of the folder, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), FolderError> {
        self.write_text(name, &Self::json_text(name, value)?)
    }

    /// A JSON file's text, as [`Self::write_json`] writes it.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn json_text<T: Serialize>(name: &str, value: &T) -> Result<String, FolderError> {
        json::text(value).map_err(|error| FolderError::io(name)(error.into()))
    }

    /// Writes a text file of the folder, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), FolderError> {
        aside::write(&self.root.join(name), text.as_bytes()).map_err(FolderError::io(name))
    }

    /// The derived files that are there, by name below the folder, sorted.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn derived(&self) -> Result<Vec<String>, FolderError> {
        let there = |name: &&str| self.root.join(name).exists();
        let mut names: Vec<String> = DERIVED
            .iter()
            .filter(|name| there(name))
            .map(ToString::to_string)
            .collect();
        for folder in DERIVED_FOLDERS {
            let path = self.root.join(folder);
            if !path.exists() {
                continue;
            }
            for entry in fs::read_dir(path).map_err(FolderError::io(folder))? {
                let name = entry.map_err(FolderError::io(folder))?.file_name();
                let name = name.to_string_lossy();
                if !aside::in_the_making(&name) {
                    names.push(format!("{folder}/{name}"));
                }
            }
        }
        names.sort();
        Ok(names)
    }
}
