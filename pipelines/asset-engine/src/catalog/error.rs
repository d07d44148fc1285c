//! Why a catalog cannot be used, with the file and the place.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::key::AssetKey;
use crate::partition::PartitionError;

/// Why a catalog cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// SQLite refused.
    #[error("catalog {path}: {doing}: {}", said(path, source))]
    Sqlite {
        /// The catalog's file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's word.
        source: rusqlite::Error,
    },
    /// A file beside the catalog could not be used.
    #[error("{path}: {doing}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// The system's word.
        source: std::io::Error,
    },
    /// Another executor owns the catalog.
    #[error("catalog {path}: another executor runs on it ({owner})")]
    Locked {
        /// The catalog's file.
        path: PathBuf,
        /// `pid N`, or "pid unknown" while the owner is starting.
        owner: Owner,
    },
    /// A younger executor has opened the catalog; this one's commit was refused.
    #[error("catalog {path}: epoch {own} is fenced off, the catalog is at epoch {current}")]
    Fenced {
        /// The catalog's file.
        path: PathBuf,
        /// The epoch of the refused executor.
        own: u64,
        /// The epoch of the newest one.
        current: u64,
    },
    /// Written by a newer version of this crate.
    #[error("catalog {path}: schema version {found}, expected at most {expected}")]
    FutureVersion {
        /// The catalog's file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        expected: i64,
    },
    /// A SQLite file that is no catalog.
    #[error("{path} is no asset catalog: application id {found:#x}, expected {expected:#x}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id.
        found: i64,
        /// That of a catalog.
        expected: i64,
    },
    /// A record that cannot be read.
    #[error("catalog {path}: {place}: {reason}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Which record.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A wipe of what is not there: of a piece that was never made or is wiped already, of an external
    /// asset, which is not made here, or of a partitioned asset without a partition.
    #[error("asset {asset}{}: nothing to wipe, {made}", place(partition.as_deref()))]
    NothingToWipe {
        /// The asset.
        asset: AssetKey,
        /// The partition that was named.
        partition: Option<String>,
        /// What is there of the asset, in words.
        made: String,
    },
    /// A name that partitions cannot have.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// A planned fault, in tests.
    #[error("catalog write {write} failed as planned ({place})")]
    Injected {
        /// Number of the write, from 1.
        write: u64,
        /// What was about to be written, or had been.
        place: &'static str,
    },
}

/// What SQLite says. Of a disk without space left it often says no more than "disk I/O error", so
/// that is looked up.
fn said(path: &Path, error: &rusqlite::Error) -> String {
    let by_the_disk = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure)
    );
    let folder = path.parent().filter(|_| by_the_disk);
    let disk = folder.and_then(|folder| rustix::fs::statvfs(folder).ok());
    if disk.is_some_and(|disk| disk.f_bavail == 0) {
        format!("{error}: no space is left on the disk")
    } else {
        error.to_string()
    }
}

fn place(partition: Option<&str>) -> String {
    partition.map_or_else(
        || " without a partition".to_owned(),
        |partition| format!(", partition {partition}"),
    )
}

/// Who owns a locked catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Owner {
    /// Its process id; `None` while it has not yet written it.
    pub pid: Option<u32>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "pid {pid}"),
            None => f.write_str("pid unknown"),
        }
    }
}
