//! What rows of a database stand for, the same in every database: the events that derived tables point at, states,
//! keys; and where a catalog says something that cannot be, its place.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::reading::{self, StoredEvent};
use super::walk::Walk;
use super::{CatalogError, EndedRun, Head, RunInfo};
use crate::event::{
    BackfillInfo, Event, EventRecord, Materialization, Observation, RunRecord, RunStatus, Tick,
};
use crate::key::AssetKey;

/// A catalog whose rows are in a database.
pub(super) trait Meaning {
    /// Where it is, for messages.
    fn place(&self) -> &Path;

    fn corrupt(&self, place: impl Into<String>, reason: impl Into<String>) -> CatalogError {
        CatalogError::Corrupt {
            path: self.place().to_owned(),
            place: place.into(),
            reason: reason.into(),
        }
    }

    fn decode(&self, stored: StoredEvent) -> Result<EventRecord, CatalogError> {
        let seq = stored.seq;
        reading::decode(stored).map_err(|reason| self.corrupt(format!("event {seq}"), reason))
    }

    /// The event that a derived table points at, if it is of the kind that the table is about.
    fn pointed<T>(
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

    /// The events that rows of a table point at, each with its place in the log.
    fn all_pointed<T>(
        &self,
        table: &str,
        rows: Vec<StoredEvent>,
        of_kind: fn(Event) -> Option<T>,
    ) -> Result<Vec<(u64, T)>, CatalogError> {
        let pointed = |row: StoredEvent| {
            let seq = row.seq.cast_unsigned();
            Ok((seq, self.pointed(table, row, of_kind)?))
        };
        rows.into_iter().map(pointed).collect()
    }

    /// A status as it stands at a place.
    fn parsed(
        &self,
        status: &str,
        place: impl FnOnce() -> String,
    ) -> Result<RunStatus, CatalogError> {
        let unknown = || self.corrupt(place(), format!("unknown status {status:?}"));
        RunStatus::parse(status).ok_or_else(unknown)
    }

    fn run_info(&self, (stored, status): (StoredEvent, String)) -> Result<RunInfo, CatalogError> {
        let status = self.parsed(&status, || format!("event {}", stored.seq))?;
        let record = self.pointed("runs", stored, |event| match event {
            Event::RunSubmitted(record) => Some(record),
            _ => None,
        })?;
        Ok(RunInfo { record, status })
    }

    fn backfill_info(
        &self,
        (stored, status): (StoredEvent, String),
    ) -> Result<BackfillInfo, CatalogError> {
        let status = self.parsed(&status, || format!("event {}", stored.seq))?;
        let record = self.pointed("backfills", stored, |event| match event {
            Event::BackfillRequested(record) => Some(record),
            _ => None,
        })?;
        Ok(BackfillInfo { record, status })
    }

    /// A run that has ended: its last event, its id and its status.
    fn ended_run(
        &self,
        (seq, run, status): (i64, String, String),
    ) -> Result<EndedRun, CatalogError> {
        let status = self.parsed(&status, || format!("run {run}"))?;
        Ok(EndedRun {
            run: Arc::from(run),
            status,
            seq: seq.cast_unsigned(),
        })
    }

    /// A run and its status.
    fn run_status(
        &self,
        (run, status): (String, String),
    ) -> Result<(String, RunStatus), CatalogError> {
        let status = self.parsed(&status, || format!("run {run}"))?;
        Ok((run, status))
    }

    /// The orders of some ticks that are open.
    fn orders_among(
        &self,
        open: &HashSet<String>,
        ticks: Vec<StoredEvent>,
    ) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        let mut orders = Vec::with_capacity(open.len());
        for row in ticks {
            let tick = self.pointed("orders", row, tick)?;
            let ordered = tick.orders.iter();
            let ordered = ordered.filter(|order| open.contains(order.run.as_ref()));
            orders.extend(ordered.cloned());
        }
        if orders.len() != open.len() {
            let (runs, ordered) = (open.len(), orders.len());
            let reason = format!("{runs} runs, ordered by the log: {ordered}");
            return Err(self.corrupt("table orders", reason));
        }
        Ok(orders)
    }

    /// An asset that the derived tables name.
    fn known_asset(&self, key: &str) -> Result<AssetKey, CatalogError> {
        AssetKey::new(key).map_err(|error| self.corrupt("the derived tables", error.to_string()))
    }

    /// Takes a row of a derived table off what is expected of it.
    fn check_row(
        &self,
        table: &'static str,
        key: String,
        value: &str,
        walk: &mut Walk,
    ) -> Result<(), CatalogError> {
        let wanted = walk.derived.remove(&(table, key.clone()));
        if wanted.as_deref() == Some(value) {
            return Ok(());
        }
        let wanted = wanted.unwrap_or_else(|| "no such row".to_owned());
        let reason = format!("{value}, expected by the log: {wanted}");
        Err(self.corrupt(format!("table {table}, row {key:?}"), reason))
    }

    /// That no row is missing, when all were taken off.
    fn check_rest(&self, walk: &Walk) -> Result<(), CatalogError> {
        let Some(((table, key), value)) = walk.derived.first_key_value() else {
            return Ok(());
        };
        let reason = format!("is missing, expected {value}");
        Err(self.corrupt(format!("table {table}, row {key:?}"), reason))
    }
}

/// How many events are missing at the end of a log, by a head that was noted.
pub(super) fn missing(noted: Option<&Head>, walk: &Walk) -> u64 {
    let behind = |noted: &Head| noted.seq.saturating_sub(walk.seq.cast_unsigned());
    noted.map_or(0, behind)
}

pub(super) fn tick(event: Event) -> Option<Arc<Tick>> {
    match event {
        Event::Ticked(tick) => Some(tick),
        _ => None,
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
