//! Opening a catalog file: to write, or to read without a mark.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{SqliteStore, wal};
use crate::catalog::aside::set_aside;
use crate::catalog::schema::{self, APPLICATION_ID, Found, SCHEMA_VERSION};
use crate::catalog::{CatalogError, Durability, Failpoint};

/// How long a statement waits for another process's write lock. Only opening and a fenced-off
/// executor ever meet one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Statements that are kept prepared: more than a catalog has.
const STATEMENTS: usize = 64;

/// How long one that opens a new catalog waits for another that does.
const WAL_PAUSE: Duration = Duration::from_millis(2);

impl SqliteStore {
    /// Opens the file to write, making or migrating its tables. A write-ahead log with commits that
    /// cannot be read is kept aside before it is written over.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, CatalogError> {
        let damaged = |doing| {
            move |source| CatalogError::Io {
                path: path.to_owned(),
                doing,
                source,
            }
        };
        let beyond = wal::beyond(path).map_err(damaged("look at the write-ahead log"))?;
        let keep = |beyond: wal::Beyond| -> std::io::Result<String> {
            let kept = set_aside(&wal_beside(path))?;
            Ok(format!("{beyond}; kept as {}", kept.display()))
        };
        let warning = beyond.map(keep).transpose();
        let warning = warning.map_err(damaged("set the damaged write-ahead log aside"))?;
        Ok(Self {
            warnings: warning.into_iter().collect(),
            ..Self::open_file(path, path, durability)?
        })
    }

    /// The same for a file that stands for the one that errors name.
    fn open_file(file: &Path, path: &Path, durability: Durability) -> Result<Self, CatalogError> {
        let mut connection = Connection::open(file).map_err(failed(path, "open"))?;
        connection
            .busy_timeout(BUSY_TIMEOUT)
            .and_then(|()| write_ahead(&connection))
            .and_then(|()| {
                let synchronous = match durability {
                    Durability::PowerLoss => "FULL",
                    Durability::ProcessCrash => "NORMAL",
                };
                connection.pragma_update(None, "synchronous", synchronous)
            })
            .map_err(failed(path, "set the durability"))?;
        let found = schema::prepare(&mut connection).map_err(failed(path, "prepare the tables"))?;
        Self::judged(connection, path, found)
    }

    /// Opens the file to read: nothing is made, migrated or moved, and no right to write is needed.
    /// A catalog of an older version, or in a folder where SQLite cannot keep the index that it
    /// shares with writers, is read from a copy as of now.
    pub fn open_to_read(path: &Path) -> Result<Self, CatalogError> {
        // SQLite does not tell a file that is missing from one that may not be opened.
        std::fs::File::open(path).map_err(|source| CatalogError::Io {
            path: path.to_owned(),
            doing: "open to read",
            source,
        })?;
        let connection = match shared(path) {
            Ok(connection) => connection,
            Err(error) if needs_to_write(&error) => return Self::open_copy(path),
            Err(error) => return Err(failed(path, "open to read")(error)),
        };
        match schema::found(&connection).map_err(failed(path, "read the version"))? {
            Some(found) => Self::judged(connection, path, found),
            None => Self::open_copy(path),
        }
    }

    fn open_copy(path: &Path) -> Result<Self, CatalogError> {
        let folder = tempfile::tempdir().map_err(no_copy(path))?;
        let copy = folder.path().join("catalog");
        std::fs::copy(path, &copy).map_err(no_copy(path))?;
        match std::fs::copy(wal_beside(path), wal_beside(&copy)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(no_copy(path)(error));
            }
            _ => {}
        }
        let store = Self::open_file(&copy, path, Durability::ProcessCrash)?;
        Ok(Self {
            _copy: Some(folder),
            ..store
        })
    }

    fn judged(connection: Connection, path: &Path, found: Found) -> Result<Self, CatalogError> {
        match found {
            Found::Ready => {
                connection.set_prepared_statement_cache_capacity(STATEMENTS);
                // Else SQLite prepares a statement anew whenever it is bound to another value, in case
                // another plan were better: more than all that these look-ups cost.
                connection
                    .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
                    .map_err(failed(path, "keep the plans of statements"))?;
                #[cfg(test)]
                let connection = super::steps::counted(connection, path)
                    .map_err(failed(path, "count its steps"))?;
                Ok(Self {
                    connection,
                    path: path.to_owned(),
                    failpoint: Failpoint::default(),
                    warnings: Vec::new(),
                    _copy: None,
                })
            }
            Found::Future(found) => Err(CatalogError::FutureVersion {
                path: path.to_owned(),
                found,
                expected: SCHEMA_VERSION,
            }),
            Found::Foreign(found) => Err(CatalogError::Foreign {
                path: path.to_owned(),
                found,
                expected: APPLICATION_ID,
            }),
        }
    }
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> CatalogError {
    move |source| CatalogError::Sqlite {
        path: path.to_owned(),
        doing,
        source,
    }
}

fn no_copy(path: &Path) -> impl FnOnce(std::io::Error) -> CatalogError {
    move |source| CatalogError::Io {
        path: path.to_owned(),
        doing: "copy to read",
        source,
    }
}

/// Where the write-ahead log of a database lies.
pub(super) fn wal_beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// A connection that reads beside writers. What is in a write-ahead log stays there; where there is
/// none, the files that SQLite makes beside the database go again with the connection.
fn shared(path: &Path) -> rusqlite::Result<Connection> {
    let access = if wal_beside(path).exists() {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    if access == OpenFlags::SQLITE_OPEN_READ_ONLY {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    }
    // The first look is what makes the index.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Whether SQLite refused as it may not write where it has to, to read beside others.
fn needs_to_write(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    )
}

/// Puts the file into WAL mode. Of several that do so at once on a new file, SQLite refuses all
/// but one without asking their busy handler, as both hold a read lock that the other waits for.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(WAL_PAUSE);
            }
            done => return done,
        }
    }
}
