//! The tables of a catalog in PostgreSQL, and their version.

use postgres::Client;

/// Where the tables are, unless the URL says a search path: apart from others in the database.
pub(super) const SCHEMA: &str = "asset_catalog";

/// The newest version of the tables.
pub(super) const SCHEMA_VERSION: i64 = 1;

/// A number for advisory locks: "AsCa", so that those who make or migrate the tables do so one after the other.
const MIGRATING: i64 = 0x4173_4361;

/// Step n brings version n to n + 1. A published step never changes.
///
/// Texts are compared byte by byte, as in a file.
const MIGRATIONS: [&str; 1] = ["
-- How far the log goes, and the epoch of the newest executor. One row, which every commit locks.
CREATE TABLE head (
    one_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (one_row),
    version BIGINT NOT NULL,
    epoch   BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    digest  BYTEA NOT NULL,
    -- Where the data is that the log is about; NULL until somebody says so.
    home    TEXT COLLATE \"C\"
);
INSERT INTO head (version, epoch, seq, digest)
VALUES (0, 0, 0, decode(repeat('00', 32), 'hex'));
-- The truth. `seq` has no gaps; `body` is JSON whose shape `kind` tells; `digest` is SHA-256 over the record and
-- the digest of the one before.
CREATE TABLE events (
    seq       BIGINT PRIMARY KEY,
    t_ns      BIGINT NOT NULL,
    at_ms     BIGINT NOT NULL,
    epoch     BIGINT NOT NULL,
    kind      TEXT COLLATE \"C\" NOT NULL,
    run       TEXT COLLATE \"C\" NOT NULL,
    asset     TEXT COLLATE \"C\",
    partition TEXT COLLATE \"C\",
    attempt   BIGINT,
    body      TEXT COLLATE \"C\",
    digest    BYTEA NOT NULL
);
-- Many runs go on at a time here, so that the events of one may lie far apart.
CREATE INDEX events_run ON events (run, seq);
CREATE INDEX events_wiped ON events (asset, partition, seq) WHERE kind = 'wiped';
CREATE INDEX events_cancel ON events (seq) WHERE kind = 'cancel_requested';
-- Derived. first_seq and last_seq are the first event of a run and its last (NULL while it is open).
CREATE TABLE runs (
    run       TEXT COLLATE \"C\" PRIMARY KEY,
    first_seq BIGINT NOT NULL,
    last_seq  BIGINT,
    status    TEXT COLLATE \"C\" NOT NULL
);
CREATE INDEX runs_open ON runs (first_seq) WHERE last_seq IS NULL;
CREATE INDEX runs_ended ON runs (status, last_seq) WHERE last_seq IS NOT NULL;
-- Derived. The newest materialization of a piece; partition '' is that of an unpartitioned asset. With it, the
-- version of the code and the fingerprints of its data and of what it read.
CREATE TABLE latest (
    asset     TEXT COLLATE \"C\",
    partition TEXT COLLATE \"C\",
    seq       BIGINT NOT NULL,
    code      TEXT COLLATE \"C\" NOT NULL,
    piece     BIGINT NOT NULL,
    inputs    BIGINT NOT NULL,
    PRIMARY KEY (asset, partition)
);
-- Derived. The newest observation of a piece and its first; the newest result of each check of a piece.
CREATE TABLE observations (
    asset     TEXT COLLATE \"C\",
    partition TEXT COLLATE \"C\",
    seq       BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    PRIMARY KEY (asset, partition)
);
CREATE TABLE checks (
    asset     TEXT COLLATE \"C\",
    partition TEXT COLLATE \"C\",
    name      TEXT COLLATE \"C\",
    seq       BIGINT NOT NULL,
    PRIMARY KEY (asset, partition, name)
);
-- Derived. The newest tick of an automation and what it left; the runs that ticks asked for and that are not yet
-- submitted; backfills; the keys of partitions that come and go, with the event by which each came.
CREATE TABLE automations (
    name   TEXT COLLATE \"C\" PRIMARY KEY,
    seq    BIGINT NOT NULL,
    cursor TEXT COLLATE \"C\",
    note   TEXT COLLATE \"C\"
);
CREATE TABLE orders (
    run TEXT COLLATE \"C\" PRIMARY KEY,
    seq BIGINT NOT NULL
);
CREATE TABLE backfills (
    id     TEXT COLLATE \"C\" PRIMARY KEY,
    seq    BIGINT NOT NULL,
    status TEXT COLLATE \"C\" NOT NULL
);
CREATE INDEX backfills_open ON backfills (seq) WHERE status = 'started';
CREATE TABLE partitions (
    name TEXT COLLATE \"C\",
    key  TEXT COLLATE \"C\",
    seq  BIGINT NOT NULL,
    PRIMARY KEY (name, key)
);
-- Attempts that began and that no commit has told of yet, of the one executor there is.
CREATE TABLE starts (
    t_ns      BIGINT NOT NULL,
    at_ms     BIGINT NOT NULL,
    run       TEXT COLLATE \"C\" NOT NULL,
    asset     TEXT COLLATE \"C\" NOT NULL,
    partition TEXT COLLATE \"C\",
    attempt   BIGINT NOT NULL
);
-- What may be tried more than once, and the newest attempt that has committed.
CREATE TABLE fences (
    what    TEXT COLLATE \"C\" PRIMARY KEY,
    attempt BIGINT NOT NULL
);
"];

/// What a schema is.
pub(super) enum Found {
    Ready,
    /// Written by a program of another version, with that.
    Other(i64),
    /// Not the first one in the search path, which is not there.
    Elsewhere {
        asked: String,
        current: String,
    },
    /// No catalog.
    Nothing,
}

/// What there is.
pub(super) fn found(client: &mut Client) -> Result<Found, postgres::Error> {
    if let Some(elsewhere) = elsewhere(client)? {
        return Ok(elsewhere);
    }
    let version = version(client)?;
    Ok(judged(version).unwrap_or(version.map_or(Found::Nothing, Found::Other)))
}

/// Makes or migrates the tables.
pub(super) fn prepare(client: &mut Client) -> Result<Found, postgres::Error> {
    if let Some(elsewhere) = elsewhere(client)? {
        return Ok(elsewhere);
    }
    if let Some(found) = judged(version(client)?) {
        return Ok(found);
    }
    let mut transaction = client.transaction()?;
    transaction.query_typed(
        "SELECT pg_advisory_xact_lock($1)",
        &[super::number(&MIGRATING)],
    )?;
    make_schema(&mut transaction)?;
    // Another process may have done it while this one waited.
    let found = version(&mut transaction)?;
    if let Some(found) = judged(found) {
        return Ok(found);
    }
    for (step, sql) in (0..).zip(MIGRATIONS) {
        if step >= found.unwrap_or(0) {
            transaction.batch_execute(sql)?;
        }
    }
    // An executor of an older version that still lives would go on writing in its way: it is fenced off.
    let fenced = i64::from(found.is_some());
    let sql = "UPDATE head SET version = $1, epoch = epoch + $2";
    let parameters = [super::number(&SCHEMA_VERSION), super::number(&fenced)];
    transaction.query_typed(sql, &parameters)?;
    transaction.commit()?;
    Ok(Found::Ready)
}

/// Whether tables would go into another schema than the one that was asked for first.
fn elsewhere(client: &mut Client) -> Result<Option<Found>, postgres::Error> {
    let sql = "SELECT current_setting('search_path'), current_schema()";
    let row = client.query_one(sql, &[])?;
    let (path, current): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let first = path.split(',').next().unwrap_or_default().trim();
    let asked = first.trim_matches('"').to_owned();
    Ok(current
        .filter(|current| *current != asked)
        .map(|current| Found::Elsewhere { asked, current }))
}

/// Makes our own schema where the search path is that and there is none: a role without the right to make schemas
/// can use one that is there.
fn make_schema(client: &mut impl postgres::GenericClient) -> Result<(), postgres::Error> {
    let sql = "SELECT current_setting('search_path'), current_schema() IS NOT NULL";
    let row = client.query_one(sql, &[])?;
    let (path, is_there): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    if path == SCHEMA && !is_there {
        client.batch_execute(&format!("CREATE SCHEMA {SCHEMA}"))?;
    }
    Ok(())
}

fn judged(version: Option<i64>) -> Option<Found> {
    match version? {
        SCHEMA_VERSION => Some(Found::Ready),
        version if version > SCHEMA_VERSION => Some(Found::Other(version)),
        _ => None,
    }
}

/// The version of the tables in the current schema; `None` where there are none.
fn version(client: &mut impl postgres::GenericClient) -> Result<Option<i64>, postgres::Error> {
    // Not by `to_regclass`, which may answer from before another process made the table.
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_tables
               WHERE schemaname = current_schema() AND tablename = 'head')";
    let there: bool = client.query_one(sql, &[])?.try_get(0)?;
    if !there {
        return Ok(None);
    }
    let row = client.query_opt("SELECT version FROM head", &[])?;
    row.map(|row| row.try_get(0)).transpose()
}
