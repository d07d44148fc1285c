//! Writing a journal.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::clock::monotonic_ns;
use crate::crash_point::CrashPoint;
use crate::day::Day;
use crate::record::{FORMAT_VERSION, Kind, Record};
use crate::step::StepName;

/// Why a journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system said no.
    #[error("journal {}: {action}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
    /// A record that has no JSON form, which cannot happen with the types there are.
    #[error("journal {}: record cannot be written as JSON: {error}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        error: serde_json::Error,
    },
    /// An earlier write failed half-way, so nothing behind it could be trusted.
    #[error("journal {}: closed after a failed write", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
    },
}

/// The content of a record that a writer fills up with number, time, epoch and checksum.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The run.
    pub run: Option<String>,
    /// The source.
    pub source: Option<String>,
    /// The step.
    pub step: Option<StepName>,
    /// The day.
    pub partition: Option<Day>,
    /// The attempt, from 1.
    pub attempt: Option<u32>,
    /// The idempotency key.
    pub key: Option<String>,
    /// The fencing token.
    pub token: Option<u64>,
    /// Where a crash rule fired.
    pub point: Option<CrashPoint>,
    /// SHA-256 over the inputs.
    pub input_digest: Option<String>,
    /// The data version of the output.
    pub output_digest: Option<String>,
    /// Rows made or loaded.
    pub rows: Option<u64>,
    /// Rows changed.
    pub changed: Option<u64>,
    /// The error, or the crash rule's id.
    pub error: Option<String>,
}

/// Appends records to one journal file. Shared between threads; closes the journal when dropped.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    writer: String,
    epoch: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    seq: u64,
    checksum: String,
    /// False after `close` and after a write that failed.
    open: bool,
}

impl Writer {
    /// Starts `DIR/WRITER_ID.jsonl`, which must not exist yet, with an `open` record. The folder
    /// is made when it is not there. The file has its name once the record is in it: a process killed
    /// before that has no journal, where an empty one would look like one that was cut.
    ///
    /// # Errors
    /// When the folder or the file cannot be made, or the file is there already.
    pub fn create(dir: &Path, writer_id: &str, epoch: u64) -> Result<Self, JournalError> {
        let io = |path: &Path, action: &'static str| {
            let path = path.to_owned();
            move |error| JournalError::Io {
                path,
                action,
                error,
            }
        };
        std::fs::create_dir_all(dir).map_err(io(dir, "cannot make the folder"))?;
        let path = dir.join(format!("{writer_id}.jsonl"));
        // Of a results folder a name with a dot in front is no part.
        let unnamed = dir.join(format!(".{writer_id}.jsonl.partial"));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&unnamed)
            .map_err(io(&path, "cannot create"))?;
        let writer = Self {
            path,
            writer: writer_id.to_owned(),
            epoch,
            state: Mutex::new(State {
                file,
                seq: 0,
                checksum: String::new(),
                open: true,
            }),
        };
        let opened = writer.append(Kind::Open, Entry::default()).and_then(|()| {
            renameat_with(CWD, &unnamed, CWD, &writer.path, RenameFlags::NOREPLACE)
                .map_err(|error| io(&writer.path, "cannot create")(error.into()))
        });
        if let Err(error) = opened {
            // What is not removed has no name that a reader looks for.
            let _ = std::fs::remove_file(&unnamed);
            return Err(error);
        }
        Ok(writer)
    }

    /// Appends one record by one write(2). When this returns, SIGKILL of the process cannot take
    /// the record back.
    ///
    /// # Errors
    /// When the write fails or is cut short; after that the writer takes no more records.
    pub fn append(&self, kind: Kind, entry: Entry) -> Result<(), JournalError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.open {
            return Err(JournalError::Broken {
                path: self.path.clone(),
            });
        }
        let mut record = Record {
            format_version: FORMAT_VERSION,
            writer: self.writer.clone(),
            seq: state.seq + 1,
            t_ns: monotonic_ns(),
            kind,
            run: entry.run,
            source: entry.source,
            step: entry.step,
            partition: entry.partition,
            attempt: entry.attempt,
            key: entry.key,
            token: entry.token,
            epoch: self.epoch,
            point: entry.point,
            input_digest: entry.input_digest,
            output_digest: entry.output_digest,
            rows: entry.rows,
            changed: entry.changed,
            error: entry.error,
            checksum: String::new(),
        };
        let json = |error| JournalError::Json {
            path: self.path.clone(),
            error,
        };
        record.checksum = record.expected_checksum(&state.checksum).map_err(json)?;
        let mut line = serde_json::to_vec(&record).map_err(json)?;
        line.push(b'\n');
        // Not write_all: a second write(2) for the rest would not be one record in one write.
        let written = state.file.write(&line).and_then(|written| {
            if written == line.len() {
                Ok(())
            } else {
                Err(std::io::Error::other(format!(
                    "expected to write {} bytes, found {written}",
                    line.len()
                )))
            }
        });
        if let Err(error) = written {
            state.open = false;
            return Err(JournalError::Io {
                path: self.path.clone(),
                action: "cannot append",
                error,
            });
        }
        state.seq = record.seq;
        state.checksum = record.checksum;
        Ok(())
    }

    /// Writes the `close` record, once; later calls do nothing.
    ///
    /// # Errors
    /// When the write fails.
    pub fn close(&self) -> Result<(), JournalError> {
        if !self
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .open
        {
            return Ok(());
        }
        let closed = self.append(Kind::Close, Entry::default());
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .open = false;
        closed
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A journal without `close` is legal (its process was killed), so a failure to write it
        // says exactly that.
        let _ = self.close();
    }
}
