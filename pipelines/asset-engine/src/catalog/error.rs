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
    /// PostgreSQL refused.
    #[cfg(feature = "postgres")]
    #[error("catalog {place}: {doing}: {}", of_postgres(error))]
    Postgres {
        /// Host, port and database.
        place: String,
        /// What was being done.
        doing: &'static str,
        /// PostgreSQL's word, which the message has.
        error: Box<postgres::Error>,
    },
    /// The URL of a catalog cannot be read.
    #[cfg(feature = "postgres")]
    #[error("catalog postgres://: its URL cannot be read: {reason}")]
    Url {
        /// Why; the URL itself may have a password in it.
        reason: String,
    },
    /// The data that a catalog is about is somewhere else.
    #[error("catalog {path}: expected the data that it is about in {found}, found {own}")]
    Home {
        /// Where the catalog is.
        path: PathBuf,
        /// Where it was said to be now.
        own: String,
        /// Where it is.
        found: String,
    },
    /// There is no catalog, where one is only read.
    #[error("catalog {path}: expected one, found none")]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
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
    /// A later attempt at the same thing has committed; the commit of this one was refused.
    #[error("catalog {path}: attempt {own} at {what:?} is fenced off by attempt {newest}")]
    Overtaken {
        /// The catalog's file, or where its server is.
        path: PathBuf,
        /// What is tried.
        what: String,
        /// The attempt that was refused.
        own: u32,
        /// The newest one that has committed.
        newest: u32,
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

#[cfg(feature = "postgres")]
impl CatalogError {
    /// Whether the server of a catalog did not answer, or was about to start or to stop.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        let Self::Postgres { error, .. } = self else {
            return false;
        };
        match error.code() {
            // Its connections are exceptions of their own, its operators' interventions, or too many.
            Some(state) => ["08", "57P", "53300"]
                .iter()
                .any(|of| state.code().starts_with(of)),
            None => error.is_closed() || causes(error).any(of_the_network),
        }
    }

    /// Whether the way to a catalog is wrong: its URL, the role, the password, the database, the schema, or the
    /// role's rights; or there is none.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Url { .. } | Self::Absent { .. } | Self::Home { .. } => true,
            Self::Postgres { error, doing, .. } => match error.code() {
                Some(state) => ["28", "3D", "3F", "42501"]
                    .iter()
                    .any(|of| state.code().starts_with(of)),
                // Such as a password that is missing, or a certificate of nobody's.
                None => *doing == "connect" && !self.is_unreachable(),
            },
            _ => false,
        }
    }
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

/// What PostgreSQL says, which the error itself leaves out: its message, or why there was none.
#[cfg(feature = "postgres")]
fn of_postgres(error: &postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    let all = std::iter::once(error.to_string()).chain(causes(error).map(ToString::to_string));
    all.collect::<Vec<_>>().join(": ")
}

/// Whether a cause is the network's; a certificate that is nobody's is no such thing.
#[cfg(feature = "postgres")]
fn of_the_network(cause: &(dyn std::error::Error + 'static)) -> bool {
    let error = cause.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() != std::io::ErrorKind::InvalidData)
}

#[cfg(feature = "postgres")]
fn causes(error: &postgres::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
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
