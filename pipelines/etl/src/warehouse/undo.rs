//! The undo log, and the compensations that read it.
//!
//! A load or publication writes, in its own transaction and under its idempotency key, what was there
//! before. The compensation reads that back under the same key, so it needs to know nothing of how the
//! act ended: it may have failed, timed out, or never have begun. In the last case it leaves a
//! tombstone: an act that comes after its own compensation is refused.

mod partition;
mod publication;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::row::{number, text};
use super::{Transaction, WarehouseError, Writer};
use crate::canonical::Value;
use crate::outcome::{Undo, Undone};

pub(super) use partition::undo_load;
pub(crate) use partition::{PartitionBefore, UndoLoad, before_load};
pub(super) use publication::{PublicationBefore, undo_publish};

/// An act in the undo log.
struct Act<B> {
    /// What was there before it; `None` for nothing, and in a tombstone.
    before: Option<B>,
    /// Whether it changed anything.
    changed: bool,
    /// How it was undone, when it was.
    undone: Option<Undo>,
}

/// Writes down what was there before an act. A later attempt that changes something again has a newer
/// "before", as another run has written in between.
pub(super) fn remember(
    transaction: &mut dyn Transaction,
    writer: &Writer<'_>,
    before: Option<&impl Serialize>,
    changed: bool,
) -> Result<(), WarehouseError> {
    let before = before.map(|before| json(writer.key, before)).transpose()?;
    let sql = "INSERT INTO undo (idempotency_key, before, changed, undone) VALUES ($1, $2, $3, NULL) \
               ON CONFLICT (idempotency_key) DO UPDATE SET before = excluded.before, changed = 1 \
               WHERE excluded.changed = 1";
    let parameters = [
        Value::Text(writer.key),
        before.as_deref().map_or(Value::Null, Value::Text),
        Value::Int(i64::from(changed)),
    ];
    transaction.execute(sql, &parameters)?;
    Ok(())
}

/// Refuses an act that has been undone already.
pub(super) fn refuse_undone(
    transaction: &mut dyn Transaction,
    writer: &Writer<'_>,
) -> Result<(), WarehouseError> {
    match act::<serde::de::IgnoredAny>(transaction, writer.key)? {
        Some(Act {
            undone: Some(_), ..
        }) => Err(WarehouseError::Undone {
            act: writer.key.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn act<B: DeserializeOwned>(
    transaction: &mut dyn Transaction,
    key: &str,
) -> Result<Option<Act<B>>, WarehouseError> {
    let mut act = None;
    let sql = "SELECT before, changed, undone FROM undo WHERE idempotency_key = $1";
    transaction.query(sql, &[Value::Text(key)], &mut |row| {
        let optional = |column| match row.get(column) {
            Some(Value::Null) => Ok(None),
            _ => text(row, column).map(Some),
        };
        act = Some(Act {
            before: optional(0)?.map(|before| read(key, before)).transpose()?,
            changed: number(row, 1)? == 1,
            undone: optional(2)?.map(|undone| read(key, undone)).transpose()?,
        });
        Ok(())
    })?;
    Ok(act)
}

/// Marks the act as undone; for an act that never came, this is its tombstone.
fn mark(transaction: &mut dyn Transaction, key: &str, undo: Undo) -> Result<(), WarehouseError> {
    let undone = json(key, &undo)?;
    let sql = "INSERT INTO undo (idempotency_key, before, changed, undone) VALUES ($1, NULL, 0, $2) \
               ON CONFLICT (idempotency_key) DO UPDATE SET undone = excluded.undone";
    transaction.execute(sql, &[Value::Text(key), Value::Text(&undone)])?;
    Ok(())
}

/// Undoes an act, once: `restore` puts back what was there before when the target still is as the act
/// left it, which `now` tells (the run that wrote it last, and its digest or version).
fn undo<B: DeserializeOwned>(
    transaction: &mut dyn Transaction,
    writer: &Writer<'_>,
    key: &str,
    now: Option<(String, String)>,
    restore: impl FnOnce(&mut dyn Transaction, Option<B>) -> Result<(String, u64), WarehouseError>,
) -> Result<Undone, WarehouseError> {
    let act = act::<B>(transaction, key)?;
    let (owner, now) = now.unwrap_or_default();
    let (undo, (now, changed)) = match act {
        Some(Act {
            undone: Some(undo), ..
        }) => (undo, (now, 0)),
        Some(Act {
            changed: true,
            before,
            ..
        }) if owner == writer.run => (Undo::Restored, restore(transaction, before)?),
        Some(Act { changed: true, .. }) => (Undo::Superseded, (now, 0)),
        Some(_) | None => (Undo::NothingToUndo, (now, 0)),
    };
    mark(transaction, key, undo)?;
    super::load::append_applied(transaction, writer, changed)?;
    Ok(Undone {
        act: key.to_owned(),
        undo,
        now,
        changed,
    })
}

fn json(key: &str, value: &impl Serialize) -> Result<String, WarehouseError> {
    serde_json::to_string(value).map_err(|error| unreadable(key, &error))
}

fn read<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, WarehouseError> {
    serde_json::from_str(text).map_err(|error| unreadable(key, &error))
}

fn unreadable(key: &str, error: &serde_json::Error) -> WarehouseError {
    WarehouseError::Mismatch {
        target: format!("undo log, {key}"),
        expected: "what this program writes".to_owned(),
        found: error.to_string(),
    }
}
