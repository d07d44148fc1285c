//! A catalog in a SQLite file, in WAL mode: one writer, readers beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::reading::{self, StoredEvent};
use super::schema::{self, APPLICATION_ID, Found, SCHEMA_VERSION};
use super::{CatalogError, Draft, Durability, Failpoint, RunInfo, Store};
use crate::event::{Event, EventRecord, Materialization, RunStatus};
use crate::key::AssetKey;

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

    fn materialization(&self, stored: StoredEvent) -> Result<Arc<Materialization>, CatalogError> {
        let seq = stored.seq;
        match self.decode(stored)?.event {
            Event::Materialized(made) => Ok(made),
            _ => Err(CatalogError::Corrupt {
                path: self.path.clone(),
                place: format!("event {seq}"),
                reason: "the table of newest materializations points at another event".to_owned(),
            }),
        }
    }

    fn run_info(&self, (stored, status): (StoredEvent, String)) -> Result<RunInfo, CatalogError> {
        let place = format!("event {}", stored.seq);
        let corrupt = |reason: String| CatalogError::Corrupt {
            path: self.path.clone(),
            place: place.clone(),
            reason,
        };
        let status = RunStatus::parse(&status)
            .ok_or_else(|| corrupt(format!("unknown run status {status:?}")))?;
        match self.decode(stored)?.event {
            Event::RunSubmitted(record) => Ok(RunInfo { record, status }),
            _ => Err(corrupt(
                "the table of runs points at another event".to_owned(),
            )),
        }
    }
}

/// Why a transaction did not come about.
enum Refused {
    Sqlite(rusqlite::Error),
    Fenced(u64),
    Planned(CatalogError),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<CatalogError> for Refused {
    fn from(error: CatalogError) -> Self {
        Self::Planned(error)
    }
}

/// One transaction: epoch check, events, derived rows.
fn append(
    connection: &mut Connection,
    failpoint: &Failpoint,
    epoch: u64,
    drafts: &[Draft],
) -> Result<(), Refused> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let current: u64 = transaction
            .prepare_cached("SELECT value FROM meta WHERE name = 'epoch'")?
            .query_row([], |row| row.get::<_, i64>(0))?
            .cast_unsigned();
        if current != epoch {
            return Err(Refused::Fenced(current));
        }
        let mut seq: i64 = transaction
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM events")?
            .query_row([], |row| row.get(0))?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO events (seq, t_ns, at_ms, epoch, kind, run, asset, partition, attempt, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for draft in drafts {
            seq += 1;
            let row = reading::encode(&draft.event);
            failpoint.pass("event")?;
            insert.execute(params![
                seq,
                draft.t_ns.cast_signed(),
                draft.at_ms.cast_signed(),
                epoch.cast_signed(),
                row.kind,
                draft.event.run(),
                row.asset,
                row.partition,
                row.attempt,
                row.body,
            ])?;
            derive(&transaction, failpoint, seq, &draft.event)?;
        }
    }
    failpoint.pass("before commit")?;
    transaction.commit()?;
    failpoint.pass("after commit")?;
    Ok(())
}

/// The rows that follow from an event.
fn derive(
    connection: &Connection,
    failpoint: &Failpoint,
    seq: i64,
    event: &Event,
) -> Result<(), Refused> {
    match event {
        Event::Materialized(made) => {
            failpoint.pass("newest materialization")?;
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO latest (asset, partition, seq) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![
                    made.asset.as_str(),
                    made.partition.as_deref().unwrap_or_default(),
                    seq
                ])?;
        }
        Event::RunSubmitted(record) => {
            failpoint.pass("run")?;
            connection
                .prepare_cached("INSERT INTO runs (run, first_seq, status) VALUES (?1, ?2, ?3)")?
                .execute(params![record.run, seq, RunStatus::Started.as_str()])?;
        }
        Event::RunEnded { run, status, .. } => {
            failpoint.pass("run")?;
            connection
                .prepare_cached("UPDATE runs SET status = ?2, last_seq = ?3 WHERE run = ?1")?
                .execute(params![run, status.as_str(), seq])?;
        }
        _ => {}
    }
    Ok(())
}

impl Store for SqliteStore {
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
        row.map(|row| self.materialization(row)).transpose()
    }

    fn latest_of(&self, asset: &AssetKey) -> Result<Vec<Arc<Materialization>>, CatalogError> {
        let rows = self.read("read the materializations", |connection| {
            let sql = reading::select("latest l JOIN events e ON e.seq = l.seq", "")
                + " WHERE l.asset = ?1 ORDER BY l.partition";
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([asset.as_str()], StoredEvent::of)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter()
            .map(|row| self.materialization(row))
            .collect()
    }
}
