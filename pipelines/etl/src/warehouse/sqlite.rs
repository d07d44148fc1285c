//! SQLite: one connection a process, WAL, synchronous=FULL (a committed load survives a power
//! cut), transactions that take the write lock at once, as several processes write.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, TransactionBehavior};

use super::load::PartitionRows;
use super::schema::{self, FlightsTable};
use super::{EachRow, Transaction, WarehouseError, Work};
use crate::canonical::Value;
use crate::schema::TRANSFORMED;

/// How long a transaction waits for those of other processes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between two tries to switch the journal mode.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// What SQLite says of the database at a path. Of a disk without space left it often says no more
/// than "disk I/O error", so that is looked up.
pub(super) fn said(path: &str, error: &rusqlite::Error) -> String {
    if is_of_the_disk(error) && without_space(path) {
        format!("{error}: no space is left on the disk")
    } else {
        error.to_string()
    }
}

/// Whether it is the disk that refuses, and not what the path names.
pub(super) fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure)
    )
}

fn without_space(path: &str) -> bool {
    let folder = Path::new(path).parent();
    let disk = folder.and_then(|folder| rustix::fs::statvfs(folder).ok());
    disk.is_some_and(|disk| disk.f_bavail == 0)
}

#[derive(Debug)]
pub(super) struct Sqlite {
    path: String,
    connection: Mutex<Connection>,
}

impl Sqlite {
    pub(super) fn open(path: &str) -> Result<Self, WarehouseError> {
        let failed = |error| WarehouseError::Sqlite {
            path: path.to_owned(),
            error,
        };
        if let Some(dir) = Path::new(path).parent() {
            // When it fails, opening the file fails too, and says why.
            let _ = std::fs::create_dir_all(dir);
        }
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        switch_to_wal(&connection).map_err(failed)?;
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;")
            .map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(64);
        let database = Self {
            path: path.to_owned(),
            connection: Mutex::new(connection),
        };
        database.transaction(&mut |transaction| {
            for statement in schema::statements(schema::SQLITE) {
                transaction.execute(&statement, &[])?;
            }
            Ok(())
        })?;
        Ok(database)
    }

    pub(super) fn transaction<T>(&self, work: Work<'_, T>) -> Result<T, WarehouseError> {
        let failed = |error| WarehouseError::Sqlite {
            path: self.path.clone(),
            error,
        };
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let value = work(&mut Immediate {
            path: &self.path,
            transaction: &transaction,
        })?;
        transaction.commit().map_err(failed)?;
        Ok(value)
    }
}

struct Immediate<'a> {
    path: &'a str,
    transaction: &'a rusqlite::Transaction<'a>,
}

impl Immediate<'_> {
    fn failed(&self, error: rusqlite::Error) -> WarehouseError {
        WarehouseError::Sqlite {
            path: self.path.to_owned(),
            error,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Float(value) => ValueRef::Real(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

impl Transaction for Immediate<'_> {
    fn lock(&mut self, _name: &str) -> Result<(), WarehouseError> {
        // BEGIN IMMEDIATE locked out every other writer already.
        Ok(())
    }

    fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<u64, WarehouseError> {
        let changed = self
            .transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(parameters)))
            .map_err(|error| self.failed(error))?;
        Ok(changed as u64)
    }

    fn query(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        each: EachRow<'_>,
    ) -> Result<(), WarehouseError> {
        let failed = |error| self.failed(error);
        let mut statement = self.transaction.prepare_cached(sql).map_err(failed)?;
        let columns = statement.column_count();
        let mut rows = statement
            .query(rusqlite::params_from_iter(parameters))
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(match row.get_ref(column).map_err(failed)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Real(value) => Value::Float(value),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        Value::Text(std::str::from_utf8(bytes).map_err(|error| {
                            WarehouseError::Mismatch {
                                target: format!("{} column {column}", self.path),
                                expected: "text in UTF-8".to_owned(),
                                found: error.to_string(),
                            }
                        })?)
                    }
                });
            }
            each(&values)?;
        }
        Ok(())
    }

    fn insert(
        &mut self,
        table: FlightsTable,
        rows: &PartitionRows<'_>,
        chosen: &[usize],
        progress: &dyn Fn(u64),
    ) -> Result<(), WarehouseError> {
        let places: Vec<String> = (1..=TRANSFORMED.len() + 2)
            .map(|n| format!("?{n}"))
            .collect();
        let sql = format!(
            "INSERT INTO {} (source, partition_day, {}) VALUES ({})",
            table.name(),
            schema::flight_columns(),
            places.join(", ")
        );
        let failed = |error| self.failed(error);
        let mut statement = self.transaction.prepare_cached(&sql).map_err(failed)?;
        for (done, row) in chosen.iter().enumerate() {
            statement
                .raw_bind_parameter(1, rows.source)
                .map_err(failed)?;
            statement
                .raw_bind_parameter(2, rows.day_text.as_str())
                .map_err(failed)?;
            for column in 0..TRANSFORMED.len() {
                statement
                    .raw_bind_parameter(column + 3, rows.value(*row, column))
                    .map_err(failed)?;
            }
            statement.raw_execute().map_err(failed)?;
            if done % 1_000 == 999 {
                progress(done as u64 + 1);
            }
        }
        Ok(())
    }
}

/// Switches a database to write-ahead logging. When several processes open a new file at
/// once, all but one are told "locked" without the busy handler being asked (the switch wants
/// the file for itself), so this asks again, for as long as the busy handler would.
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL;") {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(BUSY_PAUSE);
            }
            result => return result,
        }
    }
}
