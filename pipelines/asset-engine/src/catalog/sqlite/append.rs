//! The commit: one transaction that appends events and writes what is derived from them.

use rusqlite::{Connection, params};

use crate::catalog::chain::{self, Digest};
use crate::catalog::fence::{self, Fence};
use crate::catalog::{Draft, Failpoint, Terms, Version, writing};
use crate::event::{Event, RunStatus};

/// Why a transaction did not come about.
type Refused = fence::Refused<rusqlite::Error>;

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// A transaction as rusqlite's, but by statements that are prepared once: a chain of steps makes one a step, of
/// whose processor's time preparing them anew was a twentieth.
struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    fn begin(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self(connection))
    }

    fn commit(self) -> rusqlite::Result<()> {
        self.0.prepare_cached("COMMIT")?.execute([]).map(drop)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // Should that fail, every later transaction here does as well; the file is as before.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

/// One transaction: the terms, events, derived rows; gives the newest event.
pub(super) fn append(
    connection: &Connection,
    failpoint: &Failpoint,
    terms: Terms<'_>,
    drafts: &[Draft],
) -> Result<u64, Refused> {
    let transaction = Transaction::begin(connection)?;
    let (current, (mut seq, mut digest)) = epoch_and_newest(connection)?;
    {
        let epoch = terms.epoch(current)?;
        if let Some(fence) = terms.fence() {
            pass(connection, fence)?;
        }
        let mut insert = connection.prepare_cached(
            "INSERT INTO events (seq, t_ns, at_ms, epoch, kind, run, asset, partition, attempt, body, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for draft in drafts {
            seq += 1;
            let encoded = writing::encode(&draft.event);
            let record = encoded.record(seq, epoch, draft);
            digest = record.digest(&digest);
            failpoint.pass("event")?;
            insert.execute(params![
                record.seq,
                record.t_ns,
                record.at_ms,
                record.epoch,
                record.kind,
                record.run,
                record.asset,
                record.partition,
                record.attempt,
                record.body,
                digest,
            ])?;
            derive(connection, failpoint, seq, &draft.event)?;
        }
    }
    failpoint.pass("before commit")?;
    transaction.commit()?;
    failpoint.pass("after commit")?;
    Ok(seq.cast_unsigned())
}

/// Becomes the newest attempt, unless one that may not come before has committed.
fn pass(connection: &Connection, (fence, before): (&Fence<'_>, u32)) -> Result<(), Refused> {
    let sql = "INSERT INTO fences (what, attempt) VALUES (?1, ?2)
               ON CONFLICT (what) DO UPDATE SET attempt = excluded.attempt WHERE attempt <= ?3";
    let mut statement = connection.prepare_cached(sql)?;
    if statement.execute(params![fence.what, fence.attempt, before])? == 1 {
        return Ok(());
    }
    Err(fence
        .overtaken(newest_attempt(connection, fence.what)?)
        .into())
}

/// The newest attempt at something that has committed; 0 = none.
pub(super) fn newest_attempt(connection: &Connection, what: &str) -> rusqlite::Result<u32> {
    let sql = "SELECT max(attempt) FROM fences WHERE what = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let newest: Option<u32> = statement.query_row([what], |row| row.get(0))?;
    Ok(newest.unwrap_or(0))
}

/// The epoch, and the place and the digest of the newest event.
pub(super) fn epoch_and_newest(connection: &Connection) -> rusqlite::Result<(u64, (i64, Digest))> {
    // One statement, as a chain of steps asks it once a step.
    let sql = "SELECT m.value, e.seq, e.digest FROM meta m
               LEFT JOIN events e WHERE m.name = 'epoch' ORDER BY e.seq DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row([], |row| {
        let (epoch, seq, digest): (i64, Option<_>, Option<_>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let newest = seq.zip(digest).unwrap_or((0, chain::START));
        Ok((epoch.cast_unsigned(), newest))
    })
}

fn backfill_is(
    connection: &Connection,
    failpoint: &Failpoint,
    id: &str,
    status: RunStatus,
) -> Result<(), Refused> {
    failpoint.pass("backfill")?;
    connection
        .prepare_cached("UPDATE backfills SET status = ?2 WHERE id = ?1")?
        .execute(params![id, status.as_str()])?;
    Ok(())
}

/// The rows that follow from an event.
fn derive(
    connection: &Connection,
    failpoint: &Failpoint,
    seq: i64,
    event: &Event,
) -> Result<(), Refused> {
    match event {
        Event::Materialized(made) => {
            failpoint.pass("newest materialization")?;
            let version = Version::of(made);
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO latest (asset, partition, seq, code, piece, inputs)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    made.asset.as_str(),
                    made.partition.as_deref().unwrap_or_default(),
                    seq,
                    made.code_version,
                    version.piece.cast_signed(),
                    version.inputs.cast_signed()
                ])?;
        }
        Event::Observed(seen) => {
            failpoint.pass("newest observation")?;
            connection
                .prepare_cached(
                    "INSERT INTO observations (asset, partition, seq, first_seq)
                     VALUES (?1, ?2, ?3, ?3)
                     ON CONFLICT (asset, partition) DO UPDATE SET seq = excluded.seq",
                )?
                .execute(params![
                    seen.asset.as_str(),
                    seen.partition.as_deref().unwrap_or_default(),
                    seq
                ])?;
        }
        Event::Checked(check) => {
            failpoint.pass("newest check")?;
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO checks (asset, partition, name, seq)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    check.asset.as_str(),
                    check.partition.as_deref().unwrap_or_default(),
                    check.name,
                    seq
                ])?;
        }
        Event::Wiped {
            asset, partition, ..
        } => {
            failpoint.pass("wiped materialization")?;
            connection
                .prepare_cached("DELETE FROM latest WHERE asset = ?1 AND partition = ?2")?
                .execute(params![
                    asset.as_str(),
                    partition.as_deref().unwrap_or_default()
                ])?;
        }
        Event::Ticked(tick) => {
            failpoint.pass("newest tick")?;
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO automations (name, seq, cursor, note)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![tick.automation, seq, tick.cursor, tick.note])?;
            for order in &tick.orders {
                failpoint.pass("order")?;
                connection
                    .prepare_cached("INSERT INTO orders (run, seq) VALUES (?1, ?2)")?
                    .execute(params![order.run, seq])?;
            }
        }
        Event::PartitionChanged(change) => {
            failpoint.pass("partition")?;
            let (name, key) = (&change.set, &change.key);
            if change.added {
                connection
                    .prepare_cached(
                        "INSERT OR IGNORE INTO partitions (name, key, seq) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![name, key, seq])?;
            } else {
                connection
                    .prepare_cached("DELETE FROM partitions WHERE name = ?1 AND key = ?2")?
                    .execute(params![name, key])?;
            }
        }
        Event::BackfillRequested(record) => {
            failpoint.pass("backfill")?;
            connection
                .prepare_cached("INSERT INTO backfills (id, seq, status) VALUES (?1, ?2, ?3)")?
                .execute(params![record.id, seq, RunStatus::Started.as_str()])?;
        }
        Event::BackfillResumed { id } => {
            backfill_is(connection, failpoint, id, RunStatus::Started)?;
        }
        Event::BackfillEnded { id, status } => {
            backfill_is(connection, failpoint, id, *status)?;
        }
        Event::RunSubmitted(record) => {
            connection
                .prepare_cached("DELETE FROM orders WHERE run = ?1")?
                .execute([&record.run])?;
            failpoint.pass("run")?;
            connection
                .prepare_cached("INSERT INTO runs (run, first_seq, status) VALUES (?1, ?2, ?3)")?
                .execute(params![record.run, seq, RunStatus::Started.as_str()])?;
        }
        Event::RunResumed { run, .. } => {
            failpoint.pass("run")?;
            connection
                .prepare_cached("UPDATE runs SET status = ?2, last_seq = NULL WHERE run = ?1")?
                .execute(params![run, RunStatus::Started.as_str()])?;
        }
        Event::RunEnded { run, status, .. } => {
            failpoint.pass("run")?;
            connection
                .prepare_cached("UPDATE runs SET status = ?2, last_seq = ?3 WHERE run = ?1")?
                .execute(params![run, status.as_str(), seq])?;
        }
        _ => {}
    }
    Ok(())
}
