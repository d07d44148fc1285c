//! A catalog in a schema of a PostgreSQL database: any number of processes write, and readers wait for none.
//!
//! The tables are those of a file ([`super::sqlite`]), in a schema of their own. One row, `head`, has the epoch, and the place and the digest of the newest event. A commit locks it
//! first, so that commits come one after the other: the log has no gaps, its order is that of the commits, and a
//! cursor behind an event never misses one. What a commit holds up is other commits, for one or two round trips an
//! event and a flush; what a reader sees is the last one that is whole.

mod append;
mod automation;
mod connection;
mod open;
mod owner;
mod rows;
mod schema;
mod verify;

use std::path::Path;
use std::sync::Arc;

use postgres::types::{ToSql, Type};
use postgres::{Client, Row};

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
use connection::{Again, Connection};

pub(crate) use owner::PostgresOwner;

/// A catalog in a database.
pub(crate) struct PostgresStore {
    connection: Connection,
    failpoint: Failpoint,
}

/// A value of a query, with its type: such a query needs no round trip to be prepared.
type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

fn text<'a>(value: &'a &'a str) -> Parameter<'a> {
    (value, Type::TEXT)
}

fn number(value: &i64) -> Parameter<'_> {
    (value, Type::INT8)
}

impl PostgresStore {
    /// The same, failing where planned.
    #[cfg(test)]
    pub fn with_failpoint(mut self, failpoint: Failpoint) -> Self {
        self.failpoint = failpoint;
        self
    }

    /// Says where the data is that the catalog is about, for all who use it from now on.
    ///
    /// # Errors
    /// [`CatalogError::Home`] where somebody has said otherwise.
    pub fn settle(&self, home: &str) -> Result<(), CatalogError> {
        let sql = "UPDATE head SET home = coalesce(home, $1) RETURNING home";
        let found: Vec<String> =
            self.rows("say where the data is", sql, &[text(&home)], |row| {
                row.try_get(0)
            })?;
        match found.first().filter(|found| *found != home) {
            None => Ok(()),
            Some(found) => Err(CatalogError::Home {
                path: self.connection.place().to_owned(),
                own: home.to_owned(),
                found: found.clone(),
            }),
        }
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(postgres::Error) -> CatalogError {
        self.connection.failed(doing)
    }

    /// Reads, twice where the session turns out to be gone.
    fn read<T>(
        &self,
        doing: &'static str,
        mut read: impl FnMut(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, CatalogError> {
        self.connection.attempt(|client| {
            let read = read(client);
            read.map_err(|error| Again::IfGone(self.failed(doing)(error)))
        })
    }

    /// The rows of a query, each as what it stands for.
    fn rows<T>(
        &self,
        doing: &'static str,
        sql: &str,
        parameters: &[Parameter<'_>],
        row: impl Fn(&Row) -> Result<T, postgres::Error>,
    ) -> Result<Vec<T>, CatalogError> {
        self.read(doing, |client| {
            let rows = client.query_typed(sql, parameters)?;
            rows.iter().map(&row).collect()
        })
    }
}

impl Meaning for PostgresStore {
    fn place(&self) -> &Path {
        self.connection.place()
    }
}

impl Store for PostgresStore {
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
        self.backfills_where("true", &[])
    }

    fn open_backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        self.backfills_where("t.status = 'started'", &[])
    }

    fn backfill(&self, id: &str) -> Result<Option<BackfillInfo>, CatalogError> {
        Ok(self.backfills_where("t.id = $1", &[text(&id)])?.pop())
    }

    fn backfill_status(&self, id: &str) -> Result<Option<RunStatus>, CatalogError> {
        self.status_in("backfill", "SELECT status FROM backfills WHERE id = $1", id)
    }

    fn stamps(&self, asset: &AssetKey, pieces: Pieces<'_>) -> Result<Vec<Stamp>, CatalogError> {
        self.newest_stamps(asset, pieces)
    }

    fn assets(&self) -> Result<Vec<AssetKey>, CatalogError> {
        self.known_assets()
    }

    fn history(&self, asset: &AssetKey) -> Result<Vec<EventRecord>, CatalogError> {
        let made = "e.kind = 'materialized' AND e.asset = $1 ORDER BY e.seq";
        self.events_where(made, &[text(&asset.as_str())])
    }

    fn partitions(&self, set: &str) -> Result<Vec<(Arc<str>, u64)>, CatalogError> {
        self.keys_of(set)
    }

    fn wipes(&self, asset: &AssetKey) -> Result<Vec<Wipe>, CatalogError> {
        self.newest_wipes(asset)
    }

    fn head(&self) -> Result<Head, CatalogError> {
        let row = |row: &Row| -> Result<(i64, Vec<u8>), postgres::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?))
        };
        let sql = "SELECT seq, digest FROM head";
        let head = self.rows("read the newest event", sql, &[], row)?.pop();
        let (seq, digest) = head.ok_or_else(|| self.corrupt("table head", "has no row"))?;
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
        let sql = "UPDATE head SET epoch = epoch + 1 RETURNING epoch";
        let epoch = |row: &Row| row.try_get::<_, i64>(0);
        let epoch = self.rows("raise the epoch", sql, &[], epoch)?.pop();
        let epoch = epoch.ok_or_else(|| self.corrupt("table head", "has no row"))?;
        Ok(epoch.cast_unsigned())
    }

    fn commit_on(&mut self, terms: Terms<'_>, drafts: &[Draft]) -> Result<u64, CatalogError> {
        self.connection.attempt(|client| {
            let refused = |refused| match refused {
                Refused::Failed(error) => self.failed("commit")(error),
                Refused::Planned(error) => error,
                Refused::Terms(refusal) => refusal.of(self.connection.place()),
            };
            let appended = client.transaction().map_err(Refused::Failed);
            let appended = appended
                .and_then(|transaction| append(transaction, &self.failpoint, terms, drafts));
            let (transaction, newest) = appended.map_err(|error| Again::IfGone(refused(error)))?;
            // From here on nobody knows whether it has come about, should the answer be lost.
            let committed = transaction.commit().map_err(Refused::Failed);
            let committed = committed.and_then(|()| Ok(self.failpoint.pass("after commit")?));
            committed.map_err(|error| Again::No(refused(error)))?;
            Ok(newest)
        })
    }

    fn runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        self.runs_where("true", &[])
    }

    fn open_runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        self.runs_where("r.last_seq IS NULL", &[])
    }

    fn status(&self, run: &str) -> Result<Option<RunStatus>, CatalogError> {
        self.status_in("run", "SELECT status FROM runs WHERE run = $1", run)
    }

    fn run(&self, run: &str) -> Result<Option<RunInfo>, CatalogError> {
        Ok(self.runs_where("r.run = $1", &[text(&run)])?.pop())
    }

    fn open_events(&self) -> Result<Vec<EventRecord>, CatalogError> {
        self.events_where(
            "e.seq >= (SELECT min(first_seq) FROM runs WHERE last_seq IS NULL)
             AND e.run IN (SELECT run FROM runs WHERE last_seq IS NULL) ORDER BY e.seq",
            &[],
        )
    }

    fn newest_attempt(&self, what: &str) -> Result<NewestAttempt, CatalogError> {
        let sql = "SELECT (SELECT max(attempt) FROM fences WHERE what = $1), epoch, seq FROM head";
        let newest = |row: &Row| {
            Ok(NewestAttempt {
                attempt: append::attempt_of(row)?,
                epoch: row.try_get::<_, i64>(1)?.cast_unsigned(),
                seq: row.try_get::<_, i64>(2)?.cast_unsigned(),
            })
        };
        let found = self.rows("read the newest attempt", sql, &[text(&what)], newest)?;
        Ok(found.first().copied().unwrap_or_default())
    }

    fn events(&self, run: &str, among: Among<'_>) -> Result<Vec<EventRecord>, CatalogError> {
        let condition = format!(
            "e.run = $1
             AND e.seq >= (SELECT first_seq FROM runs WHERE run = $1)
             AND e.seq <= coalesce((SELECT last_seq FROM runs WHERE run = $1), 9223372036854775807)
             {} ORDER BY e.seq",
            among.condition(["$2", "$3"])
        );
        match among {
            Among::All | Among::Unmade => self.events_where(&condition, &[text(&run)]),
            Among::Piece(asset, partition) => {
                let (asset, partition) = (asset.as_str(), partition.unwrap_or_default());
                let parameters = [text(&run), text(&asset), text(&partition)];
                self.events_where(&condition, &parameters)
            }
        }
    }

    fn events_after(&self, seq: u64, at_most: u32) -> Result<Vec<EventRecord>, CatalogError> {
        // Behind more than can be counted there is none.
        let (seq, at_most) = (i64::try_from(seq).unwrap_or(i64::MAX), i64::from(at_most));
        let behind = "e.seq > $1 ORDER BY e.seq LIMIT $2";
        self.events_where(behind, &[number(&seq), number(&at_most)])
    }

    fn latest(
        &self,
        asset: &AssetKey,
        partition: Option<&str>,
    ) -> Result<Option<Arc<Materialization>>, CatalogError> {
        let sql = reading::select("latest l JOIN events e ON e.seq = l.seq", "")
            + " WHERE l.asset = $1 AND l.partition = $2";
        let (asset, partition) = (asset.as_str(), partition.unwrap_or_default());
        let of_piece = [text(&asset), text(&partition)];
        let doing = "read a materialization";
        let row = self
            .rows(doing, &sql, &of_piece, StoredEvent::of_postgres)?
            .pop();
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
        let asset = asset.as_str();
        self.read("read the versions of an asset", |client| {
            let sql = "SELECT partition, code, piece, inputs FROM latest WHERE asset = $1 ORDER BY partition";
            for row in client.query_typed(sql, &[text(&asset)])? {
                let partition: &str = row.try_get(0)?;
                call(Version {
                    partition: Some(partition).filter(|partition| !partition.is_empty()),
                    code_version: row.try_get(1)?,
                    piece: row.try_get::<_, i64>(2)?.cast_unsigned(),
                    inputs: row.try_get::<_, i64>(3)?.cast_unsigned(),
                });
            }
            Ok(())
        })
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
        let sql = "SELECT EXISTS (SELECT 1 FROM checks)";
        let found: Vec<bool> = self.rows("look for checks", sql, &[], |row| row.try_get(0))?;
        Ok(found == [true])
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
