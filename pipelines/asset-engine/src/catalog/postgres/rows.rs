//! Rows as what they stand for.

use postgres::Row;

use super::{Parameter, PostgresStore, text};
use crate::catalog::meaning::Meaning as _;
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::{CatalogError, Pieces, RunInfo};
use crate::event::{Event, EventRecord, RunStatus};
use crate::key::AssetKey;

impl PostgresStore {
    /// The events that a condition is about, in the order that it says.
    pub(super) fn events_where(
        &self,
        condition: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<EventRecord>, CatalogError> {
        let sql = format!("{} WHERE {condition}", reading::select("events e", ""));
        let rows = self.rows(
            "read the events",
            &sql,
            parameters,
            StoredEvent::of_postgres,
        )?;
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
        pieces: (&AssetKey, Pieces<'_>),
        of_kind: fn(Event) -> Option<T>,
    ) -> Result<Vec<(u64, T)>, CatalogError> {
        let select = reading::select(&format!("{table} t JOIN events e ON e.seq = t.seq"), "");
        let sql = |piece: &str, order_of_pieces: &str| {
            format!("{select}{piece} ORDER BY {order_of_pieces}{order}")
        };
        let doing = "read the newest events of an asset";
        let rows = self.of_pieces(doing, pieces, sql, StoredEvent::of_postgres)?;
        self.all_pointed(table, rows, of_kind)
    }

    /// Rows of some pieces of an asset, in one query that is told how those are picked out of the table `t`, and
    /// what their order comes first by: pieces that are named come in the order in which they are.
    pub(super) fn of_pieces<T>(
        &self,
        doing: &'static str,
        (asset, pieces): (&AssetKey, Pieces<'_>),
        sql: impl Fn(&str, &str) -> String,
        row: impl Fn(&Row) -> Result<T, postgres::Error>,
    ) -> Result<Vec<T>, CatalogError> {
        let asset = asset.as_str();
        match pieces {
            Pieces::All => self.rows(doing, &sql(" WHERE t.asset = $1", ""), &[text(&asset)], row),
            Pieces::These(keys) => {
                let keys: Vec<&str> = keys
                    .iter()
                    .map(|key| key.as_deref().unwrap_or_default())
                    .collect();
                let named = " JOIN unnest($2) WITH ORDINALITY AS named(key, place)
                     ON t.partition = named.key COLLATE \"C\" WHERE t.asset = $1";
                let keys: Parameter<'_> = (&keys, postgres::types::Type::TEXT_ARRAY);
                self.rows(
                    doing,
                    &sql(named, "named.place, "),
                    &[text(&asset), keys],
                    row,
                )
            }
        }
    }

    /// The runs for which something holds, in the order of submission.
    pub(super) fn runs_where(
        &self,
        condition: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<RunInfo>, CatalogError> {
        let sql = reading::select("runs r JOIN events e ON e.seq = r.first_seq", ", r.status")
            + &format!(" WHERE {condition} ORDER BY r.first_seq");
        let rows = self.rows("read the runs", &sql, parameters, with_status)?;
        rows.into_iter().map(|row| self.run_info(row)).collect()
    }

    /// The status of a name in a derived table, if that has it.
    pub(super) fn status_in(
        &self,
        what: &str,
        sql: &str,
        name: &str,
    ) -> Result<Option<RunStatus>, CatalogError> {
        let status = |row: &Row| row.try_get::<_, String>(0);
        let status = self
            .rows("read a status", sql, &[text(&name)], status)?
            .pop();
        let parse = |status: String| self.parsed(&status, || format!("{what} {name}"));
        status.map(parse).transpose()
    }
}

/// An event, and the status behind its columns.
pub(super) fn with_status(row: &Row) -> Result<(StoredEvent, String), postgres::Error> {
    Ok((
        StoredEvent::of_postgres(row)?,
        row.try_get(reading::COLUMNS)?,
    ))
}
