//! Reading what automations left: ticks, orders that are not yet submitted, backfills; and when
//! pieces were last made or seen.

use std::sync::Arc;

use super::SqliteStore;
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::{CatalogError, Stamp};
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
        self.pointing("read the ticks", "automations", "seq", |_| Ok(()))?
            .into_iter()
            .map(|(row, ())| self.pointed("automations", row, tick))
            .collect()
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
        let rows = self.pointing("read the orders", "orders", "run", |row| {
            row.get::<_, String>(reading::COLUMNS)
        })?;
        let order = |(row, run): (StoredEvent, String)| {
            self.pointed("orders", row, |event| {
                let ordered = |order: &&Arc<RunRecord>| order.run.as_ref() == run;
                tick(event)?.orders.iter().find(ordered).cloned()
            })
        };
        rows.into_iter().map(order).collect()
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
                "SELECT t.partition, t.seq, e.at_ms FROM latest t JOIN events e ON e.seq = t.seq
                 WHERE t.asset = ?1
                 UNION ALL
                 SELECT t.partition, t.seq, e.at_ms FROM observations t JOIN events e ON e.seq = t.seq
                 WHERE t.asset = ?1
                 ORDER BY 2",
            )?;
            let rows = statement.query_map([asset.as_str()], |row| {
                let partition: String = row.get(0)?;
                Ok(Stamp {
                    partition: (!partition.is_empty()).then(|| Arc::from(partition)),
                    seq: row.get::<_, i64>(1)?.cast_unsigned(),
                    at_ms: row.get::<_, i64>(2)?.cast_unsigned(),
                })
            })?;
            rows.collect()
        })
    }
}
