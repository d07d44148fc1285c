//! Rows as what they stand for.

use rusqlite::{Connection, OptionalExtension, Params};

use super::SqliteStore;
use crate::catalog::meaning::Meaning as _;
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::{CatalogError, EachVersion, Pieces, RunInfo, Version};
use crate::event::{Event, EventRecord, RunStatus};
use crate::key::AssetKey;

impl SqliteStore {
    /// The events that a condition is about, in the order that it says.
    pub(super) fn events_where(
        &self,
        condition: &str,
        parameters: impl Params,
    ) -> Result<Vec<EventRecord>, CatalogError> {
        let rows = self.read("read the events", |connection| {
            let sql = format!("{} WHERE {condition}", reading::select("events e", ""));
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(parameters, StoredEvent::of)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter().map(|row| self.decode(row)).collect()
    }

    /// The events that the rows of some pieces of an asset in a derived table point at.
    pub(super) fn newest<T>(
        &self,
        table: &'static str,
        order: &str,
        pieces: (&AssetKey, Pieces<'_>),
        of_kind: fn(Event) -> Option<T>,
    ) -> Result<Vec<T>, CatalogError> {
        let newest = self.newest_recorded(table, order, pieces, of_kind)?;
        Ok(newest.into_iter().map(|(_, event)| event).collect())
    }

    /// The same, each with its place in the log.
    pub(super) fn newest_recorded<T>(
        &self,
        table: &'static str,
        order: &str,
        (asset, pieces): (&AssetKey, Pieces<'_>),
        of_kind: fn(Event) -> Option<T>,
    ) -> Result<Vec<(u64, T)>, CatalogError> {
        let rows = self.read("read the newest events of an asset", |connection| {
            let select = reading::select(&format!("{table} t JOIN events e ON e.seq = t.seq"), "");
            let sql = |piece: &str| format!("{select} WHERE t.asset = ?1{piece} ORDER BY {order}");
            of_pieces(connection, (asset, pieces), sql, StoredEvent::of)
        })?;
        self.all_pointed(table, rows, of_kind)
    }

    /// The runs for which something holds, in the order of submission.
    pub(super) fn runs_where(&self, condition: &str) -> Result<Vec<RunInfo>, CatalogError> {
        let rows = self.read("read the runs", |connection| {
            let sql = reading::select("runs r JOIN events e ON e.seq = r.first_seq", ", r.status")
                + &format!(" WHERE {condition} ORDER BY r.first_seq");
            let mut statement = connection.prepare_cached(&sql)?;
            let status = |row: &rusqlite::Row<'_>| row.get(reading::COLUMNS);
            let rows = statement.query_map([], |row| Ok((StoredEvent::of(row)?, status(row)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter().map(|row| self.run_info(row)).collect()
    }

    /// The status of a name in a derived table, if that has it.
    pub(super) fn status_in(
        &self,
        what: &str,
        sql: &str,
        name: &str,
    ) -> Result<Option<RunStatus>, CatalogError> {
        let status: Option<String> = self.read("read a status", |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([name], |row| row.get(0)).optional()
        })?;
        let parse = |status: String| self.parsed(&status, || format!("{what} {name}"));
        status.map(parse).transpose()
    }
}

/// Rows of some pieces of an asset, by a query that is told how one piece is told from the others:
/// one pass for all of them, else one look-up for each.
pub(super) fn of_pieces<T>(
    connection: &Connection,
    (asset, pieces): (&AssetKey, Pieces<'_>),
    sql: impl Fn(&str) -> String,
    row: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let keys = match pieces {
        Pieces::All => {
            let mut statement = connection.prepare_cached(&sql(""))?;
            return statement.query_map([asset.as_str()], row)?.collect();
        }
        Pieces::These(keys) => keys,
    };
    let mut statement = connection.prepare_cached(&sql(" AND t.partition = ?2"))?;
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let of_piece = [asset.as_str(), key.as_deref().unwrap_or_default()];
        for one in statement.query_map(of_piece, &row)? {
            rows.push(one?);
        }
    }
    Ok(rows)
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
