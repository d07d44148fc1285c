//! Rows as what they stand for.

use std::sync::Arc;

use rusqlite::Connection;

use super::SqliteStore;
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::{CatalogError, EachVersion, RunInfo, Version};
use crate::event::{Event, EventRecord, Materialization, Observation, RunStatus};
use crate::key::AssetKey;

impl SqliteStore {
    pub(super) fn decode(&self, stored: StoredEvent) -> Result<EventRecord, CatalogError> {
        let seq = stored.seq;
        reading::decode(stored).map_err(|reason| CatalogError::Corrupt {
            path: self.path.clone(),
            place: format!("event {seq}"),
            reason,
        })
    }

    /// The event that a derived table points at, if it is of the kind that the table is about.
    pub(super) fn pointed<T>(
        &self,
        table: &str,
        stored: StoredEvent,
        of_kind: impl FnOnce(Event) -> Option<T>,
    ) -> Result<T, CatalogError> {
        let seq = stored.seq;
        of_kind(self.decode(stored)?.event).ok_or_else(|| CatalogError::Corrupt {
            path: self.path.clone(),
            place: format!("event {seq}"),
            reason: format!("the table {table} points at an event of another kind"),
        })
    }

    /// Every event that the rows of an asset in a derived table point at.
    pub(super) fn newest<T>(
        &self,
        table: &'static str,
        order: &str,
        asset: &AssetKey,
        of_kind: fn(Event) -> Option<T>,
    ) -> Result<Vec<T>, CatalogError> {
        let newest = self.newest_recorded(table, order, asset, of_kind)?;
        Ok(newest.into_iter().map(|(_, event)| event).collect())
    }

    /// The same, each with its place in the log.
    pub(super) fn newest_recorded<T>(
        &self,
        table: &'static str,
        order: &str,
        asset: &AssetKey,
        of_kind: fn(Event) -> Option<T>,
    ) -> Result<Vec<(u64, T)>, CatalogError> {
        let rows = self.read("read the newest events of an asset", |connection| {
            let sql = reading::select(&format!("{table} t JOIN events e ON e.seq = t.seq"), "")
                + " WHERE t.asset = ?1 ORDER BY "
                + order;
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([asset.as_str()], StoredEvent::of)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let pointed = |row: StoredEvent| {
            let seq = row.seq.cast_unsigned();
            Ok((seq, self.pointed(table, row, of_kind)?))
        };
        rows.into_iter().map(pointed).collect()
    }

    pub(super) fn run_info(
        &self,
        (stored, status): (StoredEvent, String),
    ) -> Result<RunInfo, CatalogError> {
        let status = RunStatus::parse(&status).ok_or_else(|| CatalogError::Corrupt {
            path: self.path.clone(),
            place: format!("event {}", stored.seq),
            reason: format!("unknown run status {status:?}"),
        })?;
        let record = self.pointed("runs", stored, |event| match event {
            Event::RunSubmitted(record) => Some(record),
            _ => None,
        })?;
        Ok(RunInfo { record, status })
    }
}

pub(super) fn materialization(event: Event) -> Option<Arc<Materialization>> {
    match event {
        Event::Materialized(made) => Some(made),
        _ => None,
    }
}

pub(super) fn observation(event: Event) -> Option<Arc<Observation>> {
    match event {
        Event::Observed(seen) => Some(seen),
        _ => None,
    }
}

/// Calls for the newest version of each piece of an asset, by partition key; or for none, and says
/// so, when one of them is not known.
pub(super) fn each_version(
    connection: &Connection,
    asset: &AssetKey,
    call: EachVersion<'_>,
) -> rusqlite::Result<bool> {
    let unknown: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM latest WHERE asset = ?1 AND piece IS NULL)")?
        .query_row([asset.as_str()], |row| row.get(0))?;
    if unknown {
        return Ok(false);
    }
    let mut statement = connection.prepare_cached(
        "SELECT partition, code, piece, inputs FROM latest WHERE asset = ?1 ORDER BY partition",
    )?;
    let mut rows = statement.query([asset.as_str()])?;
    while let Some(row) = rows.next()? {
        let partition = row.get_ref(0)?.as_str()?;
        call(Version {
            partition: Some(partition).filter(|partition| !partition.is_empty()),
            code_version: row.get_ref(1)?.as_str()?,
            piece: row.get::<_, i64>(2)?.cast_unsigned(),
            inputs: row.get::<_, i64>(3)?.cast_unsigned(),
        });
    }
    Ok(true)
}
