//! Reading what automations left: ticks, orders that are not yet submitted, backfills; and when
//! pieces were last made or seen.

use std::collections::HashSet;
use std::sync::Arc;

use super::SqliteStore;
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::{CatalogError, Stamp, Wipe};
use crate::event::{BackfillInfo, Event, RunRecord, RunStatus, Tick};
use crate::key::AssetKey;

fn tick(event: Event) -> Option<Arc<Tick>> {
    match event {
        Event::Ticked(tick) => Some(tick),
        _ => None,
    }
}

impl SqliteStore {
    /// Rows of a derived table with the event that each points at and one more column.
    fn pointing<T>(
        &self,
        doing: &'static str,
        table: &str,
        column: &str,
        more: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<(StoredEvent, T)>, CatalogError> {
        self.read(doing, |connection| {
            let tables = format!("{table} t JOIN events e ON e.seq = t.seq");
            let sql = reading::select(&tables, &format!(", t.{column}")) + " ORDER BY t.seq";
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], |row| Ok((StoredEvent::of(row)?, more(row)?)))?;
            rows.collect()
        })
    }

    pub(super) fn newest_ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError> {
        let rows = self.pointing("read the ticks", "automations", "seq", |_| Ok(()))?;
        let ticks = rows.into_iter();
        let ticks = ticks.map(|(row, ())| self.pointed("automations", row, tick));
        let mut ticks = ticks.collect::<Result<Vec<_>, _>>()?;
        ticks.sort_by(|a, b| a.automation.cmp(&b.automation));
        Ok(ticks)
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
        let parse = |(run, status): (String, String)| {
            let found = RunStatus::parse(&status);
            let status = found.ok_or_else(|| CatalogError::Corrupt {
                path: self.path.clone(),
                place: format!("run {run}"),
                reason: format!("unknown run status {status:?}"),
            })?;
            Ok((run, status))
        };
        rows.into_iter().map(parse).collect()
    }

    pub(super) fn cancel_requests_after(
        &self,
        after: u64,
    ) -> Result<Vec<(u64, String)>, CatalogError> {
        self.read("read requests to cancel", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, run FROM events WHERE seq > ?1 AND kind = 'cancel_requested'",
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
        let mut orders = Vec::with_capacity(open.len());
        for row in rows {
            let tick = self.pointed("orders", row, tick)?;
            let ordered = tick.orders.iter();
            let ordered = ordered.filter(|order| open.contains(order.run.as_ref()));
            orders.extend(ordered.cloned());
        }
        if orders.len() != open.len() {
            return Err(CatalogError::Corrupt {
                path: self.path.clone(),
                place: "table orders".to_owned(),
                reason: format!("{} runs, ordered by the log: {}", open.len(), orders.len()),
            });
        }
        Ok(orders)
    }

    pub(super) fn all_backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        let rows = self.pointing("read the backfills", "backfills", "status", |row| {
            row.get::<_, String>(reading::COLUMNS)
        })?;
        let info = |(row, status): (StoredEvent, String)| {
            let place = row.seq;
            let status = RunStatus::parse(&status).ok_or_else(|| CatalogError::Corrupt {
                path: self.path.clone(),
                place: format!("event {place}"),
                reason: format!("unknown status of a backfill {status:?}"),
            })?;
            let record = self.pointed("backfills", row, |event| match event {
                Event::BackfillRequested(record) => Some(record),
                _ => None,
            })?;
            Ok(BackfillInfo { record, status })
        };
        rows.into_iter().map(info).collect()
    }

    pub(super) fn newest_stamps(&self, asset: &AssetKey) -> Result<Vec<Stamp>, CatalogError> {
        self.read("read when an asset was made", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT t.partition, t.seq, e.at_ms, 0 FROM latest t
                 JOIN events e ON e.seq = t.seq WHERE t.asset = ?1
                 UNION ALL
                 SELECT t.partition, t.seq, e.at_ms, 1 FROM observations t
                 JOIN events e ON e.seq = t.seq WHERE t.asset = ?1
                 ORDER BY 2",
            )?;
            let rows = statement.query_map([asset.as_str()], |row| {
                let partition: String = row.get(0)?;
                Ok(Stamp {
                    partition: (!partition.is_empty()).then(|| Arc::from(partition)),
                    seq: row.get::<_, i64>(1)?.cast_unsigned(),
                    at_ms: row.get::<_, i64>(2)?.cast_unsigned(),
                    observed: row.get(3)?,
                })
            })?;
            rows.collect()
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
