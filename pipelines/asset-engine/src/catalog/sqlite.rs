//! A catalog in a SQLite file, in WAL mode: one writer, readers beside it.

mod append;
mod automation;
mod rows;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};

use super::chain::hex;
use super::reading::{self, StoredEvent};
use super::schema::{self, APPLICATION_ID, Found, SCHEMA_VERSION};
use super::{
    CatalogError, Draft, Durability, EachVersion, Failpoint, Head, RunInfo, Stamp, Store, Verified,
    Version,
};
use crate::event::{
    BackfillInfo, CheckResult, Event, EventRecord, Materialization, Observation, RunRecord,
    RunStatus, Tick,
};
use crate::key::AssetKey;
use append::{Refused, append};
use rows::{materialization, observation};

/// How long a statement waits for another process's write lock. Only opening and a fenced-off
/// executor ever meet one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one that opens a new catalog waits for another that does.
const WAL_PAUSE: Duration = Duration::from_millis(2);

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
            .and_then(|()| write_ahead(&connection))
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

/// Raises the epoch by one. In a transaction, since a statement that commits by itself tells nobody
/// when that fails after it has given its row, as on a full disk.
fn raise_epoch(connection: &mut Connection) -> rusqlite::Result<i64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let epoch = transaction.query_row(
        "UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value",
        [],
        |row| row.get(0),
    )?;
    transaction.commit()?;
    Ok(epoch)
}

impl Store for SqliteStore {
    fn ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError> {
        self.newest_ticks()
    }

    fn statuses(&self, prefix: &str) -> Result<Vec<(String, RunStatus)>, CatalogError> {
        self.statuses_of(prefix)
    }

    fn orders(&self) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        self.open_orders()
    }

    fn backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        self.all_backfills()
    }

    fn stamps(&self, asset: &AssetKey) -> Result<Vec<Stamp>, CatalogError> {
        self.newest_stamps(asset)
    }

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
        let epoch = raise_epoch(&mut self.connection).map_err(self.failed("raise the epoch"))?;
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

    fn each_version(&self, asset: &AssetKey, call: EachVersion<'_>) -> Result<(), CatalogError> {
        let complete = self.read("read the versions of an asset", |connection| {
            rows::each_version(connection, asset, call)
        })?;
        if !complete {
            // A record that could not be read when the catalog was migrated says why, by name.
            let newest = self.latest_of(asset)?;
            newest.iter().for_each(|made| call(Version::of(made)));
        }
        Ok(())
    }

    fn observations(&self, asset: &AssetKey) -> Result<Vec<Arc<Observation>>, CatalogError> {
        self.newest("observations", "t.partition", asset, observation)
    }

    fn first_observations(&self, asset: &AssetKey) -> Result<Vec<Arc<Observation>>, CatalogError> {
        // In the place of a derived table: the rows have to have the name that `newest` gives them.
        const FIRSTS: &str = "(SELECT asset, partition, min(seq) AS seq FROM events \
                              WHERE kind = 'observed' GROUP BY asset, partition)";
        self.newest(FIRSTS, "t.partition", asset, observation)
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
