//! Undoing a load: the partition's rows before it are back.

use orchbench_journal::Day;
use serde::{Deserialize, Serialize};

use super::super::load::{LoadRequest, fence, merge, record, recorded};
use super::super::{Transaction, WarehouseError, Writer};
use super::{act, undo};
use crate::canonical::Value;
use crate::outcome::{Loaded, Undone};

/// A partition as it was before a load.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PartitionBefore {
    pub(crate) digest: String,
    pub(crate) rows: u64,
    /// The run that had written it.
    pub(crate) run: String,
}

/// One compensation of a load.
pub(crate) struct UndoLoad<'a> {
    pub(crate) writer: Writer<'a>,
    /// The idempotency key of the load.
    pub(crate) act: &'a str,
    pub(crate) day: Day,
    /// The rows before the load, as [`before_load`] told them; `None` for none.
    pub(crate) previous: Option<LoadRequest<'a>>,
}

/// What was there before a load; `None` when nothing was, or when there was no such load.
pub(crate) fn before_load(
    transaction: &mut dyn Transaction,
    key: &str,
) -> Result<Option<PartitionBefore>, WarehouseError> {
    Ok(act(transaction, key)?.and_then(|act| act.before))
}

pub(in super::super) fn undo_load(
    transaction: &mut dyn Transaction,
    request: &UndoLoad<'_>,
    progress: &dyn Fn(u64),
) -> Result<Undone, WarehouseError> {
    let writer = &request.writer;
    let target = format!("partition {}/{}", writer.source, request.day);
    transaction.lock(&target)?;
    let day = request.day.to_string();
    let now = recorded(transaction, writer.source, &day)?;
    let newest = now.as_ref().map_or(0, |now| now.token);
    let now = now.map(|now| (now.run, now.digest));
    undo(
        transaction,
        writer,
        request.act,
        now,
        |transaction, before: Option<PartitionBefore>| {
            fence(writer, target.clone(), newest)?;
            match (before, &request.previous) {
                (None, _) => Ok((String::new(), delete(transaction, writer.source, &day)?)),
                (Some(before), Some(previous)) if previous.digest == before.digest => {
                    let changed = merge(transaction, previous, progress)?;
                    let loaded = Loaded {
                        partition: request.day,
                        rows: before.rows,
                        changed,
                        digest: before.digest.clone(),
                    };
                    record(transaction, previous, &loaded, &before.run, Some(newest))?;
                    Ok((before.digest, changed))
                }
                // The load came between the question what was before it and this transaction.
                (Some(before), previous) => Err(WarehouseError::Mismatch {
                    target: target.clone(),
                    expected: format!("the rows of {}", before.digest),
                    found: previous
                        .as_ref()
                        .map_or("none", |previous| previous.digest)
                        .to_owned(),
                }),
            }
        },
    )
}

/// Removes a partition that was not there before; gives the number of rows.
fn delete(
    transaction: &mut dyn Transaction,
    source: &str,
    day: &str,
) -> Result<u64, WarehouseError> {
    let parameters = [Value::Text(source), Value::Text(day)];
    let here = "WHERE source = $1 AND partition_day = $2";
    let rows = transaction.execute(&format!("DELETE FROM flights {here}"), &parameters)?;
    transaction.execute(&format!("DELETE FROM partitions {here}"), &parameters)?;
    Ok(rows)
}
