//! The trial's event file, and the seals of its journal files.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::TrialError;
use super::trial::io;
use orchbench_etl::journal::{self, JournalError};
use orchbench_evidence::record::{Event, EventBody, JournalSeal, TrialStatus};

/// The trial's event file, shared with the threads that watch processes.
#[derive(Clone)]
pub(super) struct EventLog(Arc<Mutex<Log>>);

struct Log {
    file: fs::File,
    events: u64,
}

impl EventLog {
    pub(super) fn create(path: &Path) -> Result<Self, TrialError> {
        let file = fs::File::create_new(path).map_err(io(path))?;
        Ok(Self(Arc::new(Mutex::new(Log { file, events: 0 }))))
    }

    pub(super) fn write(&self, body: EventBody) -> Result<(), TrialError> {
        self.log().write(body)
    }

    /// The trial's end, with the number of the events before it.
    pub(super) fn end(
        &self,
        status: TrialStatus,
        reason: Option<String>,
    ) -> Result<(), TrialError> {
        let mut log = self.log();
        let events = Some(log.events);
        log.write(EventBody::TrialEnded {
            status,
            reason,
            events,
        })
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn write(&mut self, body: EventBody) -> Result<(), TrialError> {
        let event = Event {
            t_ns: orchbench_etl::monotonic_ns(),
            body,
        };
        let io = |source: std::io::Error| TrialError::Io {
            what: "event file".into(),
            source,
        };
        let mut line = serde_json::to_vec(&event).map_err(|error| io(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(io)?;
        self.events += 1;
        Ok(())
    }
}

/// What each journal file of a folder holds.
pub(super) fn seals(dir: &Path) -> Result<Vec<JournalSeal>, TrialError> {
    let refused = |error: JournalError| TrialError::Plan(error.to_string());
    let mut files = Vec::new();
    for path in journal::files(dir).map_err(refused)? {
        let read = journal::read(&path).map_err(refused)?;
        files.push(JournalSeal {
            file: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            records: read.records.len() as u64,
            last_checksum: read
                .records
                .last()
                .map(|record| record.checksum.clone())
                .unwrap_or_default(),
        });
    }
    Ok(files)
}
