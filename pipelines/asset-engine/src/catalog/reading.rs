//! Events as rows: how they are written into the log and read back.
//!
//! Reading is total: whatever stands in a row, the answer is an event or a reason, never a panic.

use std::sync::Arc;

use rusqlite::Row;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{
    Attempt, Event, EventRecord, InputVersion, Materialization, Mode, RunRecord, RunStatus,
    SkipReason,
};
use crate::key::AssetKey;
use crate::selection::Selection;
use crate::step::StepFailure;

/// The columns of an event that depend on its kind.
pub(super) struct EncodedEvent<'a> {
    pub kind: &'static str,
    pub asset: Option<&'a str>,
    pub partition: Option<&'a str>,
    pub attempt: Option<u32>,
    pub body: Option<String>,
}

/// A row of the log.
pub(super) struct StoredEvent {
    pub seq: i64,
    t_ns: i64,
    at_ms: i64,
    epoch: i64,
    kind: String,
    run: String,
    asset: Option<String>,
    partition: Option<String>,
    attempt: Option<i64>,
    body: Option<String>,
}

/// A query for whole events, which lie in the table called `e`.
pub(super) fn select(tables: &str, more_columns: &str) -> String {
    format!(
        "SELECT e.seq, e.t_ns, e.at_ms, e.epoch, e.kind, e.run, e.asset, e.partition, e.attempt, e.body{more_columns}
         FROM {tables}"
    )
}

impl StoredEvent {
    pub fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            t_ns: row.get(1)?,
            at_ms: row.get(2)?,
            epoch: row.get(3)?,
            kind: row.get(4)?,
            run: row.get(5)?,
            asset: row.get(6)?,
            partition: row.get(7)?,
            attempt: row.get(8)?,
            body: row.get(9)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct RunBody<S, C> {
    selection: S,
    mode: Mode,
    config: C,
}

#[derive(Serialize, Deserialize)]
struct MadeBody<V, M, I> {
    data_version: V,
    code_version: V,
    metadata: M,
    inputs: I,
}

#[derive(Serialize, Deserialize)]
struct FailedBody<F> {
    failure: F,
    retry_delay_ns: Option<u64>,
    check: bool,
}

#[derive(Serialize, Deserialize)]
struct EndedBody {
    status: RunStatus,
    fresh: u64,
}

fn json(body: &impl Serialize) -> Option<String> {
    // These shapes have text keys only and cannot fail to serialize; were one to, the row would
    // have no body, which reading reports.
    serde_json::to_string(body).ok()
}

/// An event as a row.
pub(super) fn encode(event: &Event) -> EncodedEvent<'_> {
    let (kind, attempt, body) = match event {
        Event::RunSubmitted(record) => {
            let body = RunBody {
                selection: &record.selection,
                mode: record.mode,
                config: record.config.as_ref(),
            };
            ("run_submitted", None, json(&body))
        }
        Event::RunResumed { .. } => ("run_resumed", None, None),
        Event::RunEnded { status, fresh, .. } => {
            let body = EndedBody {
                status: *status,
                fresh: *fresh,
            };
            ("run_ended", None, json(&body))
        }
        Event::AttemptStarted(attempt) => ("attempt_started", Some(attempt.attempt), None),
        Event::AttemptInterrupted(attempt) => ("attempt_interrupted", Some(attempt.attempt), None),
        Event::AttemptFailed {
            attempt,
            failure,
            retry_delay_ns,
            check,
        } => {
            let body = FailedBody {
                failure,
                retry_delay_ns: *retry_delay_ns,
                check: *check,
            };
            ("attempt_failed", Some(attempt.attempt), json(&body))
        }
        Event::Materialized(made) => {
            let body = MadeBody {
                data_version: made.data_version.as_str(),
                code_version: made.code_version.as_ref(),
                metadata: &made.metadata,
                inputs: &made.inputs,
            };
            ("materialized", Some(made.attempt), json(&body))
        }
        Event::Skipped { reason, .. } => ("skipped", None, json(reason)),
    };
    let piece = piece(event);
    EncodedEvent {
        kind,
        asset: piece.map(|(asset, _)| asset.as_str()),
        partition: piece.and_then(|(_, partition)| partition.as_deref()),
        attempt,
        body,
    }
}

fn piece(event: &Event) -> Option<(&AssetKey, &Option<Arc<str>>)> {
    match event {
        Event::AttemptStarted(attempt)
        | Event::AttemptInterrupted(attempt)
        | Event::AttemptFailed { attempt, .. } => Some((&attempt.asset, &attempt.partition)),
        Event::Materialized(made) => Some((&made.asset, &made.partition)),
        Event::Skipped {
            asset, partition, ..
        } => Some((asset, partition)),
        Event::RunSubmitted(_) | Event::RunResumed { .. } | Event::RunEnded { .. } => None,
    }
}

/// A row as an event, or what is wrong with it.
pub(super) fn decode(stored: StoredEvent) -> Result<EventRecord, String> {
    let (seq, t_ns, at_ms, epoch) = (
        stored.seq.cast_unsigned(),
        stored.t_ns.cast_unsigned(),
        stored.at_ms.cast_unsigned(),
        stored.epoch.cast_unsigned(),
    );
    Ok(EventRecord {
        seq,
        t_ns,
        at_ms,
        epoch,
        event: decode_event(stored, epoch)?,
    })
}

fn decode_event(stored: StoredEvent, epoch: u64) -> Result<Event, String> {
    let run: Arc<str> = Arc::from(stored.run.as_str());
    match stored.kind.as_str() {
        "run_submitted" => {
            let body: RunBody<Selection, Value> = body(&stored)?;
            Ok(Event::RunSubmitted(Arc::new(RunRecord {
                run,
                selection: body.selection,
                mode: body.mode,
                config: Arc::new(body.config),
            })))
        }
        "run_resumed" => Ok(Event::RunResumed { run }),
        "run_ended" => {
            let body: EndedBody = body(&stored)?;
            Ok(Event::RunEnded {
                run,
                status: body.status,
                fresh: body.fresh,
            })
        }
        "attempt_started" => Ok(Event::AttemptStarted(attempt(&stored, run)?)),
        "attempt_interrupted" => Ok(Event::AttemptInterrupted(attempt(&stored, run)?)),
        "attempt_failed" => {
            let body: FailedBody<StepFailure> = body(&stored)?;
            Ok(Event::AttemptFailed {
                attempt: attempt(&stored, run)?,
                failure: body.failure,
                retry_delay_ns: body.retry_delay_ns,
                check: body.check,
            })
        }
        "materialized" => {
            let body: MadeBody<String, Value, Vec<InputVersion>> = body(&stored)?;
            let attempt = attempt(&stored, run)?;
            Ok(Event::Materialized(Arc::new(Materialization {
                run: attempt.run,
                asset: attempt.asset,
                partition: attempt.partition,
                attempt: attempt.attempt,
                epoch,
                data_version: body.data_version,
                code_version: Arc::from(body.code_version),
                metadata: body.metadata,
                inputs: body.inputs,
            })))
        }
        "skipped" => Ok(Event::Skipped {
            run,
            asset: asset(&stored)?,
            partition: stored.partition.as_deref().map(Arc::from),
            reason: body::<SkipReason>(&stored)?,
        }),
        other => Err(format!("unknown kind of event {other:?}")),
    }
}

fn body<'a, T: Deserialize<'a>>(stored: &'a StoredEvent) -> Result<T, String> {
    let text = stored
        .body
        .as_deref()
        .ok_or_else(|| format!("{} without a body", stored.kind))?;
    serde_json::from_str(text).map_err(|error| format!("body of {}: {error}", stored.kind))
}

fn asset(stored: &StoredEvent) -> Result<AssetKey, String> {
    let text = stored
        .asset
        .as_deref()
        .ok_or_else(|| format!("{} without an asset", stored.kind))?;
    AssetKey::new(text).map_err(|error| error.to_string())
}

fn attempt(stored: &StoredEvent, run: Arc<str>) -> Result<Attempt, String> {
    let number = stored
        .attempt
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| format!("{} without an attempt number", stored.kind))?;
    Ok(Attempt {
        run,
        asset: asset(stored)?,
        partition: stored.partition.as_deref().map(Arc::from),
        attempt: number,
    })
}
