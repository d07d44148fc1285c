//! Reading what automations left: ticks, orders that are not yet submitted, backfills; and when
//! pieces were last made or seen.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::params;

use super::SqliteStore;
use super::rows::of_pieces;
use crate::catalog::meaning::{Meaning as _, tick};
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::{CatalogError, EndedRun, Left, Pieces, Stamp, Wipe};
use crate::event::{BackfillInfo, EventRecord, RunRecord, RunStatus, Tick};
use crate::key::AssetKey;

impl SqliteStore {
    pub(super) fn newest_ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError> {
        let rows = self.read("read the ticks", |connection| {
            let tables = "automations t JOIN events e ON e.seq = t.seq";
            let sql = reading::select(tables, "") + " ORDER BY t.name";
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], StoredEvent::of)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let ticks = self.all_pointed("automations", rows, tick)?;
        Ok(ticks.into_iter().map(|(_, tick)| tick).collect())
    }

    pub(super) fn left_by_ticks(&self) -> Result<Vec<Left>, CatalogError> {
        self.read("read what the ticks left", |connection| {
            let sql = "SELECT name, cursor, note FROM automations ORDER BY name";
            let mut statement = connection.prepare_cached(sql)?;
            let left = |row: &rusqlite::Row<'_>| {
                Ok(Left {
                    automation: Arc::from(row.get::<_, String>(0)?),
                    cursor: row.get(1)?,
                    note: row.get(2)?,
                })
            };
            statement.query_map([], left)?.collect()
        })
    }

    pub(super) fn ended_after(
        &self,
        states: [RunStatus; 2],
        after: u64,
    ) -> Result<Vec<EndedRun>, CatalogError> {
        type Row = (i64, String, String);
        let rows: Vec<Row> = self.read("read which runs have ended", |connection| {
            // The condition of the index, word for word.
            let sql = "SELECT last_seq, run, status FROM runs
                       WHERE last_seq IS NOT NULL AND status IN (?2, ?3) AND last_seq > ?1
                       ORDER BY last_seq";
            let mut statement = connection.prepare_cached(sql)?;
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let [one, other] = states.map(RunStatus::as_str);
            let asked = params![after.cast_signed(), one, other];
            statement.query_map(asked, row)?.collect()
        })?;
        rows.into_iter().map(|row| self.ended_run(row)).collect()
    }

    pub(super) fn statuses_of(
        &self,
        prefix: &str,
    ) -> Result<Vec<(String, RunStatus)>, CatalogError> {
        let rows: Vec<(String, String)> = self.read("read how runs stand", |connection| {
            // A range of the primary key; the length is compared as `LIKE` would take wildcards.
            let sql = "SELECT run, status FROM runs
                       WHERE run >= ?1 AND substr(run, 1, length(?1)) = ?1 AND run < ?1 || char(1114111)";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })?;
        rows.into_iter().map(|row| self.run_status(row)).collect()
    }

    pub(super) fn cancel_requests_after(
        &self,
        after: u64,
    ) -> Result<Vec<(u64, String)>, CatalogError> {
        self.read("read requests to cancel", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, run FROM events INDEXED BY events_cancel
                 WHERE kind = 'cancel_requested' AND seq > ?1 ORDER BY seq",
            )?;
            let rows = statement.query_map([after.cast_signed()], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
            })?;
            rows.collect()
        })
    }

    pub(super) fn open_orders(&self) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        let (open, rows) = self.read("read the orders", |connection| {
            let mut statement = connection.prepare_cached("SELECT run FROM orders")?;
            let open = statement.query_map([], |row| row.get(0))?;
            let open = open.collect::<rusqlite::Result<HashSet<String>>>()?;
            // A tick asks for many runs at once, and is read once.
            let sql = reading::select("events e", "")
                + " WHERE e.seq IN (SELECT seq FROM orders) ORDER BY e.seq";
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], StoredEvent::of)?;
            Ok((open, rows.collect::<rusqlite::Result<Vec<_>>>()?))
        })?;
        self.orders_among(&open, rows)
    }

    /// The backfills for which something holds, oldest first.
    pub(super) fn backfills_where(
        &self,
        condition: &str,
        value: Option<&str>,
    ) -> Result<Vec<BackfillInfo>, CatalogError> {
        let rows = self.read("read the backfills", |connection| {
            let tables = "backfills t JOIN events e ON e.seq = t.seq";
            let sql = reading::select(tables, ", t.status")
                + &format!(" WHERE {condition} ORDER BY t.seq");
            let mut statement = connection.prepare_cached(&sql)?;
            let status = |row: &rusqlite::Row<'_>| row.get(reading::COLUMNS);
            let rows =
                statement.query_map([value], |row| Ok((StoredEvent::of(row)?, status(row)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter()
            .map(|row| self.backfill_info(row))
            .collect()
    }

    pub(super) fn newest_stamps(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Stamp>, CatalogError> {
        let sql = |piece: &str| {
            format!(
                "SELECT t.partition, t.seq, e.at_ms, 0 FROM latest t
                 JOIN events e ON e.seq = t.seq WHERE t.asset = ?1{piece}
                 UNION ALL
                 SELECT t.partition, t.seq, e.at_ms, 1 FROM observations t
                 JOIN events e ON e.seq = t.seq WHERE t.asset = ?1{piece}"
            )
        };
        let stamp = |row: &rusqlite::Row<'_>| {
            let partition: String = row.get(0)?;
            Ok(Stamp {
                partition: (!partition.is_empty()).then(|| Arc::from(partition)),
                seq: row.get::<_, i64>(1)?.cast_unsigned(),
                at_ms: row.get::<_, i64>(2)?.cast_unsigned(),
                observed: row.get(3)?,
            })
        };
        let mut stamps = self.read("read when an asset was made", |connection| {
            of_pieces(connection, (asset, pieces), sql, stamp)
        })?;
        stamps.sort_by_key(|stamp| stamp.seq);
        Ok(stamps)
    }

    pub(super) fn known_assets(&self) -> Result<Vec<AssetKey>, CatalogError> {
        let keys: Vec<String> = self.read("read which assets there are", |connection| {
            let sql = "SELECT asset FROM latest UNION SELECT asset FROM observations
                       UNION SELECT asset FROM checks ORDER BY 1";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([], |row| row.get(0))?.collect()
        })?;
        keys.iter().map(|key| self.known_asset(key)).collect()
    }

    pub(super) fn made_ever(&self, asset: &AssetKey) -> Result<Vec<EventRecord>, CatalogError> {
        let made = "e.kind = 'materialized' AND e.asset = ?1 ORDER BY e.seq";
        self.events_where(made, [asset.as_str()])
    }

    pub(super) fn keys_of(&self, set: &str) -> Result<Vec<(Arc<str>, u64)>, CatalogError> {
        self.read("read the keys of partitions", |connection| {
            let sql = "SELECT key, seq FROM partitions WHERE name = ?1 ORDER BY seq";
            let mut statement = connection.prepare_cached(sql)?;
            let key = |row: &rusqlite::Row<'_>| {
                let seq = row.get::<_, i64>(1)?.cast_unsigned();
                Ok((Arc::from(row.get::<_, String>(0)?), seq))
            };
            statement.query_map([set], key)?.collect()
        })
    }

    pub(super) fn newest_wipes(&self, asset: &AssetKey) -> Result<Vec<Wipe>, CatalogError> {
        self.read("read when an asset was wiped", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT partition, max(seq) FROM events
                 WHERE kind = 'wiped' AND asset = ?1 GROUP BY partition",
            )?;
            let rows = statement.query_map([asset.as_str()], |row| {
                let partition: Option<String> = row.get(0)?;
                Ok((
                    partition.map(Arc::from),
                    row.get::<_, i64>(1)?.cast_unsigned(),
                ))
            })?;
            rows.collect()
        })
    }
}
