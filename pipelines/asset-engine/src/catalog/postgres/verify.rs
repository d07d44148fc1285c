//! A look at every record of a catalog in PostgreSQL: the chain of digests, what the records say, and whether
//! the derived tables and the head follow from them.

use postgres::fallible_iterator::FallibleIterator as _;
use postgres::{Client, IsolationLevel, Transaction};

use super::PostgresStore;
use super::connection::Again;
use crate::catalog::meaning::{Meaning as _, missing};
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::walk::Walk;
use crate::catalog::{CatalogError, Head, Verified};

/// The derived tables: each row's key and value as text, as [`Walk`] has them.
const TABLES: [(&str, &str); 8] = [
    (
        "automations",
        "SELECT name, seq || ' ' || coalesce('''' || replace(cursor, '''', '''''') || '''', 'NULL')
         || ' ' || coalesce('''' || replace(note, '''', '''''') || '''', 'NULL') FROM automations",
    ),
    ("orders", "SELECT run, seq::text FROM orders"),
    (
        "backfills",
        "SELECT id, seq || ' ' || status FROM backfills",
    ),
    (
        "latest",
        "SELECT asset || ' ' || partition, seq || ' ' || code || ' ' || piece || ' ' || inputs FROM latest",
    ),
    (
        "observations",
        "SELECT asset || ' ' || partition, seq || ' ' || first_seq FROM observations",
    ),
    (
        "checks",
        "SELECT asset || ' ' || partition || ' ' || name, seq::text FROM checks",
    ),
    (
        "partitions",
        "SELECT name || ' ' || key, seq::text FROM partitions",
    ),
    (
        "runs",
        "SELECT run, first_seq || ' ' || coalesce(last_seq::text, 'open') || ' ' || status FROM runs",
    ),
];

/// A transaction that sees one moment, and changes nothing.
pub(super) fn snapshot(client: &mut Client) -> Result<Transaction<'_>, postgres::Error> {
    client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
}

impl PostgresStore {
    pub(super) fn verify_all(&self, noted: Option<&Head>) -> Result<Verified, CatalogError> {
        let of_session = |client: &mut Client| {
            let verified = self.verify_on(client, noted);
            verified.map_err(Again::IfGone)
        };
        self.connection.attempt(of_session)
    }

    fn verify_on(
        &self,
        client: &mut Client,
        noted: Option<&Head>,
    ) -> Result<Verified, CatalogError> {
        let reading = "begin a reading transaction";
        let mut snapshot = snapshot(client).map_err(self.failed(reading))?;
        let mut walk = Walk::default();
        self.walk(&mut snapshot, noted, &mut walk)?;
        self.check_head(&mut snapshot, &walk)?;
        for (table, sql) in TABLES {
            self.check_derived(&mut snapshot, table, sql, &mut walk)?;
        }
        self.check_rest(&walk)?;
        Ok(Verified {
            missing: missing(noted, &walk),
            damaged: Vec::new(),
            head: walk.head(),
        })
    }

    /// Follows the chain from the first record to the last, a row at a time.
    fn walk(
        &self,
        snapshot: &mut Transaction<'_>,
        noted: Option<&Head>,
        walk: &mut Walk,
    ) -> Result<(), CatalogError> {
        let sql = reading::select("events e", ", e.digest") + " ORDER BY e.seq";
        let none: [super::Parameter<'_>; 0] = [];
        let mut rows = snapshot
            .query_typed_raw(&sql, none)
            .map_err(self.failed("read the events"))?;
        loop {
            let place = format!("event {}", walk.seq + 1);
            let unreadable =
                |source: postgres::Error| self.corrupt(place.as_str(), source.to_string());
            let next = rows.next().map_err(|error| match error.code() {
                // What the server itself finds damaged.
                Some(state) if state.code().starts_with("XX") => unreadable(error),
                _ => self.failed("read the events")(error),
            });
            let Some(row) = next? else {
                return Ok(());
            };
            let stored = StoredEvent::of_postgres(&row).map_err(unreadable)?;
            let digest: &[u8] = row.try_get(reading::COLUMNS).map_err(unreadable)?;
            walk.take(stored, digest, noted)
                .map_err(|reason| self.corrupt(place.as_str(), reason))?;
        }
    }

    /// The head is the newest event's, and its epoch no older than any event's.
    fn check_head(&self, snapshot: &mut Transaction<'_>, walk: &Walk) -> Result<(), CatalogError> {
        let sql = "SELECT epoch, seq, digest FROM head";
        let head = snapshot.query_one(sql, &[]);
        let head = head.map_err(self.failed("read the head"))?;
        let reading = |source: postgres::Error| self.corrupt("table head", source.to_string());
        let epoch: i64 = head.try_get(0).map_err(reading)?;
        if epoch < walk.epoch {
            let newest = walk.epoch;
            let reason = format!("{epoch}, expected at least {newest}, that of the newest event");
            return Err(self.corrupt("epoch", reason));
        }
        let found = Head {
            seq: head.try_get::<_, i64>(1).map_err(reading)?.cast_unsigned(),
            digest: crate::catalog::chain::hex(head.try_get(2).map_err(reading)?),
        };
        if found != walk.head() {
            let (found, newest) = (found, walk.head());
            let reason = format!(
                "event {} of digest {}, expected by the log: event {} of digest {}",
                found.seq, found.digest, newest.seq, newest.digest
            );
            return Err(self.corrupt("table head", reason));
        }
        Ok(())
    }

    /// Takes the rows of a derived table off what is expected of it.
    fn check_derived(
        &self,
        snapshot: &mut Transaction<'_>,
        table: &'static str,
        sql: &str,
        walk: &mut Walk,
    ) -> Result<(), CatalogError> {
        let rows = snapshot.query(sql, &[]);
        for row in rows.map_err(self.failed("read a derived table"))? {
            let unreadable = |source: postgres::Error| {
                self.corrupt(format!("table {table}"), source.to_string())
            };
            let key: String = row.try_get(0).map_err(unreadable)?;
            let value: String = row.try_get(1).map_err(unreadable)?;
            self.check_row(table, key, &value, walk)?;
        }
        Ok(())
    }
}
