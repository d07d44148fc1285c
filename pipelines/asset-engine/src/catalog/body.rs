//! What stands in the `body` column of an event, by its kind. Generic, so that it is written from
//! references and read into values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Mode, RunStatus, Severity};

#[derive(Serialize, Deserialize)]
pub(super) struct RunBody<S, C, I> {
    pub selection: S,
    pub mode: Mode,
    pub config: C,
    #[serde(default)]
    pub identity: I,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MadeBody<V, M, I> {
    pub data_version: V,
    pub code_version: V,
    pub metadata: M,
    pub inputs: I,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FailedBody<F> {
    pub failure: F,
    pub retry_delay_ns: Option<u64>,
    pub check: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TickBody<V, O> {
    pub automation: V,
    pub for_ms: i64,
    pub cursor: Option<V>,
    pub orders: Vec<O>,
    pub note: Option<V>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OrderBody<V, S, C, I> {
    pub run: V,
    pub selection: S,
    pub mode: Mode,
    pub config: C,
    #[serde(default)]
    pub identity: I,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct BackfillEndedBody<V> {
    pub id: V,
    pub status: RunStatus,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ResumedBody<I> {
    pub identity: I,
}

#[derive(Serialize, Deserialize)]
pub(super) struct BackfillResumedBody<V> {
    pub id: V,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PartitionBody<V> {
    pub set: V,
    pub key: V,
}

#[derive(Serialize, Deserialize)]
pub(super) struct EndedBody {
    pub status: RunStatus,
    pub fresh: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ObservedBody<V, M> {
    pub data_version: V,
    pub metadata: M,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CheckedBody<V, M> {
    pub name: V,
    pub passed: bool,
    pub severity: Severity,
    pub data_version: Option<V>,
    pub metadata: M,
}
