//! Events as rows of the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Draft;
use super::body::{
    BackfillEndedBody, BackfillResumedBody, CheckedBody, EndedBody, FailedBody, MadeBody,
    ObservedBody, OrderBody, PartitionBody, ResumedBody, RunBody, TickBody,
};
use super::chain::Record;
use crate::event::{Event, RunRecord};
use crate::graph::Identity;

/// The columns of an event that depend on its kind.
pub(super) struct EncodedEvent<'a> {
    pub kind: &'static str,
    pub asset: Option<&'a str>,
    pub partition: Option<&'a str>,
    pub attempt: Option<u32>,
    pub body: Option<String>,
}

impl EncodedEvent<'_> {
    /// Itself as the record at a place of the log, for its digest.
    pub fn record<'a>(&'a self, seq: i64, epoch: u64, draft: &'a Draft) -> Record<'a> {
        Record {
            seq,
            t_ns: draft.t_ns.cast_signed(),
            at_ms: draft.at_ms.cast_signed(),
            epoch: epoch.cast_signed(),
            kind: self.kind,
            run: draft.event.run(),
            asset: self.asset,
            partition: self.partition,
            attempt: self.attempt.map(i64::from),
            body: self.body.as_deref(),
        }
    }
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
                identity: record.identity.as_ref(),
                tags: BTreeMap::clone(&record.tags),
            };
            ("run_submitted", None, json(&body))
        }
        Event::RunResumed { identity, .. } => {
            let identity = identity.as_ref();
            let body = json(&ResumedBody { identity }).filter(|_| !identity.is_empty());
            ("run_resumed", None, body)
        }
        Event::CancelRequested { .. } => ("cancel_requested", None, None),
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
        Event::Observed(seen) => {
            let body = ObservedBody {
                data_version: seen.data_version.as_str(),
                metadata: &seen.metadata,
            };
            ("observed", None, json(&body))
        }
        Event::Checked(check) => {
            let body = CheckedBody {
                name: check.name.as_ref(),
                passed: check.passed,
                severity: check.severity,
                data_version: check.data_version.as_deref(),
                metadata: &check.metadata,
            };
            ("checked", None, json(&body))
        }
        Event::Wiped { .. } => ("wiped", None, None),
        Event::Ticked(tick) => {
            let order = |order: &Arc<RunRecord>| OrderBody {
                run: order.run.to_string(),
                selection: order.selection.clone(),
                mode: order.mode,
                config: Value::clone(&order.config),
                identity: Identity::clone(&order.identity),
                tags: BTreeMap::clone(&order.tags),
            };
            let body = TickBody {
                automation: tick.automation.as_ref(),
                for_ms: tick.for_ms,
                cursor: tick.cursor.as_deref(),
                orders: tick.orders.iter().map(order).collect(),
                note: tick.note.as_deref(),
            };
            ("ticked", None, json(&body))
        }
        Event::PartitionChanged(change) => {
            let body = PartitionBody {
                set: change.set.as_ref(),
                key: change.key.as_ref(),
            };
            let kind = if change.added {
                "partition_added"
            } else {
                "partition_removed"
            };
            (kind, None, json(&body))
        }
        Event::BackfillRequested(record) => ("backfill_requested", None, json(record.as_ref())),
        Event::BackfillResumed { id } => {
            let body = BackfillResumedBody { id: id.as_ref() };
            ("backfill_resumed", None, json(&body))
        }
        Event::BackfillEnded { id, status } => {
            let body = BackfillEndedBody {
                id: id.as_ref(),
                status: *status,
            };
            ("backfill_ended", None, json(&body))
        }
        Event::Skipped { reason, .. } => ("skipped", None, json(reason)),
    };
    let piece = event.piece();
    EncodedEvent {
        kind,
        asset: piece.map(|(asset, _)| asset.as_str()),
        partition: piece.and_then(|(_, partition)| partition.as_deref()),
        attempt,
        body,
    }
}
