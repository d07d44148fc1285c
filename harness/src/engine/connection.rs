//! The pipes to one worker: requests out, replies in, each matched by its id.

use std::collections::HashMap;
use std::io::Write;
use std::process::ChildStdin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use super::protocol::{Op, Reply, Request};

/// The pipes to a ready worker.
pub(super) struct Connection {
    pub(super) pid: u32,
    stdin: Mutex<Option<ChildStdin>>,
    pending: Mutex<HashMap<u64, Sender<Reply>>>,
    next: AtomicU64,
}

impl Connection {
    /// The pipes to the worker of a pid.
    pub(super) fn new(pid: u32, stdin: ChildStdin) -> Self {
        Self {
            pid,
            stdin: Mutex::new(Some(stdin)),
            pending: Mutex::default(),
            next: AtomicU64::new(1),
        }
    }

    /// Sends a request; `None` when the worker cannot hear it any more.
    pub(super) fn send(&self, op: Op) -> Option<Receiver<Reply>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = channel();
        self.pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, sender);
        let mut line = serde_json::to_vec(&Request { id, op }).ok()?;
        line.push(b'\n');
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        stdin.as_mut()?.write_all(&line).ok()?;
        Some(receiver)
    }

    /// Hands a reply to the one who waits for it.
    pub(super) fn deliver(&self, reply: Reply) {
        let Some(id) = reply.id() else { return };
        let waiting = self
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
        if let Some(sender) = waiting {
            // One that no longer waits wants no answer.
            let _ = sender.send(reply);
        }
    }

    /// Ends the worker's standard input, which asks an embedded engine's worker to stop.
    pub(super) fn end_input(&self) {
        self.stdin
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// Lets everyone who waits for an answer know that none will come.
    pub(super) fn hang_up(&self) {
        self.end_input();
        self.pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}
