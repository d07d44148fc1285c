//! The publication: the marts as a new version beside the previous ones, then the pointer moves;
//! all in one transaction.

use orchbench_journal::partitions_digest;
use serde::{Deserialize, Serialize};

use super::load::{append_applied, fence};
use super::row::{number, partitions, stored, text};
use super::schema::FlightsTable;
use super::undo::{PublicationBefore, refuse_undone, remember};
use super::{Transaction, WarehouseError, Writer};
use crate::canonical::Value;
use crate::config::SinkKind;
use crate::outcome::{Loaded, Published};

/// One publication.
pub(crate) struct PublishRequest<'a> {
    pub(crate) writer: Writer<'a>,
    /// What the loads said, one a day of the range, in the order of the days.
    pub(crate) loaded: &'a [Loaded],
}

pub(super) fn publish(
    transaction: &mut dyn Transaction,
    request: &PublishRequest<'_>,
) -> Result<Published, WarehouseError> {
    let writer = &request.writer;
    let target = format!("publication {}", writer.source);
    transaction.lock(&target)?;
    let before = pointer(transaction, writer.source)?;
    if let Some(before) = &before {
        fence(writer, target, before.token)?;
    }
    let naive = writer.sink.kind == SinkKind::Naive;
    // The naive sink publishes what is there, whatever the loads said.
    if !naive {
        refuse_undone(transaction, writer)?;
        verify(transaction, request)?;
    }
    let digest = partitions_digest(
        request
            .loaded
            .iter()
            .map(|loaded| (loaded.partition, loaded.digest.as_str())),
    );
    let version = digest[..16].to_owned();
    let new_marts = naive || !has_version(transaction, writer.source, &version)?;
    if new_marts {
        insert_marts(transaction, request, &version)?;
    }
    let moves = before
        .as_ref()
        .is_none_or(|before| before.version != version);
    let newest = before.as_ref().map_or(0, |before| before.token);
    let published = Pointer {
        version: version.clone(),
        digest: digest.clone(),
        run: writer.run.to_owned(),
        token: newest.max(writer.token),
    };
    move_pointer(transaction, writer.source, &published)?;
    let changed = new_marts || moves;
    if !naive {
        let before = PublicationBefore {
            published: before,
            made: new_marts.then(|| version.clone()),
        };
        remember(transaction, writer, Some(&before), changed)?;
    }
    append_applied(transaction, writer, u64::from(changed))?;
    Ok(Published {
        version,
        loaded: request.loaded.iter().map(|loaded| loaded.rows).sum(),
        digest,
        changed,
    })
}

/// What is published of a source.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pointer {
    pub(crate) version: String,
    pub(crate) digest: String,
    /// The run that published last.
    pub(crate) run: String,
    /// The newest token.
    pub(crate) token: u64,
}

pub(super) fn pointer(
    transaction: &mut dyn Transaction,
    source: &str,
) -> Result<Option<Pointer>, WarehouseError> {
    let mut pointer = None;
    let sql = "SELECT version, digest, run, token FROM published WHERE source = $1";
    transaction.query(sql, &[Value::Text(source)], &mut |row| {
        pointer = Some(Pointer {
            version: text(row, 0)?.to_owned(),
            digest: text(row, 1)?.to_owned(),
            run: text(row, 2)?.to_owned(),
            token: number(row, 3)?,
        });
        Ok(())
    })?;
    Ok(pointer)
}

pub(super) fn move_pointer(
    transaction: &mut dyn Transaction,
    source: &str,
    to: &Pointer,
) -> Result<(), WarehouseError> {
    let sql = "INSERT INTO published (source, version, digest, token, run) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (source) DO UPDATE SET version = excluded.version, digest = excluded.digest, \
               token = excluded.token, run = excluded.run";
    let parameters = [
        Value::Text(source),
        Value::Text(&to.version),
        Value::Text(&to.digest),
        stored(to.token),
        Value::Text(&to.run),
    ];
    transaction.execute(sql, &parameters)?;
    Ok(())
}

/// The warehouse has to have the partitions that the loads said.
fn verify(
    transaction: &mut dyn Transaction,
    request: &PublishRequest<'_>,
) -> Result<(), WarehouseError> {
    let source = request.writer.source;
    let there = partitions(transaction, source)?;
    for loaded in request.loaded {
        let found = there.iter().find(|(day, ..)| *day == loaded.partition);
        let found = match found {
            Some((_, digest, rows)) if *digest == loaded.digest && *rows == loaded.rows => continue,
            Some((_, digest, rows)) => format!("digest {digest} of {rows} rows"),
            None => "no such partition".to_owned(),
        };
        return Err(WarehouseError::Mismatch {
            target: format!("partition {source}/{}", loaded.partition),
            expected: format!("digest {} of {} rows", loaded.digest, loaded.rows),
            found,
        });
    }
    Ok(())
}

fn has_version(
    transaction: &mut dyn Transaction,
    source: &str,
    version: &str,
) -> Result<bool, WarehouseError> {
    let mut count = 0;
    let sql = "SELECT count(*) FROM delay_by_weather WHERE source = $1 AND version = $2";
    transaction.query(
        sql,
        &[Value::Text(source), Value::Text(version)],
        &mut |row| {
            count = number(row, 0)?;
            Ok(())
        },
    )?;
    Ok(count > 0)
}

/// The weather at departure, in one word; wind in miles an hour, visibility in miles.
const WEATHER: &str = "CASE WHEN visib IS NULL THEN 'unknown' WHEN precip > 0 THEN 'precipitation' \
                       WHEN visib < 5 THEN 'low visibility' WHEN wind_speed >= 20 THEN 'wind' ELSE 'fair' END";

/// Delays are in minutes; `arrived` counts the flights that have an arrival delay.
const SUMS: &str = "count(*), count(arr_delay), CAST(coalesce(sum(dep_delay), 0) AS BIGINT), \
                    CAST(coalesce(sum(arr_delay), 0) AS BIGINT)";

fn insert_marts(
    transaction: &mut dyn Transaction,
    request: &PublishRequest<'_>,
    version: &str,
) -> Result<(), WarehouseError> {
    let table = match request.writer.sink.kind {
        SinkKind::Idempotent => FlightsTable::Keyed,
        SinkKind::Naive => FlightsTable::Appended,
    }
    .name();
    let (Some(first), Some(last)) = (request.loaded.first(), request.loaded.last()) else {
        return Ok(());
    };
    let (first, last) = (first.partition.to_string(), last.partition.to_string());
    let parameters = [
        Value::Text(version),
        Value::Text(request.writer.source),
        Value::Text(&first),
        Value::Text(&last),
    ];
    let sums = "flights, arrived, dep_delay_sum, arr_delay_sum";
    let range =
        format!("FROM {table} WHERE source = $2 AND partition_day >= $3 AND partition_day <= $4");
    transaction.execute(
        &format!(
            "INSERT INTO delay_by_carrier (version, source, carrier, carrier_name, {sums}) \
             SELECT $1, source, carrier, carrier_name, {SUMS} {range} GROUP BY source, carrier, carrier_name"
        ),
        &parameters,
    )?;
    transaction.execute(
        &format!(
            "INSERT INTO delay_by_weather (version, source, weather, {sums}) \
             SELECT $1, source, {WEATHER}, {SUMS} {range} GROUP BY source, {WEATHER}"
        ),
        &parameters,
    )?;
    Ok(())
}
