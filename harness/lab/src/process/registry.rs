//! The record of what this process owns: `owners/<pid>-<start>.json` in the state
//! folder, rewritten whole (temp file, rename) at every change, removed when empty.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{ProcessError, ProcessIdentity, boot_id, state_folder};

/// The shape of an owner's file. A file of another version is left alone by the sweep.
const FORMAT_VERSION: u32 = 1;

/// What one process owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerRecord {
    /// The shape of this file.
    pub format_version: u32,
    /// The owner.
    pub owner: ProcessIdentity,
    /// The boot in which the owner lives; start times count within one boot only.
    pub boot_id: String,
    /// Its children.
    pub children: Vec<RecordedChild>,
    /// Its temp folders.
    pub temp_folders: Vec<PathBuf>,
    /// Whether containers or networks labelled with the owner may exist.
    pub containers: bool,
}

/// A child in an owner's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedChild {
    /// What it was started as.
    pub role: String,
    /// Which process it is.
    pub identity: ProcessIdentity,
}

impl OwnerRecord {
    /// Whether the owner runs no more.
    pub fn owner_is_gone(&self) -> bool {
        self.boot_id != boot_id() || !self.owner.alive()
    }

    /// Whether nothing is owned.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty() && self.temp_folders.is_empty() && !self.containers
    }

    /// Reads an owner's file; `None` when it is not one of this version.
    pub(super) fn read(path: &Path) -> Option<OwnerRecord> {
        let record: OwnerRecord = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (record.format_version == FORMAT_VERSION).then_some(record)
    }

    /// Replaces the file at `path` in one step.
    pub(super) fn write(&self, path: &Path) -> Result<(), ProcessError> {
        let fresh = path.with_extension("json.new");
        let text = serde_json::to_vec_pretty(self).map_err(|e| ProcessError::File {
            action: "writing record",
            path: path.to_owned(),
            source: e.into(),
        })?;
        fs::write(&fresh, text).map_err(ProcessError::file("writing record", &fresh))?;
        fs::rename(&fresh, path).map_err(ProcessError::file("writing record", path))
    }
}

/// `<pid>-<start ticks>` of this process: the value of the owner label on containers.
///
/// # Errors
/// [`ProcessError::Identity`] when `/proc` is not readable.
pub fn owner_tag() -> Result<String, ProcessError> {
    ProcessIdentity::current().map(|me| me.to_string())
}

/// The folder of the owners' files; created when absent.
pub(super) fn owners_folder() -> Result<PathBuf, ProcessError> {
    let folder = state_folder()?.join("owners");
    fs::create_dir_all(&folder).map_err(ProcessError::file("creating folder", &folder))?;
    Ok(folder)
}

pub(super) fn add_child(role: &str, identity: ProcessIdentity) -> Result<(), ProcessError> {
    change(|record| {
        record.children.push(RecordedChild {
            role: role.to_owned(),
            identity,
        });
    })
}

pub(super) fn remove_child(identity: ProcessIdentity) -> Result<(), ProcessError> {
    change(|record| record.children.retain(|c| c.identity != identity))
}

pub(super) fn add_temp_folder(path: &Path) -> Result<(), ProcessError> {
    change(|record| record.temp_folders.push(path.to_owned()))
}

pub(super) fn remove_temp_folder(path: &Path) -> Result<(), ProcessError> {
    change(|record| record.temp_folders.retain(|p| p != path))
}

/// Records whether containers labelled with this owner may exist; to be said before
/// the first one does.
///
/// # Errors
/// [`ProcessError::File`] when the record cannot be written.
pub fn containers_may_exist(may_exist: bool) -> Result<(), ProcessError> {
    change(|record| record.containers = may_exist)
}

fn change(edit: impl FnOnce(&mut OwnerRecord)) -> Result<(), ProcessError> {
    static OWNED: Mutex<Option<OwnerRecord>> = Mutex::new(None);
    let mut owned = OWNED.lock().unwrap_or_else(PoisonError::into_inner);
    let record = match owned.as_mut() {
        Some(record) => record,
        None => owned.insert(OwnerRecord {
            format_version: FORMAT_VERSION,
            owner: ProcessIdentity::current()?,
            boot_id: boot_id(),
            children: Vec::new(),
            temp_folders: Vec::new(),
            containers: false,
        }),
    };
    edit(record);
    let path = owners_folder()?.join(format!("{}.json", record.owner));
    if record.is_empty() {
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(ProcessError::file("removing record", &path)(e))
            }
            _ => Ok(()),
        }
    } else {
        record.write(&path)
    }
}
