//! The warehouse: where loads end, on SQLite (embedded) or PostgreSQL.
//!
//! Tables: `flights` (wide and typed; key (source, day, flight key)), `flights_appended` (the same
//! columns without key: the naive sink's), `partitions` (source, day → digest, rows, token, run),
//! `applied` (the append-only log of executions), `undo` (what was there before), the marts `delay_by_carrier` and
//! `delay_by_weather` (each row belongs to a version), and `published` (source → version).
//!
//! What is written is decided once, in SQL that both databases speak; only the transactions differ.

mod load;
mod postgres;
mod publish;
mod row;
mod schema;
mod sqlite;
mod undo;

use orchbench_journal::{Day, ErrorType, StepName};
use serde::{Deserialize, Serialize};

use crate::canonical::Value;
use crate::error::StepError;

pub(crate) use load::{LoadRequest, PartitionRows};
pub(crate) use publish::PublishRequest;
pub(crate) use row::flight_key;
pub use row::{Applied, WarehouseRow};
pub(crate) use undo::{PartitionBefore, UndoLoad};

/// Why the warehouse failed.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// The URL is none that is known.
    #[error("warehouse {url:?}: expected sqlite:PATH or postgres://…")]
    Url {
        /// The URL.
        url: String,
    },
    /// SQLite failed.
    #[error("warehouse {path}: {}", sqlite::said(path, error))]
    Sqlite {
        /// The database file.
        path: String,
        /// What SQLite said.
        error: rusqlite::Error,
    },
    /// PostgreSQL failed.
    #[error("warehouse on PostgreSQL: {}", chain(error))]
    Postgres {
        /// What the client said.
        error: ::postgres::Error,
    },
    /// A newer token has written here.
    #[error("{target}: write with fencing token {token} refused: expected at least {newest}")]
    Fenced {
        /// The partition or publication.
        target: String,
        /// The token of the write.
        token: u64,
        /// The newest token that was there.
        newest: u64,
    },
    /// The write comes after its own compensation.
    #[error("{act}: refused: it has been undone already; start another run")]
    Undone {
        /// The idempotency key.
        act: String,
    },
    /// The warehouse does not have what the caller was told.
    #[error("{target}: expected {expected}, found {found}")]
    Mismatch {
        /// The partition, table or column.
        target: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
}

impl WarehouseError {
    /// Whether the disk refuses: it is full, or broken.
    #[must_use]
    pub fn is_of_the_disk(&self) -> bool {
        matches!(self, Self::Sqlite { error, .. } if sqlite::is_of_the_disk(error))
    }
}

/// An error of PostgreSQL tells the server's message only in its source.
fn chain(error: &::postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl From<WarehouseError> for StepError {
    fn from(error: WarehouseError) -> Self {
        let error_type = match error {
            WarehouseError::Fenced { .. } | WarehouseError::Undone { .. } => ErrorType::Fenced,
            _ => ErrorType::Warehouse,
        };
        Self::new(error_type, error.to_string())
    }
}

/// What a statement does with each row; an error ends it.
type EachRow<'a> = &'a mut dyn FnMut(&[Value<'_>]) -> Result<(), WarehouseError>;

/// A transaction of either database. Parameters are `$1`, `$2`, …, which have to stand in this
/// order in the statement, as SQLite numbers them by their first appearance.
trait Transaction {
    /// Makes other transactions with the same name wait until this one has ended.
    fn lock(&mut self, name: &str) -> Result<(), WarehouseError>;

    /// Executes a statement; gives the number of changed rows.
    fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<u64, WarehouseError>;

    /// Executes a query, row by row.
    fn query(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        each: EachRow<'_>,
    ) -> Result<(), WarehouseError>;

    /// Inserts the chosen rows of a partition.
    fn insert(
        &mut self,
        table: schema::FlightsTable,
        rows: &PartitionRows<'_>,
        chosen: &[usize],
        progress: &dyn Fn(u64),
    ) -> Result<(), WarehouseError>;
}

/// What runs in a transaction.
type Work<'a, T> = &'a mut dyn FnMut(&mut dyn Transaction) -> Result<T, WarehouseError>;

#[derive(Debug)]
enum Database {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// A warehouse. Shared between threads; each call is a transaction of its own.
#[derive(Debug)]
pub struct Warehouse {
    database: Database,
}

impl Warehouse {
    /// Opens `sqlite:PATH` or `postgres://…`, and makes the tables that are missing. Several
    /// processes may do so at once.
    ///
    /// # Errors
    /// When the URL is of no known kind, or the database cannot be reached.
    pub fn open(url: &str) -> Result<Self, WarehouseError> {
        let database = if let Some(path) = url.strip_prefix("sqlite:") {
            Database::Sqlite(sqlite::Sqlite::open(path)?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Database::Postgres(postgres::Postgres::open(url)?)
        } else {
            return Err(WarehouseError::Url {
                url: url.to_owned(),
            });
        };
        Ok(Self { database })
    }

    fn transaction<T>(&self, work: Work<'_, T>) -> Result<T, WarehouseError> {
        match &self.database {
            Database::Sqlite(database) => database.transaction(work),
            Database::Postgres(database) => database.transaction(work),
        }
    }

    /// The rows of a source, sorted by day and key.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rows(&self, source: &str) -> Result<Vec<WarehouseRow>, WarehouseError> {
        self.transaction(&mut |transaction| row::rows(transaction, source))
    }

    /// The applied log, in the order of `seq`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn applied(&self) -> Result<Vec<Applied>, WarehouseError> {
        self.transaction(&mut |transaction| row::applied(transaction))
    }

    /// The published version of a source; `None` before the first publication.
    ///
    /// # Errors
    /// When the database fails.
    pub fn published(&self, source: &str) -> Result<Option<String>, WarehouseError> {
        self.transaction(&mut |transaction| {
            let mut version = None;
            let sql = "SELECT version FROM published WHERE source = $1";
            transaction.query(sql, &[Value::Text(source)], &mut |row| {
                version = Some(row::text(row, 0)?.to_owned());
                Ok(())
            })?;
            Ok(version)
        })
    }

    /// The digests of a source's partitions as the warehouse recorded them at the last load, by
    /// day.
    ///
    /// # Errors
    /// When the database fails.
    pub fn partitions(&self, source: &str) -> Result<Vec<(Day, String, u64)>, WarehouseError> {
        self.transaction(&mut |transaction| row::partitions(transaction, source))
    }

    pub(crate) fn load(
        &self,
        request: &LoadRequest<'_>,
        progress: &dyn Fn(u64),
    ) -> Result<crate::outcome::Loaded, WarehouseError> {
        self.transaction(&mut |transaction| load::load(transaction, request, progress))
    }

    pub(crate) fn publish(
        &self,
        request: &PublishRequest<'_>,
    ) -> Result<crate::outcome::Published, WarehouseError> {
        self.transaction(&mut |transaction| publish::publish(transaction, request))
    }

    pub(crate) fn before_load(&self, act: &str) -> Result<Option<PartitionBefore>, WarehouseError> {
        self.transaction(&mut |transaction| undo::before_load(transaction, act))
    }

    pub(crate) fn undo_load(
        &self,
        request: &UndoLoad<'_>,
        progress: &dyn Fn(u64),
    ) -> Result<crate::outcome::Undone, WarehouseError> {
        self.transaction(&mut |transaction| undo::undo_load(transaction, request, progress))
    }

    pub(crate) fn undo_publish(
        &self,
        writer: &Writer<'_>,
        act: &str,
    ) -> Result<crate::outcome::Undone, WarehouseError> {
        self.transaction(&mut |transaction| undo::undo_publish(transaction, writer, act))
    }
}

/// Who writes: the call's part in the applied log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) key: &'a str,
    pub(crate) run: &'a str,
    pub(crate) source: &'a str,
    pub(crate) step: StepName,
    pub(crate) partition: Option<Day>,
    pub(crate) attempt: u32,
    pub(crate) token: u64,
    pub(crate) sink: crate::config::Sink,
}

/// How a warehouse's rows were reached: kept with a trial's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarehouseKind {
    /// Embedded SQLite: WAL, synchronous=FULL.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Warehouse {
    /// Which database it is on.
    #[must_use]
    pub fn kind(&self) -> WarehouseKind {
        match self.database {
            Database::Sqlite(_) => WarehouseKind::Sqlite,
            Database::Postgres(_) => WarehouseKind::Postgres,
        }
    }
}
