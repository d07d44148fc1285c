//! Rows of the log as events.
//!
//! Reading is total: whatever stands in a row, the answer is an event or a reason, never a panic.

use std::sync::Arc;

use rusqlite::Row;
use serde::Deserialize;
use serde_json::Value;

use super::body::{
    BackfillEndedBody, BackfillResumedBody, CheckedBody, EndedBody, FailedBody, MadeBody,
    ObservedBody, OrderBody, PartitionBody, ResumedBody, RunBody, TickBody,
};
use super::chain::Record;
use crate::event::{
    Attempt, CheckResult, Event, EventRecord, InputVersion, Materialization, Observation,
    PartitionChange, RunRecord, SkipReason, Tick,
};
use crate::graph::Identity;
use crate::key::AssetKey;
use crate::selection::Selection;
use crate::step::StepFailure;

/// A row of the log.
pub(super) struct StoredEvent {
    pub seq: i64,
    t_ns: i64,
    at_ms: i64,
    pub epoch: i64,
    kind: String,
    run: String,
    asset: Option<String>,
    partition: Option<String>,
    attempt: Option<i64>,
    body: Option<String>,
}

/// How many columns [`select`] asks for, and so the place of the first one more.
pub(super) const COLUMNS: usize = 10;

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

    /// The same of a row that PostgreSQL gives.
    #[cfg(feature = "postgres")]
    pub fn of_postgres(row: &postgres::Row) -> Result<Self, postgres::Error> {
        Ok(Self {
            seq: row.try_get(0)?,
            t_ns: row.try_get(1)?,
            at_ms: row.try_get(2)?,
            epoch: row.try_get(3)?,
            kind: row.try_get(4)?,
            run: row.try_get(5)?,
            asset: row.try_get(6)?,
            partition: row.try_get(7)?,
            attempt: row.try_get(8)?,
            body: row.try_get(9)?,
        })
    }

    /// Itself, as its digest sees it.
    pub fn record(&self) -> Record<'_> {
        Record {
            seq: self.seq,
            t_ns: self.t_ns,
            at_ms: self.at_ms,
            epoch: self.epoch,
            kind: &self.kind,
            run: &self.run,
            asset: self.asset.as_deref(),
            partition: self.partition.as_deref(),
            attempt: self.attempt,
            body: self.body.as_deref(),
        }
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
            let body: RunBody<Selection, Value, Identity> = body(&stored)?;
            Ok(Event::RunSubmitted(Arc::new(RunRecord {
                run,
                selection: body.selection,
                mode: body.mode,
                config: Arc::new(body.config),
                tags: Arc::new(body.tags),
                identity: Arc::new(body.identity),
            })))
        }
        "run_resumed" => Ok(Event::RunResumed {
            run,
            identity: Arc::new(match &stored.body {
                None => Identity::new(),
                Some(_) => body::<ResumedBody<Identity>>(&stored)?.identity,
            }),
        }),
        "cancel_requested" => Ok(Event::CancelRequested { run }),
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
        "observed" => {
            let body: ObservedBody<String, Value> = body(&stored)?;
            Ok(Event::Observed(Arc::new(Observation {
                run,
                asset: asset(&stored)?,
                partition: partition(&stored),
                data_version: body.data_version,
                metadata: body.metadata,
            })))
        }
        "checked" => {
            let body: CheckedBody<String, Value> = body(&stored)?;
            Ok(Event::Checked(Arc::new(CheckResult {
                run,
                asset: asset(&stored)?,
                partition: partition(&stored),
                name: Arc::from(body.name),
                passed: body.passed,
                severity: body.severity,
                data_version: body.data_version,
                metadata: body.metadata,
            })))
        }
        "wiped" => Ok(Event::Wiped {
            run,
            asset: asset(&stored)?,
            partition: partition(&stored),
        }),
        "ticked" => {
            let body: TickBody<String, OrderBody<String, Selection, Value, Identity>> =
                body(&stored)?;
            let order = |order: OrderBody<String, Selection, Value, Identity>| {
                Arc::new(RunRecord {
                    run: Arc::from(order.run),
                    selection: order.selection,
                    mode: order.mode,
                    config: Arc::new(order.config),
                    tags: Arc::new(order.tags),
                    identity: Arc::new(order.identity),
                })
            };
            Ok(Event::Ticked(Arc::new(Tick {
                automation: Arc::from(body.automation),
                for_ms: body.for_ms,
                cursor: body.cursor,
                orders: body.orders.into_iter().map(order).collect(),
                note: body.note,
            })))
        }
        kind @ ("partition_added" | "partition_removed") => {
            let added = kind == "partition_added";
            let PartitionBody::<String> { set, key } = body(&stored)?;
            Ok(Event::PartitionChanged(PartitionChange {
                added,
                ..PartitionChange::added(set, key)
            }))
        }
        "backfill_requested" => Ok(Event::BackfillRequested(Arc::new(body(&stored)?))),
        "backfill_resumed" => {
            let body: BackfillResumedBody<String> = body(&stored)?;
            Ok(Event::BackfillResumed {
                id: Arc::from(body.id),
            })
        }
        "backfill_ended" => {
            let body: BackfillEndedBody<String> = body(&stored)?;
            Ok(Event::BackfillEnded {
                id: Arc::from(body.id),
                status: body.status,
            })
        }
        "skipped" => Ok(Event::Skipped {
            run,
            asset: asset(&stored)?,
            partition: partition(&stored),
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

fn partition(stored: &StoredEvent) -> Option<Arc<str>> {
    stored.partition.as_deref().map(Arc::from)
}

fn attempt(stored: &StoredEvent, run: Arc<str>) -> Result<Attempt, String> {
    let number = stored
        .attempt
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| format!("{} without an attempt number", stored.kind))?;
    Ok(Attempt {
        run,
        asset: asset(stored)?,
        partition: partition(stored),
        attempt: number,
    })
}
