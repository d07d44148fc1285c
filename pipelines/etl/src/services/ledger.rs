//! The ledger: every call that a service took, and the state that follows from them.

use std::collections::{HashMap, HashSet};

use orchbench_journal::{StepName, monotonic_ns};

use super::Posted;

/// A call that a service took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its place in the ledger, from 1.
    pub seq: u64,
    /// When it was taken, CLOCK_MONOTONIC.
    pub t_ns: u64,
    /// Its idempotency key.
    pub key: String,
    /// What it asked for.
    pub step: StepName,
    /// The attempt as the caller counts it, from 1.
    pub attempt: u32,
    /// The caller's fencing token.
    pub token: u64,
    /// Whether it changed something.
    pub changed: bool,
    /// The status of the answer; `None` where none came.
    pub status: Option<u16>,
    /// What the answer said of when to come again, milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Call {
    pub(super) fn new(step: StepName, key: &str, posted: &Posted) -> Self {
        Self {
            seq: 0,
            t_ns: monotonic_ns(),
            key: key.to_owned(),
            step,
            attempt: posted.attempt,
            token: posted.token,
            changed: false,
            status: None,
            retry_after_ms: None,
        }
    }

    pub(super) fn answered(self, status: u16) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    pub(super) fn come_again(self, after_s: u32) -> Self {
        Self {
            retry_after_ms: Some(u64::from(after_s) * 1_000),
            ..self
        }
    }
}

/// All calls so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    calls: Vec<Call>,
    /// The receipts of the acts that had their effect.
    receipts: HashMap<String, String>,
    /// The keys of the acts that were taken back, known or not.
    cancelled: HashSet<String>,
}

impl Ledger {
    pub(super) fn calls(&self) -> &[Call] {
        &self.calls
    }

    pub(super) fn is_cancelled(&self, act: &str) -> bool {
        self.cancelled.contains(act)
    }

    /// Does what a call asks for, once a key: the receipt, and whether this was the call that did it.
    pub(super) fn act(&mut self, call: Call) -> (String, bool) {
        let number = self.receipts.len() + 1;
        let changed = !self.receipts.contains_key(&call.key);
        let receipt = self
            .receipts
            .entry(call.key.clone())
            .or_insert_with(|| format!("{}-{number:06}", call.step))
            .clone();
        self.write(Call { changed, ..call });
        (receipt, changed)
    }

    /// Takes an act back, once: whether it has come, and whether this was the call that took it back.
    pub(super) fn cancel(&mut self, call: Call, act: &str) -> (bool, bool) {
        let first = self.cancelled.insert(act.to_owned());
        let known = self.receipts.contains_key(act);
        let changed = first && known;
        self.write(Call { changed, ..call });
        (known, changed)
    }

    pub(super) fn write(&mut self, call: Call) {
        let seq = self.calls.len() as u64 + 1;
        self.calls.push(Call { seq, ..call });
    }
}
