//! Reading what automations left: ticks, orders that are not yet submitted, backfills; and when
//! pieces were last made or seen.

use std::collections::HashSet;
use std::sync::Arc;

use postgres::Row;

use super::rows::with_status;
use super::{Parameter, PostgresStore, number, text};
use crate::catalog::meaning::{Meaning as _, tick};
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::{CatalogError, EndedRun, Left, Pieces, Stamp, Wipe};
use crate::event::{BackfillInfo, RunRecord, RunStatus, Tick};
use crate::key::AssetKey;

impl PostgresStore {
    pub(super) fn newest_ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError> {
        let tables = "automations t JOIN events e ON e.seq = t.seq";
        let sql = reading::select(tables, "") + " ORDER BY t.name";
        let rows = self.rows("read the ticks", &sql, &[], StoredEvent::of_postgres)?;
        let ticks = self.all_pointed("automations", rows, tick)?;
        Ok(ticks.into_iter().map(|(_, tick)| tick).collect())
    }

    pub(super) fn left_by_ticks(&self) -> Result<Vec<Left>, CatalogError> {
        let left = |row: &Row| {
            Ok(Left {
                automation: Arc::from(row.try_get::<_, String>(0)?),
                cursor: row.try_get(1)?,
                note: row.try_get(2)?,
            })
        };
        let sql = "SELECT name, cursor, note FROM automations ORDER BY name";
        self.rows("read what the ticks left", sql, &[], left)
    }

    pub(super) fn ended_after(
        &self,
        states: [RunStatus; 2],
        after: u64,
    ) -> Result<Vec<EndedRun>, CatalogError> {
        type Ended = (i64, String, String);
        let sql = "SELECT last_seq, run, status FROM runs
                   WHERE last_seq IS NOT NULL AND status IN ($2, $3) AND last_seq > $1
                   ORDER BY last_seq";
        let [one, other] = states.map(RunStatus::as_str);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let asked = [number(&after), text(&one), text(&other)];
        let row = |row: &Row| -> Result<Ended, _> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        };
        let rows = self.rows("read which runs have ended", sql, &asked, row)?;
        rows.into_iter().map(|row| self.ended_run(row)).collect()
    }

    pub(super) fn statuses_of(
        &self,
        prefix: &str,
    ) -> Result<Vec<(String, RunStatus)>, CatalogError> {
        // A range of the primary key, as far as it goes; then what begins so, letter by letter.
        let sql = "SELECT run, status FROM runs WHERE run >= $1 AND starts_with(run, $1)";
        let row =
            |row: &Row| -> Result<(String, String), _> { Ok((row.try_get(0)?, row.try_get(1)?)) };
        let rows = self.rows("read how runs stand", sql, &[text(&prefix)], row)?;
        rows.into_iter().map(|row| self.run_status(row)).collect()
    }

    pub(super) fn cancel_requests_after(
        &self,
        after: u64,
    ) -> Result<Vec<(u64, String)>, CatalogError> {
        let sql =
            "SELECT seq, run FROM events WHERE kind = 'cancel_requested' AND seq > $1 ORDER BY seq";
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.rows("read requests to cancel", sql, &[number(&after)], |row| {
            Ok((row.try_get::<_, i64>(0)?.cast_unsigned(), row.try_get(1)?))
        })
    }

    pub(super) fn open_orders(&self) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        let (open, rows) = self.read("read the orders", |client| {
            // Both of one moment, as others commit meanwhile.
            let mut snapshot = super::verify::snapshot(client)?;
            let open = snapshot.query_typed("SELECT run FROM orders", &[])?;
            let open = open.iter().map(|row| row.try_get(0));
            let open = open.collect::<Result<HashSet<String>, _>>()?;
            // A tick asks for many runs at once, and is read once.
            let sql = reading::select("events e", "")
                + " WHERE e.seq IN (SELECT seq FROM orders) ORDER BY e.seq";
            let rows = snapshot.query_typed(&sql, &[])?;
            let rows = rows.iter().map(StoredEvent::of_postgres);
            Ok((open, rows.collect::<Result<Vec<_>, _>>()?))
        })?;
        self.orders_among(&open, rows)
    }

    /// The backfills for which something holds, oldest first.
    pub(super) fn backfills_where(
        &self,
        condition: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<BackfillInfo>, CatalogError> {
        let tables = "backfills t JOIN events e ON e.seq = t.seq";
        let sql =
            reading::select(tables, ", t.status") + &format!(" WHERE {condition} ORDER BY t.seq");
        let rows = self.rows("read the backfills", &sql, parameters, with_status)?;
        rows.into_iter()
            .map(|row| self.backfill_info(row))
            .collect()
    }

    pub(super) fn newest_stamps(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Stamp>, CatalogError> {
        let sql = |piece: &str, _: &str| {
            format!(
                "SELECT t.partition, t.seq, e.at_ms, false FROM latest t
                 JOIN events e ON e.seq = t.seq{piece}
                 UNION ALL
                 SELECT t.partition, t.seq, e.at_ms, true FROM observations t
                 JOIN events e ON e.seq = t.seq{piece}"
            )
        };
        let stamp = |row: &Row| {
            let partition: String = row.try_get(0)?;
            Ok(Stamp {
                partition: (!partition.is_empty()).then(|| Arc::from(partition)),
                seq: row.try_get::<_, i64>(1)?.cast_unsigned(),
                at_ms: row.try_get::<_, i64>(2)?.cast_unsigned(),
                observed: row.try_get(3)?,
            })
        };
        let doing = "read when an asset was made";
        let mut stamps = self.of_pieces(doing, (asset, pieces), sql, stamp)?;
        stamps.sort_by_key(|stamp| stamp.seq);
        Ok(stamps)
    }

    pub(super) fn known_assets(&self) -> Result<Vec<AssetKey>, CatalogError> {
        let sql = "SELECT asset FROM latest UNION SELECT asset FROM observations
                   UNION SELECT asset FROM checks ORDER BY 1";
        let key = |row: &Row| row.try_get::<_, String>(0);
        let keys = self.rows("read which assets there are", sql, &[], key)?;
        keys.iter().map(|key| self.known_asset(key)).collect()
    }

    pub(super) fn keys_of(&self, set: &str) -> Result<Vec<(Arc<str>, u64)>, CatalogError> {
        let key = |row: &Row| {
            let seq = row.try_get::<_, i64>(1)?.cast_unsigned();
            Ok((Arc::from(row.try_get::<_, String>(0)?), seq))
        };
        let sql = "SELECT key, seq FROM partitions WHERE name = $1 ORDER BY seq, key";
        self.rows("read the keys of partitions", sql, &[text(&set)], key)
    }

    pub(super) fn newest_wipes(&self, asset: &AssetKey) -> Result<Vec<Wipe>, CatalogError> {
        let sql = "SELECT partition, max(seq) FROM events
                   WHERE kind = 'wiped' AND asset = $1 GROUP BY partition ORDER BY partition NULLS FIRST";
        let wipe = |row: &Row| {
            let partition: Option<String> = row.try_get(0)?;
            let seq = row.try_get::<_, i64>(1)?.cast_unsigned();
            Ok((partition.map(Arc::from), seq))
        };
        let doing = "read when an asset was wiped";
        self.rows(doing, sql, &[text(&asset.as_str())], wipe)
    }
}
