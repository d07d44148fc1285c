//! A catalog in a SQLite file, in WAL mode: one writer, readers beside it.

mod append;
mod automation;
mod open;
mod rows;
#[cfg(test)]
pub(crate) mod steps;
mod verify;
mod wal;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use tempfile::TempDir;

use super::chain::hex;
use super::fence::Refused;
use super::meaning::{Meaning, materialization, observation};
use super::reading::{self, StoredEvent};
use super::{
    Among, CatalogError, Draft, EachVersion, EndedRun, Failpoint, Head, Left, NewestAttempt,
    Pieces, RunInfo, Stamp, Store, Terms, Verified, Version, Wipe,
};
use crate::event::{
    BackfillInfo, CheckResult, Event, EventRecord, Materialization, Observation, RunRecord,
    RunStatus, Tick,
};
use crate::key::AssetKey;
use append::append;

/// One connection to a catalog file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    failpoint: Failpoint,
    /// What was damaged when it was opened to write, and is kept aside.
    warnings: Vec<String>,
    /// Holds what is read instead of the file itself; goes after the connection.
    _copy: Option<TempDir>,
}

impl SqliteStore {
    /// The same, failing where planned.
    pub fn with_failpoint(mut self, failpoint: Failpoint) -> Self {
        self.failpoint = failpoint;
        self
    }

    /// What was damaged when it was opened, and is kept aside.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
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

impl Meaning for SqliteStore {
    fn place(&self) -> &Path {
        &self.path
    }
}

impl Store for SqliteStore {
    fn ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError> {
        self.newest_ticks()
    }

    fn left(&self) -> Result<Vec<Left>, CatalogError> {
        self.left_by_ticks()
    }

    fn ended(&self, states: [RunStatus; 2], after: u64) -> Result<Vec<EndedRun>, CatalogError> {
        self.ended_after(states, after)
    }

    fn cancel_requests(&self, after: u64) -> Result<Vec<(u64, String)>, CatalogError> {
        self.cancel_requests_after(after)
    }

    fn statuses(&self, prefix: &str) -> Result<Vec<(String, RunStatus)>, CatalogError> {
        self.statuses_of(prefix)
    }

    fn orders(&self) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        self.open_orders()
    }

    fn backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        self.backfills_where("?1 IS NULL", None)
    }

    fn open_backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        // The condition of the index, word for word.
        self.backfills_where("t.status = 'started' AND ?1 IS NULL", None)
    }

    fn backfill(&self, id: &str) -> Result<Option<BackfillInfo>, CatalogError> {
        Ok(self.backfills_where("t.id = ?1", Some(id))?.pop())
    }

    fn backfill_status(&self, id: &str) -> Result<Option<RunStatus>, CatalogError> {
        self.status_in("backfill", "SELECT status FROM backfills WHERE id = ?1", id)
    }

    fn stamps(&self, asset: &AssetKey, pieces: Pieces<'_>) -> Result<Vec<Stamp>, CatalogError> {
        self.newest_stamps(asset, pieces)
    }

    fn assets(&self) -> Result<Vec<AssetKey>, CatalogError> {
        self.known_assets()
    }

    fn history(&self, asset: &AssetKey) -> Result<Vec<EventRecord>, CatalogError> {
        self.made_ever(asset)
    }

    fn partitions(&self, set: &str) -> Result<Vec<(Arc<str>, u64)>, CatalogError> {
        self.keys_of(set)
    }

    fn wipes(&self, asset: &AssetKey) -> Result<Vec<Wipe>, CatalogError> {
        self.newest_wipes(asset)
    }

    fn head(&self) -> Result<Head, CatalogError> {
        let (seq, digest) = self.read("read the newest event", |connection| {
            append::epoch_and_newest(connection).map(|(_, newest)| newest)
        })?;
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

    fn commit_on(&mut self, terms: Terms<'_>, drafts: &[Draft]) -> Result<u64, CatalogError> {
        let appended = append(&self.connection, &self.failpoint, terms, drafts);
        appended.map_err(|refused| match refused {
            Refused::Failed(source) => self.failed("commit")(source),
            Refused::Planned(error) => error,
            Refused::Terms(refusal) => refusal.of(&self.path),
        })
    }

    fn runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        self.runs_where("true")
    }

    fn open_runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        self.runs_where("r.last_seq IS NULL")
    }

    fn status(&self, run: &str) -> Result<Option<RunStatus>, CatalogError> {
        self.status_in("run", "SELECT status FROM runs WHERE run = ?1", run)
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

    fn open_events(&self) -> Result<Vec<EventRecord>, CatalogError> {
        self.events_where(
            "e.seq >= (SELECT min(first_seq) FROM runs WHERE last_seq IS NULL)
             AND e.run IN (SELECT run FROM runs WHERE last_seq IS NULL) ORDER BY e.seq",
            [],
        )
    }

    fn newest_attempt(&self, what: &str) -> Result<NewestAttempt, CatalogError> {
        self.read("read the newest attempt", |connection| {
            // The attempt first, so that the place is not before it.
            let attempt = append::newest_attempt(connection, what)?;
            let (epoch, (seq, _)) = append::epoch_and_newest(connection)?;
            Ok(NewestAttempt {
                attempt,
                epoch,
                seq: seq.cast_unsigned(),
            })
        })
    }

    fn events(&self, run: &str, among: Among<'_>) -> Result<Vec<EventRecord>, CatalogError> {
        let condition = format!(
            "e.run = ?1
             AND e.seq >= (SELECT first_seq FROM runs WHERE run = ?1)
             AND e.seq <= coalesce((SELECT last_seq FROM runs WHERE run = ?1), 9223372036854775807)
             {} ORDER BY e.seq",
            among.condition(["?2", "?3"])
        );
        match among {
            Among::All | Among::Unmade => self.events_where(&condition, [run]),
            Among::Piece(asset, partition) => {
                let partition = partition.unwrap_or_default();
                self.events_where(&condition, [run, asset.as_str(), partition])
            }
        }
    }

    fn events_after(&self, seq: u64, at_most: u32) -> Result<Vec<EventRecord>, CatalogError> {
        // Behind more than SQLite can count there is none.
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        self.events_where("e.seq > ?1 ORDER BY e.seq LIMIT ?2", (seq, at_most))
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

    fn latest_of(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Materialization>>, CatalogError> {
        self.newest("latest", "t.partition", (asset, pieces), materialization)
    }

    fn each_version(&self, asset: &AssetKey, call: EachVersion<'_>) -> Result<(), CatalogError> {
        let complete = self.read("read the versions of an asset", |connection| {
            rows::each_version(connection, asset, call)
        })?;
        if !complete {
            // A record that could not be read when the catalog was migrated says why, by name.
            let newest = self.latest_of(asset, Pieces::All)?;
            newest.iter().for_each(|made| call(Version::of(made)));
        }
        Ok(())
    }

    fn observations(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Observation>>, CatalogError> {
        self.newest("observations", "t.partition", (asset, pieces), observation)
    }

    fn first_observations(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Observation>>, CatalogError> {
        // In the place of a derived table: the rows have to have the name that `newest` gives them.
        const FIRSTS: &str = "(SELECT asset, partition, first_seq AS seq FROM observations)";
        self.newest(FIRSTS, "t.partition", (asset, pieces), observation)
    }

    fn has_checks(&self) -> Result<bool, CatalogError> {
        self.read("look for checks", |connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM checks)";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([], |row| row.get(0))
        })
    }

    fn checks(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<(u64, Arc<CheckResult>)>, CatalogError> {
        let check = |event| match event {
            Event::Checked(check) => Some(check),
            _ => None,
        };
        self.newest_recorded("checks", "t.partition, t.name", (asset, pieces), check)
    }
}
