//! Rows as what they stand for.

use std::sync::Arc;

use postgres::Row;

use super::{Parameter, PostgresStore, text};
use crate::catalog::reading::{self, StoredEvent};
use crate::catalog::{CatalogError, Pieces, RunInfo};
use crate::event::{Event, EventRecord, Materialization, Observation, RunStatus};
use crate::key::AssetKey;

impl PostgresStore {
    pub(super) fn corrupt(
        &self,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> CatalogError {
        CatalogError::Corrupt {
            path: self.connection.place().to_owned(),
            place: place.into(),
            reason: reason.into(),
        }
    }

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

    pub(super) fn decode(&self, stored: StoredEvent) -> Result<EventRecord, CatalogError> {
        let seq = stored.seq;
        reading::decode(stored).map_err(|reason| self.corrupt(format!("event {seq}"), reason))
    }

    /// The event that a derived table points at, if it is of the kind that the table is about.
    pub(super) fn pointed<T>(
        &self,
        table: &str,
        stored: StoredEvent,
        of_kind: impl FnOnce(Event) -> Option<T>,
    ) -> Result<T, CatalogError> {
        let seq = stored.seq;
        of_kind(self.decode(stored)?.event).ok_or_else(|| {
            let reason = format!("the table {table} points at an event of another kind");
            self.corrupt(format!("event {seq}"), reason)
        })
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
        let pointed = |row: StoredEvent| {
            let seq = row.seq.cast_unsigned();
            Ok((seq, self.pointed(table, row, of_kind)?))
        };
        rows.into_iter().map(pointed).collect()
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
        let info = |(stored, status): (StoredEvent, String)| {
            let status = self.parsed(&status, || format!("event {}", stored.seq))?;
            let record = self.pointed("runs", stored, |event| match event {
                Event::RunSubmitted(record) => Some(record),
                _ => None,
            })?;
            Ok(RunInfo { record, status })
        };
        rows.into_iter().map(info).collect()
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

    /// A status as it stands at a place.
    pub(super) fn parsed(
        &self,
        status: &str,
        place: impl FnOnce() -> String,
    ) -> Result<RunStatus, CatalogError> {
        let unknown = || self.corrupt(place(), format!("unknown status {status:?}"));
        RunStatus::parse(status).ok_or_else(unknown)
    }
}

/// An event, and the status behind its columns.
pub(super) fn with_status(row: &Row) -> Result<(StoredEvent, String), postgres::Error> {
    Ok((
        StoredEvent::of_postgres(row)?,
        row.try_get(reading::COLUMNS)?,
    ))
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
