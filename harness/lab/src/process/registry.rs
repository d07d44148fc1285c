//! The record of what this process owns: `owners/<pid>-<start>.json` in the state
//! folder, rewritten whole (temp file, rename) at every change, removed when empty.
//!
//! Its owner holds the lock on it for as long as it lives (see the module `state`).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::identity::pid_namespace;
use super::state::{take_abandoned, write_locked};
use super::{ProcessError, ProcessIdentity, boot_id, state_folder};

/// The shape of an owner's file. A file of another version is left alone by the sweep.
const FORMAT_VERSION: u32 = 2;

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
    /// The PID namespace in which the owner lives; process ids count within one only.
    pub pid_namespace: String,
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
    /// Whether the process ids in it are those that this process sees.
    pub fn names_processes_here(&self) -> bool {
        self.boot_id == boot_id() && self.pid_namespace == pid_namespace()
    }

    /// Whether nothing is owned.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty() && self.temp_folders.is_empty() && !self.containers
    }

    /// Takes over the file of an owner that is gone, with the lock on it; `None` when its owner
    /// lives, another one takes it over just now, or it is not of this version.
    pub(super) fn take_over(path: &Path) -> Option<(OwnerRecord, File)> {
        let file = take_abandoned(path)?;
        let record: OwnerRecord = serde_json::from_reader(&file).ok()?;
        (record.format_version == FORMAT_VERSION).then_some((record, file))
    }

    /// Replaces the file at `path` in one step; it is locked until what is given is dropped.
    pub(super) fn write(&self, path: &Path) -> Result<File, ProcessError> {
        write_locked(path, self)
    }
}

/// `<pid>-<start ticks>` of this process: the value of the owner label on containers.
///
/// # Errors
/// [`ProcessError::Identity`] when `/proc` is not readable.
pub fn owner_tag() -> Result<String, ProcessError> {
    ProcessIdentity::current().map(|me| me.to_string())
}

/// Where this process's record is, when it has one.
pub(super) fn own_record() -> Result<PathBuf, ProcessError> {
    path_of(ProcessIdentity::current()?)
}

fn path_of(owner: ProcessIdentity) -> Result<PathBuf, ProcessError> {
    Ok(owners_folder()?.join(format!("{owner}.json")))
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

/// The record of this process, and the lock on its file while there is one.
struct Owned {
    record: OwnerRecord,
    locked: Option<File>,
}

fn change(edit: impl FnOnce(&mut OwnerRecord)) -> Result<(), ProcessError> {
    static OWNED: Mutex<Option<Owned>> = Mutex::new(None);
    let mut owned = OWNED.lock().unwrap_or_else(PoisonError::into_inner);
    let Owned { record, locked } = match owned.as_mut() {
        Some(owned) => owned,
        None => owned.insert(Owned {
            record: OwnerRecord {
                format_version: FORMAT_VERSION,
                owner: ProcessIdentity::current()?,
                boot_id: boot_id(),
                pid_namespace: pid_namespace(),
                children: Vec::new(),
                temp_folders: Vec::new(),
                containers: false,
            },
            locked: None,
        }),
    };
    edit(record);
    let path = path_of(record.owner)?;
    if record.is_empty() {
        remove(&path)?;
        *locked = None;
    } else {
        *locked = Some(record.write(&path)?);
    }
    Ok(())
}

/// Removes an owner's file; one that is gone already is fine.
pub(super) fn remove(path: &Path) -> Result<(), ProcessError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(ProcessError::file("removing record", path)(e))
        }
        _ => Ok(()),
    }
}
