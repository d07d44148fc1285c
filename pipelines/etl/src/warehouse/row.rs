//! Reading the warehouse: its rows, its applied log, its partitions.

use orchbench_journal::{Day, StepName};
use serde::{Deserialize, Serialize};

use super::schema::{FLIGHT_ORDER, FlightsTable, flight_columns};
use super::{Transaction, WarehouseError};
use crate::canonical::{Value, encode, end_row, row_digest};
use crate::schema::{FLIGHT_KEY, TRANSFORMED, position};

/// One distinct row of the warehouse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WarehouseRow {
    /// The partition.
    pub day: Day,
    /// The flight's key within source and day: `carrier/flight/origin/sched_dep_time`.
    pub key: String,
    /// SHA-256 of the canonical row.
    pub digest: String,
    /// How many rows are equal to this one; more than 1 only after a naive load.
    pub copies: u64,
}

/// One entry of the applied log: a load, a publication or a compensation that was committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The entry's number. On PostgreSQL numbers of transactions that rolled back are missing.
    pub seq: u64,
    /// The idempotency key.
    pub key: String,
    /// The run.
    pub run: String,
    /// The source.
    pub source: String,
    /// The step: `load`, `publish`, or what undoes one of them.
    pub step: StepName,
    /// The day of a load; `None` for a publication.
    pub partition: Option<Day>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The fencing token.
    pub token: u64,
    /// Rows that this execution changed (1 for a publication that changed something); 0 when
    /// everything was there already.
    pub rows_changed: u64,
    /// When, by the writer's clock, in milliseconds since 1970.
    pub at_ms: u64,
}

fn wrong(row: &[Value<'_>], column: usize, expected: &str) -> WarehouseError {
    WarehouseError::Mismatch {
        target: format!("warehouse column {column} of a query"),
        expected: expected.to_owned(),
        found: format!("{:?}", row.get(column)),
    }
}

pub(super) fn text<'a>(row: &[Value<'a>], column: usize) -> Result<&'a str, WarehouseError> {
    match row.get(column) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(wrong(row, column, "a text")),
    }
}

pub(super) fn number(row: &[Value<'_>], column: usize) -> Result<u64, WarehouseError> {
    match row.get(column) {
        Some(Value::Int(value)) => u64::try_from(*value).map_err(|_| wrong(row, column, "a count")),
        _ => Err(wrong(row, column, "a count")),
    }
}

/// Counts and tokens go into signed 64-bit columns.
pub(super) fn stored(value: u64) -> Value<'static> {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn day(row: &[Value<'_>], column: usize) -> Result<Day, WarehouseError> {
    text(row, column)?
        .parse()
        .map_err(|_| wrong(row, column, "a day such as 2013-01-31"))
}

/// Encodes the fields of a flight, from `first` on, into `buffer`; gives its key.
pub(super) fn flight(row: &[Value<'_>], first: usize, buffer: &mut Vec<u8>) -> String {
    buffer.clear();
    let fields = &row[first.min(row.len())..];
    for value in fields {
        encode(buffer, *value);
    }
    end_row(buffer);
    flight_key(|column| fields.get(column).copied().unwrap_or(Value::Null))
}

/// The key of a flight whose fields `value` gives by their place in the transformed columns.
pub(crate) fn flight_key<'a>(value: impl Fn(usize) -> Value<'a>) -> String {
    let fields = FLIGHT_KEY
        .iter()
        .filter_map(|name| position(TRANSFORMED, name));
    let fields: Vec<String> = fields.map(|column| value(column).display()).collect();
    fields.join("/")
}

pub(super) fn rows(
    transaction: &mut dyn Transaction,
    source: &str,
) -> Result<Vec<WarehouseRow>, WarehouseError> {
    let mut rows: Vec<WarehouseRow> = Vec::new();
    let mut buffer = Vec::new();
    for table in [FlightsTable::Keyed, FlightsTable::Appended] {
        let sql = format!(
            "SELECT partition_day, {} FROM {} WHERE source = $1 ORDER BY partition_day, {FLIGHT_ORDER}",
            flight_columns(),
            table.name()
        );
        transaction.query(&sql, &[Value::Text(source)], &mut |row| {
            let day = day(row, 0)?;
            let key = flight(row, 1, &mut buffer);
            rows.push(WarehouseRow {
                day,
                key,
                digest: row_digest(&buffer),
                copies: 1,
            });
            Ok(())
        })?;
    }
    rows.sort();
    rows.dedup_by(|row, kept| {
        let same = row.day == kept.day && row.key == kept.key && row.digest == kept.digest;
        if same {
            kept.copies += row.copies;
        }
        same
    });
    Ok(rows)
}

pub(super) fn applied(transaction: &mut dyn Transaction) -> Result<Vec<Applied>, WarehouseError> {
    let mut log = Vec::new();
    let sql = "SELECT seq, idempotency_key, run, source, step, partition_day, attempt, token, rows_changed, at_ms \
               FROM applied ORDER BY seq";
    transaction.query(sql, &[], &mut |row| {
        log.push(Applied {
            seq: number(row, 0)?,
            key: text(row, 1)?.to_owned(),
            run: text(row, 2)?.to_owned(),
            source: text(row, 3)?.to_owned(),
            step: text(row, 4)?.parse().map_err(|_| wrong(row, 4, "a step"))?,
            partition: match row.get(5) {
                Some(Value::Null) => None,
                _ => Some(day(row, 5)?),
            },
            attempt: u32::try_from(number(row, 6)?).map_err(|_| wrong(row, 6, "an attempt"))?,
            token: number(row, 7)?,
            rows_changed: number(row, 8)?,
            at_ms: number(row, 9)?,
        });
        Ok(())
    })?;
    Ok(log)
}

pub(super) fn partitions(
    transaction: &mut dyn Transaction,
    source: &str,
) -> Result<Vec<(Day, String, u64)>, WarehouseError> {
    let mut partitions = Vec::new();
    let sql = "SELECT partition_day, digest, row_count FROM partitions WHERE source = $1 ORDER BY partition_day";
    transaction.query(sql, &[Value::Text(source)], &mut |row| {
        partitions.push((day(row, 0)?, text(row, 1)?.to_owned(), number(row, 2)?));
        Ok(())
    })?;
    Ok(partitions)
}
