//! A catalog in a SQLite file, in WAL mode: one writer, readers beside it.

mod append;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::chain::hex;
use super::reading::{self, StoredEvent};
use super::schema::{self, APPLICATION_ID, Found, SCHEMA_VERSION};
use super::{CatalogError, Draft, Durability, Failpoint, Head, RunInfo, Store, Verified};
use crate::event::{CheckResult, Event, EventRecord, Materialization, Observation, RunStatus};
use crate::key::AssetKey;
use append::{Refused, append};

/// How long a statement waits for another process's write lock. Only opening and a fenced-off
/// executor ever meet one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// One connection to a catalog file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    failpoint: Failpoint,
}

impl SqliteStore {
    /// Opens the file, making or migrating its tables.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, CatalogError> {
        let failed = |doing| {
            move |source| CatalogError::Sqlite {
                path: path.to_owned(),
                doing,
                source,
            }
        };
        let mut connection = Connection::open(path).map_err(failed("open"))?;
        connection
            .busy_timeout(BUSY_TIMEOUT)
            .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
            .and_then(|()| {
                let synchronous = match durability {
                    Durability::PowerLoss => "FULL",
                    Durability::ProcessCrash => "NORMAL",
                };
                connection.pragma_update(None, "synchronous", synchronous)
            })
            .map_err(failed("set the durability"))?;
        match schema::prepare(&mut connection).map_err(failed("prepare the tables"))? {
            Found::Ready => Ok(Self {
                connection,
                path: path.to_owned(),
                failpoint: Failpoint::default(),
            }),
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

    /// The same, failing where planned.
    pub fn with_failpoint(mut self, failpoint: Failpoint) -> Self {
        self.failpoint = failpoint;
        self
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> CatalogError {
        let path = self.path.clone();
        move |source| CatalogError::Sqlite {
            path,
            doing,
            source,
        }
    }

    fn read<T>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, CatalogError> {
        read(&self.connection).map_err(self.failed(doing))
    }

    fn decode(&self, stored: StoredEvent) -> Result<EventRecord, CatalogError> {
        let seq = stored.seq;
        reading::decode(stored).map_err(|reason| CatalogError::Corrupt {
            path: self.path.clone(),
            place: format!("event {seq}"),
            reason,
        })
    }

    /// The event that a derived table points at, if it is of the kind that the table is about.
    fn pointed<T>(
        &self,
        table: &str,
        stored: StoredEvent,
        of_kind: impl FnOnce(Event) -> Option<T>,
    ) -> Result<T, CatalogError> {
        let seq = stored.seq;
        of_kind(self.decode(stored)?.event).ok_or_else(|| CatalogError::Corrupt {
            path: self.path.clone(),
            place: format!("event {seq}"),
            reason: format!("the table {table} points at an event of another kind"),
        })
    }

    /// Every event that the rows of an asset in a derived table point at.
    fn newest<T>(
        &self,
        table: &'static str,
        order: &str,
        asset: &AssetKey,
        of_kind: fn(Event) -> Option<T>,
    ) -> Result<Vec<T>, CatalogError> {
        let rows = self.read("read the newest events of an asset", |connection| {
            let sql = reading::select(&format!("{table} t JOIN events e ON e.seq = t.seq"), "")
                + " WHERE t.asset = ?1 ORDER BY "
                + order;
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([asset.as_str()], StoredEvent::of)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let pointed = |row| self.pointed(table, row, of_kind);
        rows.into_iter().map(pointed).collect()
    }

    fn run_info(&self, (stored, status): (StoredEvent, String)) -> Result<RunInfo, CatalogError> {
        let status = RunStatus::parse(&status).ok_or_else(|| CatalogError::Corrupt {
            path: self.path.clone(),
            place: format!("event {}", stored.seq),
            reason: format!("unknown run status {status:?}"),
        })?;
        let record = self.pointed("runs", stored, |event| match event {
            Event::RunSubmitted(record) => Some(record),
            _ => None,
        })?;
        Ok(RunInfo { record, status })
    }
}

fn materialization(event: Event) -> Option<Arc<Materialization>> {
    match event {
        Event::Materialized(made) => Some(made),
        _ => None,
    }
}

impl Store for SqliteStore {
    fn head(&self) -> Result<Head, CatalogError> {
        let (seq, digest) = self.read("read the newest event", append::newest)?;
        Ok(Head {
            seq: seq.cast_unsigned(),
            digest: hex(&digest),
        })
    }

    fn verify(&self, noted: Option<&Head>) -> Result<Verified, CatalogError> {
        self.verify_all(noted)
    }

    fn next_epoch(&mut self) -> Result<u64, CatalogError> {
        self.failpoint.pass("epoch")?;
        let epoch: i64 = self.read("raise the epoch", |connection| {
            connection.query_row(
                "UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value",
                [],
                |row| row.get(0),
            )
        })?;
        Ok(epoch.cast_unsigned())
    }

    fn commit(&mut self, epoch: u64, drafts: &[Draft]) -> Result<(), CatalogError> {
        append(&mut self.connection, &self.failpoint, epoch, drafts).map_err(
            |refused| match refused {
                Refused::Sqlite(source) => self.failed("commit")(source),
                Refused::Planned(error) => error,
                Refused::Fenced(current) => CatalogError::Fenced {
                    path: self.path.clone(),
                    own: epoch,
                    current,
                },
            },
        )
    }

    fn runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        let rows = self.read("read the runs", |connection| {
            let sql = reading::select("runs r JOIN events e ON e.seq = r.first_seq", ", r.status")
                + " ORDER BY r.first_seq";
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], |row| Ok((StoredEvent::of(row)?, row.get(10)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter().map(|row| self.run_info(row)).collect()
    }

    fn run(&self, run: &str) -> Result<Option<RunInfo>, CatalogError> {
        let row = self.read("read a run", |connection| {
            let sql = reading::select("runs r JOIN events e ON e.seq = r.first_seq", ", r.status")
                + " WHERE r.run = ?1";
            let mut statement = connection.prepare_cached(&sql)?;
            statement
                .query_row([run], |row| Ok((StoredEvent::of(row)?, row.get(10)?)))
                .optional()
        })?;
        row.map(|row| self.run_info(row)).transpose()
    }

    fn events(&self, run: Option<&str>) -> Result<Vec<EventRecord>, CatalogError> {
        let rows = self.read("read the events", |connection| {
            let filter = match run {
                None => " WHERE ?1 IS NULL",
                Some(_) => {
                    " WHERE e.run = ?1
                      AND e.seq >= (SELECT first_seq FROM runs WHERE run = ?1)
                      AND e.seq <= coalesce((SELECT last_seq FROM runs WHERE run = ?1), 9223372036854775807)"
                }
            };
            let sql = reading::select("events e", "") + filter + " ORDER BY e.seq";
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([run], StoredEvent::of)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter().map(|row| self.decode(row)).collect()
    }

    fn latest(
        &self,
        asset: &AssetKey,
        partition: Option<&str>,
    ) -> Result<Option<Arc<Materialization>>, CatalogError> {
        let row = self.read("read a materialization", |connection| {
            let sql = reading::select("latest l JOIN events e ON e.seq = l.seq", "")
                + " WHERE l.asset = ?1 AND l.partition = ?2";
            let mut statement = connection.prepare_cached(&sql)?;
            statement
                .query_row(
                    [asset.as_str(), partition.unwrap_or_default()],
                    StoredEvent::of,
                )
                .optional()
        })?;
        row.map(|row| self.pointed("latest", row, materialization))
            .transpose()
    }

    fn latest_of(&self, asset: &AssetKey) -> Result<Vec<Arc<Materialization>>, CatalogError> {
        self.newest("latest", "t.partition", asset, materialization)
    }

    fn observations(&self, asset: &AssetKey) -> Result<Vec<Arc<Observation>>, CatalogError> {
        self.newest("observations", "t.partition", asset, |event| match event {
            Event::Observed(seen) => Some(seen),
            _ => None,
        })
    }

    fn checks(&self, asset: &AssetKey) -> Result<Vec<Arc<CheckResult>>, CatalogError> {
        self.newest(
            "checks",
            "t.partition, t.name",
            asset,
            |event| match event {
                Event::Checked(check) => Some(check),
                _ => None,
            },
        )
    }
}
