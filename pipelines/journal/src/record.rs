//! The record and its checksum.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::crash_point::CrashPoint;
use crate::day::Day;
use crate::digest::hex;
use crate::step::StepName;

/// The version of the record format that this code writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The writer started; always its first record.
    Open,
    /// A step was invoked; nothing is done yet.
    Invoke,
    /// The step's effect is done.
    Ok,
    /// The step failed.
    Error,
    /// A crash rule fired: the process is about to die, or waits at a rendezvous.
    Crash,
    /// A client was told that its run had started.
    Ack,
    /// The writer ended in good order; its last record.
    Close,
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of the format, see [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Who wrote it: the file's name without extension.
    pub writer: String,
    /// The record's number in its file, from 1 without gaps.
    pub seq: u64,
    /// When, CLOCK_MONOTONIC.
    pub t_ns: u64,
    /// What it is about.
    pub kind: Kind,
    /// The run; `None` in `open` and `close`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The source; `None` in `open` and `close`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The step; `None` in `open`, `close` and `ack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepName>,
    /// The day; `None` as well for steps that run once a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Day>,
    /// The attempt, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The fencing token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// The epoch of the worker.
    pub epoch: u64,
    /// Where the crash rule fired; only in `crash`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<CrashPoint>,
    /// SHA-256 over the step's inputs as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_digest: Option<String>,
    /// The data version of what the step made; only in `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_digest: Option<String>,
    /// Rows made, or rows in the warehouse after a load; only in `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Rows that a load changed, or 1 for a publication that moved something; only in `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<u64>,
    /// The error's type and message in `error`, the rule's id in `crash`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// SHA-256 over the checksum of the record before (empty for the first one) and this record's
    /// JSON with an empty checksum.
    pub checksum: String,
}

impl Record {
    /// What the checksum has to be behind a record with the checksum `previous`.
    pub(crate) fn expected_checksum(&self, previous: &str) -> Result<String, serde_json::Error> {
        let bare = Self {
            checksum: String::new(),
            ..self.clone()
        };
        let mut hasher = Sha256::new();
        hasher.update(previous.as_bytes());
        hasher.update(serde_json::to_string(&bare)?.as_bytes());
        Ok(hex(&hasher.finalize()))
    }
}
