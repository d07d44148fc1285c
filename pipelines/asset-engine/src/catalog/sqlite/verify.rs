//! A look at every record of a catalog file: the database's own structure, the chain of digests,
//! what the records say, and whether the derived tables follow from them; and at what lies beside
//! the file and does not count, as it is damaged.

use rusqlite::Connection;

use super::{SqliteStore, wal};
use crate::catalog::meaning::{Meaning as _, missing};
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::walk::Walk;
use crate::catalog::{CatalogError, Head, StartLog, Verified, schema};

/// The derived tables: each row's key and value as text. (Joined, a blob would pass for the text of
/// the same bytes, under which no look-up finds it.)
const TABLES: [(&str, &str); 8] = [
    (
        "automations",
        "SELECT name, seq || ' ' || quote(cursor) || ' ' || quote(note) FROM automations",
    ),
    ("orders", "SELECT run, seq FROM orders"),
    (
        "backfills",
        "SELECT id, seq || ' ' || status FROM backfills",
    ),
    (
        "latest",
        "SELECT iif(typeof(asset) || typeof(partition) = 'texttext', asset || ' ' || partition, 'no text'), seq || ' ' || code || ' ' || piece || ' ' || inputs FROM latest",
    ),
    (
        "observations",
        "SELECT iif(typeof(asset) || typeof(partition) = 'texttext', asset || ' ' || partition, 'no text'), seq || ' ' || first_seq FROM observations",
    ),
    (
        "checks",
        "SELECT iif(typeof(asset) || typeof(partition) || typeof(name) = 'texttexttext', asset || ' ' || partition || ' ' || name, 'no text'), seq FROM checks",
    ),
    (
        "partitions",
        "SELECT iif(typeof(name) || typeof(key) = 'texttext', name || ' ' || key, 'no text'), seq FROM partitions",
    ),
    (
        "runs",
        "SELECT run, first_seq || ' ' || coalesce(last_seq, 'open') || ' ' || status FROM runs",
    ),
];

impl SqliteStore {
    pub(super) fn verify_all(&self, noted: Option<&Head>) -> Result<Verified, CatalogError> {
        // One transaction, so that a run under way is seen as of one commit.
        let snapshot = self
            .connection
            .unchecked_transaction()
            .map_err(self.failed("begin a reading transaction"))?;
        self.check_structure(&snapshot)?;
        let mut walk = Walk::default();
        self.walk(&snapshot, noted, &mut walk)?;
        self.check_epoch(&snapshot, walk.epoch)?;
        for (table, sql) in TABLES {
            self.check_derived(&snapshot, table, sql, &mut walk)?;
        }
        self.check_rest(&walk)?;
        Ok(Verified {
            missing: missing(noted, &walk),
            damaged: self.damaged_beside()?,
            head: walk.head(),
        })
    }

    /// What is damaged in the files beside the database.
    fn damaged_beside(&self) -> Result<Vec<String>, CatalogError> {
        let failed = |source| CatalogError::Io {
            path: self.path.clone(),
            doing: "look at the write-ahead log",
            source,
        };
        let beyond = wal::beyond(&self.path).map_err(failed)?;
        let beyond = beyond.map(|beyond| beyond.to_string());
        Ok(beyond
            .into_iter()
            .chain(StartLog::damaged(&self.path)?)
            .collect())
    }

    fn check_structure(&self, connection: &Connection) -> Result<(), CatalogError> {
        let word: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(self.failed("check the structure"))?;
        if word != "ok" {
            return Err(self.corrupt("database", word));
        }
        let unexpected = schema::unexpected(connection).map_err(self.failed("read the schema"))?;
        unexpected.map_or(Ok(()), |found| Err(self.corrupt("schema", found)))
    }

    /// Follows the chain from the first record to the last.
    fn walk(
        &self,
        connection: &Connection,
        noted: Option<&Head>,
        walk: &mut Walk,
    ) -> Result<(), CatalogError> {
        let sql = reading::select("events e", ", e.digest") + " ORDER BY e.seq";
        let reading = |source| self.failed("read the events")(source);
        let mut statement = connection.prepare(&sql).map_err(reading)?;
        let mut rows = statement.query([]).map_err(reading)?;
        loop {
            let place = format!("event {}", walk.seq + 1);
            // A column of another type than it was written with is a flipped record, too.
            let unreadable =
                |source: rusqlite::Error| self.corrupt(place.as_str(), source.to_string());
            let Some(row) = rows.next().map_err(unreadable)? else {
                return Ok(());
            };
            let stored = StoredEvent::of(row).map_err(unreadable)?;
            let digest: Vec<u8> = row.get(reading::COLUMNS).map_err(unreadable)?;
            walk.take(stored, &digest, noted)
                .map_err(|reason| self.corrupt(place.as_str(), reason))?;
        }
    }

    fn check_epoch(&self, connection: &Connection, newest: i64) -> Result<(), CatalogError> {
        let epoch: i64 = connection
            .query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| {
                row.get(0)
            })
            .map_err(self.failed("read the epoch"))?;
        if epoch < newest {
            let reason = format!("{epoch}, expected at least {newest}, that of the newest event");
            return Err(self.corrupt("epoch", reason));
        }
        Ok(())
    }

    /// Takes the rows of a derived table off what is expected of it.
    fn check_derived(
        &self,
        connection: &Connection,
        table: &'static str,
        sql: &str,
        walk: &mut Walk,
    ) -> Result<(), CatalogError> {
        let reading = |source| self.failed("read a derived table")(source);
        let mut statement = connection.prepare(sql).map_err(reading)?;
        let mut rows = statement.query([]).map_err(reading)?;
        while let Some(row) = rows.next().map_err(reading)? {
            let unreadable = |source: rusqlite::Error| {
                self.corrupt(format!("table {table}"), source.to_string())
            };
            let key: String = row.get(0).map_err(unreadable)?;
            let value = match row.get_ref(1).map_err(unreadable)? {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                other => other
                    .as_str()
                    .map_err(|error| unreadable(error.into()))?
                    .to_owned(),
            };
            self.check_row(table, key, &value, walk)?;
        }
        Ok(())
    }
}
