//! The load of one partition, in one transaction.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use orchbench_journal::Day;

use super::row::{flight, flight_key, number, stored, text};
use super::schema::{FLIGHT_ORDER, FlightsTable, flight_columns};
use super::undo::{PartitionBefore, refuse_undone, remember};
use super::{Transaction, WarehouseError, Writer};
use crate::canonical::{TableDigest, Value, row_digest};
use crate::config::SinkKind;
use crate::frame::Rows;
use crate::outcome::Loaded;
use crate::schema::{FLIGHT_KEY, TRANSFORMED, position};

/// The rows of one partition.
pub(crate) struct PartitionRows<'a> {
    pub(super) source: &'a str,
    pub(super) day_text: String,
    rows: &'a Rows,
}

impl<'a> PartitionRows<'a> {
    pub(crate) fn new(source: &'a str, day: Day, rows: &'a Rows) -> Self {
        Self {
            source,
            day_text: day.to_string(),
            rows,
        }
    }

    pub(super) fn value(&self, row: usize, column: usize) -> Value<'_> {
        self.rows.value(row, column)
    }
}

/// One load.
pub(crate) struct LoadRequest<'a> {
    pub(crate) writer: Writer<'a>,
    pub(crate) day: Day,
    pub(crate) rows: PartitionRows<'a>,
    /// The digest of `rows`.
    pub(crate) digest: &'a str,
}

/// Loads, and appends to the applied log, also when nothing had to change.
pub(super) fn load(
    transaction: &mut dyn Transaction,
    request: &LoadRequest<'_>,
    progress: &dyn Fn(u64),
) -> Result<Loaded, WarehouseError> {
    let source = request.writer.source;
    let target = format!("partition {source}/{}", request.day);
    transaction.lock(&target)?;
    let before = recorded(transaction, source, &request.rows.day_text)?;
    if let Some(before) = &before {
        fence(&request.writer, target, before.token)?;
    }
    let idempotent = request.writer.sink.kind == SinkKind::Idempotent;
    if idempotent {
        refuse_undone(transaction, &request.writer)?;
    }
    let count = request.rows.rows.height() as u64;
    let loaded = match request.writer.sink.kind {
        SinkKind::Naive => append(transaction, request, progress)?,
        SinkKind::Idempotent => {
            let same = before
                .as_ref()
                .is_some_and(|before| before.digest == request.digest);
            let changed = if same {
                0
            } else {
                merge(transaction, request, progress)?
            };
            Loaded {
                partition: request.day,
                rows: count,
                changed,
                digest: request.digest.to_owned(),
            }
        }
    };
    let newest = before.as_ref().map(|before| before.token);
    record(transaction, request, &loaded, request.writer.run, newest)?;
    if idempotent {
        let before = before.map(Recorded::into_before);
        remember(
            transaction,
            &request.writer,
            before.as_ref(),
            loaded.changed > 0,
        )?;
    }
    append_applied(transaction, &request.writer, loaded.changed)?;
    progress(count);
    Ok(loaded)
}

/// A partition as the warehouse has it on record.
pub(super) struct Recorded {
    pub(super) digest: String,
    rows: u64,
    pub(super) token: u64,
    pub(super) run: String,
}

impl Recorded {
    fn into_before(self) -> PartitionBefore {
        PartitionBefore {
            digest: self.digest,
            rows: self.rows,
            run: self.run,
        }
    }
}

pub(super) fn recorded(
    transaction: &mut dyn Transaction,
    source: &str,
    day: &str,
) -> Result<Option<Recorded>, WarehouseError> {
    let mut recorded = None;
    let sql = "SELECT digest, row_count, token, run FROM partitions WHERE source = $1 AND partition_day = $2";
    transaction.query(sql, &[Value::Text(source), Value::Text(day)], &mut |row| {
        recorded = Some(Recorded {
            digest: text(row, 0)?.to_owned(),
            rows: number(row, 1)?,
            token: number(row, 2)?,
            run: text(row, 3)?.to_owned(),
        });
        Ok(())
    })?;
    Ok(recorded)
}

fn partition<'a>(request: &'a LoadRequest<'_>) -> [Value<'a>; 2] {
    [
        Value::Text(request.writer.source),
        Value::Text(&request.rows.day_text),
    ]
}

/// Refuses a token that is older than the newest one.
pub(super) fn fence(
    writer: &Writer<'_>,
    target: String,
    newest: u64,
) -> Result<(), WarehouseError> {
    if writer.sink.fencing && writer.token < newest {
        return Err(WarehouseError::Fenced {
            target,
            token: writer.token,
            newest,
        });
    }
    Ok(())
}

/// The naive sink: all rows, again.
fn append(
    transaction: &mut dyn Transaction,
    request: &LoadRequest<'_>,
    progress: &dyn Fn(u64),
) -> Result<Loaded, WarehouseError> {
    let all: Vec<usize> = (0..request.rows.rows.height()).collect();
    transaction.insert(FlightsTable::Appended, &request.rows, &all, progress)?;
    let mut digest = TableDigest::new(TRANSFORMED);
    existing(
        transaction,
        FlightsTable::Appended,
        request,
        &mut |_, encoded| {
            digest.push_encoded(encoded, 1);
        },
    )?;
    Ok(Loaded {
        partition: request.day,
        rows: digest.rows(),
        changed: all.len() as u64,
        digest: digest.finish(),
    })
}

/// The idempotent sink: deletes what is not among the rows, replaces what differs, inserts what is
/// new; gives the number of rows that were really changed.
pub(super) fn merge(
    transaction: &mut dyn Transaction,
    request: &LoadRequest<'_>,
    progress: &dyn Fn(u64),
) -> Result<u64, WarehouseError> {
    let mut there: HashMap<String, String> = HashMap::new();
    existing(
        transaction,
        FlightsTable::Keyed,
        request,
        &mut |key, encoded| {
            there.insert(key, row_digest(encoded));
        },
    )?;
    let rows = request.rows.rows;
    let mut chosen = Vec::with_capacity(rows.height());
    let mut obsolete: Vec<String> = Vec::new();
    if there.is_empty() {
        chosen.extend(0..rows.height());
    } else {
        let mut buffer = Vec::new();
        for row in 0..rows.height() {
            let key = flight_key(|column| rows.value(row, column));
            rows.encode_row(row, &mut buffer);
            match there.remove(&key) {
                Some(digest) if digest == row_digest(&buffer) => {}
                Some(_) => {
                    obsolete.push(key);
                    chosen.push(row);
                }
                None => chosen.push(row),
            }
        }
    }
    // A row that differs counts once, although it is deleted and inserted.
    let changed = chosen.len() + there.len();
    obsolete.extend(there.into_keys());
    for key in &obsolete {
        delete(transaction, request, key)?;
    }
    transaction.insert(FlightsTable::Keyed, &request.rows, &chosen, progress)?;
    Ok(changed as u64)
}

/// The rows that are there now, in canonical order, each with its key and its encoding.
fn existing(
    transaction: &mut dyn Transaction,
    table: FlightsTable,
    request: &LoadRequest<'_>,
    each: &mut dyn FnMut(String, &[u8]),
) -> Result<(), WarehouseError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE source = $1 AND partition_day = $2 ORDER BY {FLIGHT_ORDER}",
        flight_columns(),
        table.name()
    );
    let mut buffer = Vec::new();
    transaction.query(&sql, &partition(request), &mut |row| {
        let key = flight(row, 0, &mut buffer);
        each(key, &buffer);
        Ok(())
    })
}

fn delete(
    transaction: &mut dyn Transaction,
    request: &LoadRequest<'_>,
    key: &str,
) -> Result<(), WarehouseError> {
    let mut parameters = partition(request).to_vec();
    for (field, name) in key.split('/').zip(FLIGHT_KEY) {
        let kind = position(TRANSFORMED, name).map(|column| TRANSFORMED[column].kind);
        parameters.push(match (kind, field.parse()) {
            (Some(crate::schema::ColumnKind::Int), Ok(number)) => Value::Int(number),
            _ => Value::Text(field),
        });
    }
    let sql = "DELETE FROM flights WHERE source = $1 AND partition_day = $2 AND carrier = $3 AND flight = $4 \
               AND origin = $5 AND sched_dep_time = $6";
    let deleted = transaction.execute(sql, &parameters)?;
    if deleted == 1 {
        return Ok(());
    }
    Err(WarehouseError::Mismatch {
        target: format!("flight {key} of {}/{}", request.writer.source, request.day),
        expected: "1 row to delete".to_owned(),
        found: deleted.to_string(),
    })
}

pub(super) fn record(
    transaction: &mut dyn Transaction,
    request: &LoadRequest<'_>,
    loaded: &Loaded,
    run: &str,
    newest: Option<u64>,
) -> Result<(), WarehouseError> {
    // Without fencing an older token may write, but the newest one stays on record.
    let token = newest.unwrap_or(0).max(request.writer.token);
    let sql = "INSERT INTO partitions (source, partition_day, digest, row_count, token, run) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (source, partition_day) DO UPDATE SET \
               digest = excluded.digest, row_count = excluded.row_count, token = excluded.token, run = excluded.run";
    let [source, day] = partition(request);
    let parameters = [
        source,
        day,
        Value::Text(&loaded.digest),
        stored(loaded.rows),
        stored(token),
        Value::Text(run),
    ];
    transaction.execute(sql, &parameters)?;
    Ok(())
}

/// Appends to the applied log.
pub(super) fn append_applied(
    transaction: &mut dyn Transaction,
    writer: &Writer<'_>,
    rows_changed: u64,
) -> Result<(), WarehouseError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let at_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let day = writer.partition.map(|day| day.to_string());
    let sql = "INSERT INTO applied (idempotency_key, run, source, step, partition_day, attempt, token, rows_changed, at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let parameters = [
        Value::Text(writer.key),
        Value::Text(writer.run),
        Value::Text(writer.source),
        Value::Text(writer.step.as_str()),
        day.as_deref().map_or(Value::Null, Value::Text),
        Value::Int(i64::from(writer.attempt)),
        stored(writer.token),
        stored(rows_changed),
        stored(at_ms),
    ];
    transaction.execute(sql, &parameters)?;
    Ok(())
}
