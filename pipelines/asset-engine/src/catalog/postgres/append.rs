//! The commit: one transaction that appends events and writes what is derived from them.

use postgres::types::Type;
use postgres::{Row, Transaction};

use super::{Parameter, number, text};
use crate::catalog::chain::{Digest, START};
use crate::catalog::fence::{self, Fence};
use crate::catalog::{Draft, Failpoint, Terms, Version, writing};
use crate::event::{Event, RunStatus};

/// Why a transaction did not come about.
type Refused = fence::Refused<postgres::Error>;

impl From<postgres::Error> for Refused {
    fn from(error: postgres::Error) -> Self {
        Self::Failed(error)
    }
}

/// What is done in one transaction: the lock that orders commits, the terms, events, derived rows; with the newest event.
pub(super) fn append<'a>(
    mut transaction: Transaction<'a>,
    failpoint: &Failpoint,
    terms: Terms<'_>,
    drafts: &[Draft],
) -> Result<(Transaction<'a>, u64), Refused> {
    let sql = "SELECT epoch, seq, digest FROM head FOR UPDATE";
    let head = transaction.query_typed_one(sql, &[])?;
    let current = head.try_get::<_, i64>(0)?.cast_unsigned();
    let epoch = terms.epoch(current)?;
    if let Some(fence) = terms.fence() {
        pass(&mut transaction, fence)?;
    }
    let seq: i64 = head.try_get(1)?;
    // A digest of another length is none of ours, and `verify` says so.
    let digest = Digest::try_from(head.try_get::<_, &[u8]>(2)?).unwrap_or(START);
    let (newest, digest) = insert(&mut transaction, failpoint, (seq, digest), epoch, drafts)?;
    for (seq, draft) in (seq + 1..).zip(drafts) {
        derive(&mut transaction, failpoint, seq, &draft.event)?;
    }
    let digest: Parameter<'_> = (&digest.as_slice(), Type::BYTEA);
    let sql = "UPDATE head SET seq = $1, digest = $2";
    transaction.query_typed(sql, &[number(&newest), digest])?;
    failpoint.pass("before commit")?;
    Ok((transaction, newest.cast_unsigned()))
}

/// Becomes the newest attempt, unless one that may not come before has committed.
fn pass(
    transaction: &mut Transaction<'_>,
    (fence, before): (&Fence<'_>, u32),
) -> Result<(), Refused> {
    let (attempt, before) = (i64::from(fence.attempt), i64::from(before));
    let sql = "INSERT INTO fences (what, attempt) VALUES ($1, $2)
               ON CONFLICT (what) DO UPDATE SET attempt = excluded.attempt WHERE fences.attempt <= $3
               RETURNING attempt";
    let parameters = [text(&fence.what), number(&attempt), number(&before)];
    if !transaction.query_typed(sql, &parameters)?.is_empty() {
        return Ok(());
    }
    let sql = "SELECT max(attempt) FROM fences WHERE what = $1";
    let newest = transaction.query_typed_one(sql, &[text(&fence.what)])?;
    Err(fence.overtaken(attempt_of(&newest)?).into())
}

/// The number of an attempt in the first column; none is 0.
pub(super) fn attempt_of(row: &Row) -> Result<u32, postgres::Error> {
    let attempt: Option<i64> = row.try_get(0)?;
    // One that no attempt can have is not ours to pass.
    Ok(u32::try_from(attempt.unwrap_or(0)).unwrap_or(u32::MAX))
}

/// Inserts the events in one statement; gives the place and the digest of the last one.
fn insert(
    transaction: &mut Transaction<'_>,
    failpoint: &Failpoint,
    (mut seq, mut digest): (i64, Digest),
    epoch: u64,
    drafts: &[Draft],
) -> Result<(i64, Digest), Refused> {
    let encoded: Vec<_> = drafts
        .iter()
        .map(|draft| writing::encode(&draft.event))
        .collect();
    let mut rows = Rows::default();
    for (encoded, draft) in encoded.iter().zip(drafts) {
        seq += 1;
        let record = encoded.record(seq, epoch, draft);
        digest = record.digest(&digest);
        failpoint.pass("event")?;
        rows.seq.push(record.seq);
        rows.t_ns.push(record.t_ns);
        rows.at_ms.push(record.at_ms);
        rows.epoch.push(record.epoch);
        rows.kind.push(record.kind);
        rows.run.push(record.run);
        rows.asset.push(record.asset);
        rows.partition.push(record.partition);
        rows.attempt.push(record.attempt);
        rows.body.push(record.body);
        rows.digest.push(digest.to_vec());
    }
    rows.insert(transaction)?;
    Ok((seq, digest))
}

/// Events by column.
#[derive(Default)]
struct Rows<'a> {
    seq: Vec<i64>,
    t_ns: Vec<i64>,
    at_ms: Vec<i64>,
    epoch: Vec<i64>,
    kind: Vec<&'a str>,
    run: Vec<&'a str>,
    asset: Vec<Option<&'a str>>,
    partition: Vec<Option<&'a str>>,
    attempt: Vec<Option<i64>>,
    body: Vec<Option<&'a str>>,
    digest: Vec<Vec<u8>>,
}

impl Rows<'_> {
    fn insert(&self, transaction: &mut Transaction<'_>) -> Result<(), postgres::Error> {
        let sql = "INSERT INTO events
                   (seq, t_ns, at_ms, epoch, kind, run, asset, partition, attempt, body, digest)
                   SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let columns: [Parameter<'_>; 11] = [
            (&self.seq, Type::INT8_ARRAY),
            (&self.t_ns, Type::INT8_ARRAY),
            (&self.at_ms, Type::INT8_ARRAY),
            (&self.epoch, Type::INT8_ARRAY),
            (&self.kind, Type::TEXT_ARRAY),
            (&self.run, Type::TEXT_ARRAY),
            (&self.asset, Type::TEXT_ARRAY),
            (&self.partition, Type::TEXT_ARRAY),
            (&self.attempt, Type::INT8_ARRAY),
            (&self.body, Type::TEXT_ARRAY),
            (&self.digest, Type::BYTEA_ARRAY),
        ];
        transaction.query_typed(sql, &columns).map(drop)
    }
}

/// The rows that follow from an event.
fn derive(
    transaction: &mut Transaction<'_>,
    failpoint: &Failpoint,
    seq: i64,
    event: &Event,
) -> Result<(), Refused> {
    let mut write = |place: &'static str, sql: &str, values: &[Parameter<'_>]| {
        failpoint.pass(place)?;
        transaction.query_typed(sql, values)?;
        Ok(())
    };
    let started = RunStatus::Started.as_str();
    match event {
        Event::Materialized(made) => {
            let version = Version::of(made);
            let partition = made.partition.as_deref().unwrap_or_default();
            let (piece, inputs) = (version.piece.cast_signed(), version.inputs.cast_signed());
            write(
                "newest materialization",
                "INSERT INTO latest (asset, partition, seq, code, piece, inputs)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (asset, partition) DO UPDATE SET seq = excluded.seq,
                 code = excluded.code, piece = excluded.piece, inputs = excluded.inputs",
                &[
                    text(&made.asset.as_str()),
                    text(&partition),
                    number(&seq),
                    text(&version.code_version),
                    number(&piece),
                    number(&inputs),
                ],
            )
        }
        Event::Observed(seen) => {
            let partition = seen.partition.as_deref().unwrap_or_default();
            write(
                "newest observation",
                "INSERT INTO observations (asset, partition, seq, first_seq)
                 VALUES ($1, $2, $3, $3)
                 ON CONFLICT (asset, partition) DO UPDATE SET seq = excluded.seq",
                &[text(&seen.asset.as_str()), text(&partition), number(&seq)],
            )
        }
        Event::Checked(check) => {
            let partition = check.partition.as_deref().unwrap_or_default();
            write(
                "newest check",
                "INSERT INTO checks (asset, partition, name, seq) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (asset, partition, name) DO UPDATE SET seq = excluded.seq",
                &[
                    text(&check.asset.as_str()),
                    text(&partition),
                    text(&check.name.as_ref()),
                    number(&seq),
                ],
            )
        }
        Event::Wiped {
            asset, partition, ..
        } => {
            let partition = partition.as_deref().unwrap_or_default();
            write(
                "wiped materialization",
                "DELETE FROM latest WHERE asset = $1 AND partition = $2",
                &[text(&asset.as_str()), text(&partition)],
            )
        }
        Event::Ticked(tick) => {
            let left: [Parameter<'_>; 2] = [(&tick.cursor, Type::TEXT), (&tick.note, Type::TEXT)];
            let [cursor, note] = left;
            write(
                "newest tick",
                "INSERT INTO automations (name, seq, cursor, note) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (name) DO UPDATE SET seq = excluded.seq,
                 cursor = excluded.cursor, note = excluded.note",
                &[text(&tick.automation.as_ref()), number(&seq), cursor, note],
            )?;
            let runs: Vec<&str> = tick.orders.iter().map(|order| order.run.as_ref()).collect();
            if runs.is_empty() {
                return Ok(());
            }
            write(
                "order",
                "INSERT INTO orders (run, seq) SELECT run, $2 FROM unnest($1) AS run",
                &[(&runs, Type::TEXT_ARRAY), number(&seq)],
            )
        }
        Event::PartitionChanged(change) => {
            let (name, key) = (change.set.as_ref(), change.key.as_ref());
            let sql = if change.added {
                "INSERT INTO partitions (name, key, seq) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM partitions WHERE name = $1 AND key = $2 AND seq < $3"
            };
            write("partition", sql, &[text(&name), text(&key), number(&seq)])
        }
        Event::BackfillRequested(record) => write(
            "backfill",
            "INSERT INTO backfills (id, seq, status) VALUES ($1, $2, $3)",
            &[text(&record.id.as_ref()), number(&seq), text(&started)],
        ),
        Event::BackfillResumed { id } => write(
            "backfill",
            "UPDATE backfills SET status = $2 WHERE id = $1",
            &[text(&id.as_ref()), text(&started)],
        ),
        Event::BackfillEnded { id, status } => write(
            "backfill",
            "UPDATE backfills SET status = $2 WHERE id = $1",
            &[text(&id.as_ref()), text(&status.as_str())],
        ),
        Event::RunSubmitted(record) => {
            let run = record.run.as_ref();
            write("run", "DELETE FROM orders WHERE run = $1", &[text(&run)])?;
            write(
                "run",
                "INSERT INTO runs (run, first_seq, status) VALUES ($1, $2, $3)",
                &[text(&run), number(&seq), text(&started)],
            )
        }
        Event::RunResumed { run, .. } => write(
            "run",
            "UPDATE runs SET status = $2, last_seq = NULL WHERE run = $1",
            &[text(&run.as_ref()), text(&started)],
        ),
        Event::RunEnded { run, status, .. } => write(
            "run",
            "UPDATE runs SET status = $2, last_seq = $3 WHERE run = $1",
            &[text(&run.as_ref()), text(&status.as_str()), number(&seq)],
        ),
        _ => Ok(()),
    }
}
