//! Removing what owners that are gone left behind.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::command::OWNER_ENV;
use super::registry::{self, OwnerRecord, RecordedChild, owners_folder};
use super::temp_folder::NAME_PREFIX;
use super::{ProcessError, ProcessIdentity, containers, small_disk};

/// One thing that the sweep removed, or could not remove.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Swept {
    /// A process still running without its owner was killed.
    Process {
        /// What it was started as.
        role: String,
        /// Which process it was.
        identity: ProcessIdentity,
    },
    /// A temp folder was removed.
    Folder(PathBuf),
    /// A container or network was removed, by kind and id.
    Docker(String),
    /// Something stays, and its record with it, for the next sweep.
    Left {
        /// What stays.
        what: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Swept::Process { role, identity } => {
                write!(f, "killed orphaned {role} (pid {})", identity.pid)
            }
            Swept::Folder(path) => write!(f, "removed temp folder {}", path.display()),
            Swept::Docker(what) => write!(f, "removed {what}"),
            Swept::Left { what, why } => write!(f, "could not remove {what}: {why}"),
        }
    }
}

/// Removes the processes, temp folders, containers and networks of owners that are
/// gone, and says what it removed. What living owners own is not touched, wherever they
/// live. Two sweeps at a time do no harm.
///
/// # Errors
/// [`ProcessError`] when the state folder cannot be read; a single thing that cannot
/// be removed is reported as [`Swept::Left`] instead.
pub fn sweep() -> Result<Vec<Swept>, ProcessError> {
    let folder = owners_folder()?;
    let entries = fs::read_dir(&folder).map_err(ProcessError::file("reading folder", &folder))?;
    let mut swept = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|e| e == "json")
            && let Some((record, _locked)) = OwnerRecord::take_over(&path)
        {
            sweep_owner(&path, record, &mut swept)?;
        }
    }
    Ok(swept)
}

fn sweep_owner(
    path: &Path,
    mut record: OwnerRecord,
    swept: &mut Vec<Swept>,
) -> Result<(), ProcessError> {
    // Ids of another boot or namespace say nothing about the processes that are seen here.
    if !record.names_processes_here() {
        record.children.clear();
    }
    if record.boot_id == super::boot_id() {
        record.children.extend(marked(&record));
    }
    record.children.retain(|child| {
        if !child.identity.alive() {
            return false;
        }
        let ended = end_orphan(child.identity);
        swept.push(if ended {
            Swept::Process {
                role: child.role.clone(),
                identity: child.identity,
            }
        } else {
            left(format!("pid {}", child.identity.pid), "it survives SIGKILL")
        });
        !ended
    });
    record
        .temp_folders
        .retain(|folder| !remove_folder(folder, swept));
    if record.containers {
        match containers::remove_owned(&record.owner.to_string()) {
            Ok(removed) => {
                record.containers = false;
                swept.extend(removed.into_iter().map(Swept::Docker));
            }
            Err(error) => swept.push(left(format!("containers of {}", record.owner), error)),
        }
    }
    if !record.is_empty() {
        return record.write(path).map(drop);
    }
    registry::remove(path)
}

/// Processes that carry the gone owner's mark in their environment: what a child left
/// behind when it died, such as a grandchild without a parent-death signal. Those of
/// other users cannot be read, and are none of ours.
fn marked(record: &OwnerRecord) -> Vec<RecordedChild> {
    let mark = format!("{OWNER_ENV}={}", record.owner);
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != std::process::id())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|text| text.split(|b| *b == 0).any(|var| var == mark.as_bytes()))
        })
        .filter_map(|pid| ProcessIdentity::of(pid).ok())
        .filter(|found| record.children.iter().all(|c| c.identity != *found))
        .map(|identity| RecordedChild {
            role: "descendant".to_owned(),
            identity,
        })
        .collect()
}

/// Kills an orphan with its group and waits until it is gone.
fn end_orphan(identity: ProcessIdentity) -> bool {
    let Some(pid) = i32::try_from(identity.pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    let _ = if identity.leads_group() {
        kill_process_group(pid, Signal::KILL)
    } else {
        kill_process(pid, Signal::KILL)
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while identity.alive() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    !identity.alive()
}

/// Removes a recorded temp folder; true when the record can forget it.
fn remove_folder(folder: &Path, swept: &mut Vec<Swept>) -> bool {
    let ours = folder
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(NAME_PREFIX));
    if !ours {
        swept.push(left(
            folder.display(),
            "not a name of a temp folder of ours",
        ));
        return true;
    }
    small_disk::unmount_below(folder);
    match fs::remove_dir_all(folder) {
        Ok(()) => swept.push(Swept::Folder(folder.to_owned())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => {
            swept.push(left(folder.display(), e));
            return false;
        }
    }
    true
}

fn left(what: impl fmt::Display, why: impl fmt::Display) -> Swept {
    Swept::Left {
        what: what.to_string(),
        why: why.to_string(),
    }
}
