//! One slot: a worker from its start to its end, and under a supervisor its successors.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::Shared;
use crate::engine::connection::Connection;
use crate::engine::protocol::Reply;
use orchbench_etl::Release;
use orchbench_evidence::record::EventBody;
use orchbench_lab::process::{Child, Stream};

impl Shared {
    /// Keeps one slot: a worker, and with a supervisor its successors.
    pub(super) fn keep_slot(&self, slot: usize) {
        loop {
            if let Err(reason) = self.one_worker(slot) {
                self.lock().failure.get_or_insert(reason);
                self.changed.notify_all();
                return;
            }
            let Some(delay) = self.restart_delay else {
                return;
            };
            if self.lock().closing {
                return;
            }
            // The supervisor's delay itself, the same on every engine.
            std::thread::sleep(delay);
        }
    }

    /// One worker from its start to its end.
    fn one_worker(&self, slot: usize) -> Result<(), String> {
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed) + 1;
        let (child, stdout, connection) = {
            let mut state = self.lock();
            if state.closing {
                return Ok(());
            }
            let mut child = self.spawn(epoch, state.releases[slot])?;
            let (Some(stdin), Some(stdout)) = (child.take_stdin(), child.take_stdout()) else {
                return Err("a worker has no pipes".into());
            };
            let connection = Arc::new(Connection::new(child.id(), stdin));
            let child = Arc::new(Mutex::new(child));
            state.alive.insert(connection.pid, Arc::clone(&child));
            (child, stdout, connection)
        };
        let was_ready = self.listen(stdout, &connection, epoch);
        self.see_end(&child, &connection, was_ready, epoch)
    }

    fn spawn(&self, epoch: u64, release: Release) -> Result<Child, String> {
        let config = self.config_dir.join(format!("worker-{epoch}.json"));
        let log = self.config_dir.join(format!("worker-{epoch}.log"));
        let mut worker = self.template.clone();
        worker.etl.worker_epoch = epoch;
        worker.etl.release = release;
        let text = serde_json::to_string_pretty(&worker)
            .map_err(|error| format!("worker configuration: {error}"))?;
        std::fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
        let spec = (self.program)(&config)
            .stdin(Stream::Piped)
            .stdout(Stream::Piped)
            .stderr(Stream::Log(log));
        Child::spawn(&spec, "worker").map_err(|error| error.to_string())
    }

    /// Reads what the worker says until its end; true when it was ready.
    fn listen(&self, stdout: ChildStdout, connection: &Arc<Connection>, epoch: u64) -> bool {
        let mut ready = false;
        for line in BufReader::new(stdout).lines() {
            let Ok(line) = line else { break };
            match serde_json::from_str::<Reply>(&line) {
                Ok(Reply::Ready { pid, journal }) => {
                    ready = true;
                    let journal = (journal && self.template.etl.journal_dir.is_some())
                        .then(|| format!("{epoch}-{pid}.jsonl"));
                    // The trial that cannot write its events fails at its next own event.
                    let _ = self.events.write(EventBody::WorkerReady {
                        pid,
                        epoch,
                        journal,
                    });
                    self.lock().ready.push(Arc::clone(connection));
                    self.changed.notify_all();
                }
                Ok(reply) => connection.deliver(reply),
                // A library that prints to standard output is no answer.
                Err(_) => {}
            }
        }
        ready
    }

    fn see_end(
        &self,
        child: &Mutex<Child>,
        connection: &Connection,
        was_ready: bool,
        epoch: u64,
    ) -> Result<(), String> {
        use std::os::unix::process::ExitStatusExt;
        let status = child
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .wait()
            .map_err(|error| error.to_string())?;
        let mut state = self.lock();
        state.ready.retain(|ready| ready.pid != connection.pid);
        state.alive.remove(&connection.pid);
        let _ = self.events.write(EventBody::WorkerExited {
            pid: connection.pid,
            signal: status.signal(),
            code: status.code(),
        });
        let closing = state.closing;
        drop(state);
        connection.hang_up();
        self.changed.notify_all();
        if was_ready || closing || status.signal().is_some() {
            return Ok(());
        }
        let log = self.config_dir.join(format!("worker-{epoch}.log"));
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let last: Vec<&str> = text.lines().rev().take(3).collect();
        Err(format!(
            "a worker ended before it was ready ({status}): {}",
            last.into_iter().rev().collect::<Vec<_>>().join(" | ")
        ))
    }
}
