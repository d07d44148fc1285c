//! The tables of a catalog file, their version, and how a file is told from another program's.

use rusqlite::{Connection, TransactionBehavior, params};

use super::reading::{self, StoredEvent};
use super::{Version, chain};
use crate::event::Event;

/// `PRAGMA application_id` of a catalog: "AsCa".
pub(super) const APPLICATION_ID: i64 = 0x4173_4361;

/// `PRAGMA user_version` of the newest schema.
pub(super) const SCHEMA_VERSION: i64 = 10;

/// Step n brings version n to n + 1. A published step never changes.
const MIGRATIONS: [&str; 10] = [
    "
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta VALUES ('epoch', 0);
-- The truth. `seq` has no gaps; `body` is JSON whose shape `kind` tells.
CREATE TABLE events (
    seq       INTEGER PRIMARY KEY,
    t_ns      INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    run       TEXT NOT NULL,
    asset     TEXT,
    partition TEXT,
    attempt   INTEGER,
    body      TEXT
);
-- Derived. The events of a run lie between first_seq and last_seq (NULL while it is open), so that
-- no index on the log has to be kept.
CREATE TABLE runs (
    run       TEXT PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER,
    status    TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_open ON runs (first_seq) WHERE last_seq IS NULL;
-- Derived. The newest materialization of a piece; partition '' is that of an unpartitioned asset.
CREATE TABLE latest (
    asset     TEXT NOT NULL,
    partition TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (asset, partition)
) WITHOUT ROWID;
",
    "
-- SHA-256 over the record and the digest of the one before; empty only while a migration runs.
ALTER TABLE events ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
-- Derived. The newest observation of a piece, and the newest result of each check of a piece.
CREATE TABLE observations (
    asset     TEXT NOT NULL,
    partition TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (asset, partition)
) WITHOUT ROWID;
CREATE TABLE checks (
    asset     TEXT NOT NULL,
    partition TEXT NOT NULL,
    name      TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (asset, partition, name)
) WITHOUT ROWID;
-- Derived. The newest tick of an automation; the runs that ticks asked for and that are not yet
-- submitted; backfills.
CREATE TABLE automations (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE orders (
    run TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE backfills (
    id     TEXT PRIMARY KEY,
    seq    INTEGER NOT NULL,
    status TEXT NOT NULL
) WITHOUT ROWID;
",
    "
-- Of the newest materialization: the version of the code and the fingerprints of its data and of
-- what it read; NULL where the record cannot be read.
ALTER TABLE latest ADD COLUMN code TEXT;
ALTER TABLE latest ADD COLUMN piece INTEGER;
ALTER TABLE latest ADD COLUMN inputs INTEGER;
",
    "-- No table: further kinds of events, which an older program cannot read.",
    "
-- Wipes are few and asked for by piece; nothing else of the log is in it.
CREATE INDEX events_wiped ON events (asset, partition, seq) WHERE kind = 'wiped';
",
    "
-- What would else be looked for in the whole log: the first observation of a piece, what the newest
-- tick of an automation left, without the runs that it asked for, and requests to cancel;
-- and among all runs and backfills, those that did not succeed, or are open.
ALTER TABLE observations ADD COLUMN first_seq INTEGER;
UPDATE observations SET first_seq = firsts.seq FROM
    (SELECT asset, coalesce(partition, '') AS partition, min(seq) AS seq FROM events
     WHERE kind = 'observed' GROUP BY 1, 2) AS firsts
WHERE firsts.asset = observations.asset AND firsts.partition = observations.partition;
ALTER TABLE automations ADD COLUMN cursor TEXT;
ALTER TABLE automations ADD COLUMN note TEXT;
CREATE INDEX events_cancel ON events (seq) WHERE kind = 'cancel_requested';
CREATE INDEX backfills_open ON backfills (seq) WHERE status = 'started';
CREATE INDEX runs_unsuccessful ON runs (last_seq) WHERE status IN ('failure', 'canceled');
",
    "
-- Derived. The keys of partitions that come and go, with the event by which each came.
CREATE TABLE partitions (
    name TEXT NOT NULL,
    key  TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (name, key)
) WITHOUT ROWID;
",
    "-- No table: a further reason for which a step is skipped, which an older program cannot read.",
    "
-- Runs by how they ended, in the order of their ends.
DROP INDEX runs_unsuccessful;
CREATE INDEX runs_ended ON runs (status, last_seq) WHERE last_seq IS NOT NULL;
",
    "
-- What may be tried more than once, and the newest attempt that has committed.
CREATE TABLE fences (
    what    TEXT PRIMARY KEY,
    attempt INTEGER NOT NULL
) WITHOUT ROWID;
",
];

/// What was found in a file.
pub(super) enum Found {
    /// A catalog of the newest version, perhaps made or migrated just now.
    Ready,
    /// A catalog of a newer version than this program knows.
    Future(i64),
    /// Somebody else's database, with its application id.
    Foreign(i64),
}

/// What a file is, if there is nothing to make or migrate in it.
pub(super) fn found(connection: &Connection) -> rusqlite::Result<Option<Found>> {
    inspect(connection).map(judged)
}

/// Makes or migrates the tables.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<Found> {
    if let Some(found) = found(connection)? {
        return Ok(found);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while this one waited for the lock; its epoch stays.
    let (application, version) = inspect(&transaction)?;
    if let Some(found) = judged((application, version)) {
        return Ok(found);
    }
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == 0 && tables > 0 {
        return Ok(Found::Foreign(0));
    }
    for (step, sql) in (0..).zip(MIGRATIONS) {
        if step >= version {
            transaction.execute_batch(sql)?;
        }
    }
    if version == 1 {
        chain_records(&transaction)?;
    }
    if version > 0 {
        note_versions(&transaction)?;
        note_ticks(&transaction)?;
        // An executor of the older version that still lives would go on writing in its way: it is
        // fenced off.
        transaction.execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch'", [])?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    Ok(Found::Ready)
}

/// What a file's application id and version say, if there is nothing to make or migrate.
fn judged((application, version): (i64, i64)) -> Option<Found> {
    match (application, version) {
        (APPLICATION_ID, SCHEMA_VERSION) => Some(Found::Ready),
        (APPLICATION_ID, version) if version > SCHEMA_VERSION => Some(Found::Future(version)),
        (APPLICATION_ID | 0, _) => None,
        (other, _) => Some(Found::Foreign(other)),
    }
}

/// Gives records of version 1 their digests.
fn chain_records(connection: &Connection) -> rusqlite::Result<()> {
    let mut update = connection.prepare("UPDATE events SET digest = ?2 WHERE seq = ?1")?;
    let mut statement =
        connection.prepare(&(reading::select("events e", "") + " ORDER BY e.seq"))?;
    let mut rows = statement.query([])?;
    let mut digest = chain::START;
    while let Some(row) = rows.next()? {
        let stored = StoredEvent::of(row)?;
        digest = stored.record().digest(&digest);
        update.execute(params![stored.seq, digest])?;
    }
    Ok(())
}

/// Gives the newest materializations of versions 1 and 2 their fingerprints.
fn note_versions(connection: &Connection) -> rusqlite::Result<()> {
    let mut update = connection
        .prepare("UPDATE latest SET code = ?2, piece = ?3, inputs = ?4 WHERE seq = ?1")?;
    let sql = reading::select("latest l JOIN events e ON e.seq = l.seq", "");
    let mut statement = connection.prepare(&sql)?;
    let stored = statement.query_map([], StoredEvent::of)?;
    for stored in stored.collect::<rusqlite::Result<Vec<_>>>()? {
        let seq = stored.seq;
        if let Ok(Event::Materialized(made)) = reading::decode(stored).map(|record| record.event) {
            let version = Version::of(&made);
            let (piece, inputs) = (version.piece.cast_signed(), version.inputs.cast_signed());
            update.execute(params![seq, version.code_version, piece, inputs])?;
        }
    }
    Ok(())
}

/// Gives the newest ticks of versions 2 to 5 what they left.
fn note_ticks(connection: &Connection) -> rusqlite::Result<()> {
    let mut update =
        connection.prepare("UPDATE automations SET cursor = ?2, note = ?3 WHERE seq = ?1")?;
    let sql = reading::select("automations a JOIN events e ON e.seq = a.seq", "");
    let mut statement = connection.prepare(&sql)?;
    let stored = statement.query_map([], StoredEvent::of)?;
    for stored in stored.collect::<rusqlite::Result<Vec<_>>>()? {
        let seq = stored.seq;
        if let Ok(Event::Ticked(tick)) = reading::decode(stored).map(|record| record.event) {
            update.execute(params![seq, tick.cursor, tick.note])?;
        }
    }
    Ok(())
}

/// What is written in the schema of a database, if it is not what a new catalog has. A changed
/// definition can hide rows that are there.
pub(super) fn unexpected(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut new = Connection::open_in_memory()?;
    prepare(&mut new)?;
    let (expected, found) = (definitions(&new)?, definitions(connection)?);
    let differs =
        |(expected, found): (&String, &String)| (expected != found).then(|| found.clone());
    if expected.len() != found.len() {
        return Ok(Some(format!(
            "{} definitions, expected {}",
            found.len(),
            expected.len()
        )));
    }
    Ok(expected.iter().zip(&found).find_map(differs))
}

fn definitions(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT type || ' ' || name || ' ' || tbl_name || ': ' || coalesce(sql, '')
         FROM sqlite_schema ORDER BY 1",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

fn inspect(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((pragma("application_id")?, pragma("user_version")?))
}
