//! Undoing a publication: the pointer goes back, and marts that only this publication made go.

use serde::{Deserialize, Serialize};

use super::super::load::fence;
use super::super::publish::{Pointer, move_pointer, pointer};
use super::super::{Transaction, WarehouseError, Writer};
use super::undo;
use crate::canonical::Value;
use crate::outcome::Undone;

/// What was there before a publication, and what it made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PublicationBefore {
    /// What was published; `None` for the first publication.
    pub(crate) published: Option<Pointer>,
    /// The version whose marts the publication made; `None` when they were there.
    pub(crate) made: Option<String>,
}

pub(in super::super) fn undo_publish(
    transaction: &mut dyn Transaction,
    writer: &Writer<'_>,
    act: &str,
) -> Result<Undone, WarehouseError> {
    let target = format!("publication {}", writer.source);
    transaction.lock(&target)?;
    let now = pointer(transaction, writer.source)?;
    let newest = now.as_ref().map_or(0, |now| now.token);
    let now = now.map(|now| (now.run, now.version));
    undo(
        transaction,
        writer,
        act,
        now,
        |transaction, before: Option<PublicationBefore>| {
            fence(writer, target, newest)?;
            let Some(before) = before else {
                return Ok((String::new(), 0));
            };
            if let Some(made) = &before.made {
                delete_marts(transaction, writer.source, made)?;
            }
            let version = match before.published {
                Some(published) => {
                    let token = newest.max(writer.token);
                    let published = Pointer { token, ..published };
                    move_pointer(transaction, writer.source, &published)?;
                    published.version
                }
                None => {
                    let sql = "DELETE FROM published WHERE source = $1";
                    transaction.execute(sql, &[Value::Text(writer.source)])?;
                    String::new()
                }
            };
            Ok((version, 1))
        },
    )
}

fn delete_marts(
    transaction: &mut dyn Transaction,
    source: &str,
    version: &str,
) -> Result<(), WarehouseError> {
    for mart in ["delay_by_carrier", "delay_by_weather"] {
        let sql = format!("DELETE FROM {mart} WHERE source = $1 AND version = $2");
        transaction.execute(&sql, &[Value::Text(source), Value::Text(version)])?;
    }
    Ok(())
}
