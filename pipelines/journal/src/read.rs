//! Reading journals, and saying what is wrong with them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::record::{FORMAT_VERSION, Record};
use crate::write::JournalError;

/// The records that can be read, and every sign that some are missing or changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    /// The records, file by file in the order of the names, each file in its own order.
    pub records: Vec<Record>,
    /// What is wrong; a verdict on a journal with problems is "unknown", never a pass.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a journal file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// The kind.
    pub kind: ProblemKind,
    /// What was expected and what was found.
    pub message: String,
}

/// The kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A sequence number is missing, or came twice.
    Gap,
    /// The record, or the one before it, is not what was written.
    BadChecksum,
    /// The last line has no end: its write was cut.
    TruncatedLine,
    /// The line is no record of a journal, or of another writer's journal.
    ForeignFile,
    /// A newer version wrote it.
    FutureVersion,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: line {}: {}",
            self.file.display(),
            self.line,
            self.message
        )
    }
}

/// Reads one journal file.
///
/// # Errors
/// Only when the file cannot be read at all; what is wrong inside it is in
/// [`Journal::problems`].
pub fn read(path: &Path) -> Result<Journal, JournalError> {
    let bytes = std::fs::read(path).map_err(|error| JournalError::Io {
        path: path.to_owned(),
        action: "cannot read",
        error,
    })?;
    Ok(read_bytes(path, &bytes))
}

/// Reads a journal file's content. `path` names its writer, and the file in problems; nothing is
/// read from there.
#[must_use]
pub fn read_bytes(path: &Path, bytes: &[u8]) -> Journal {
    let mut reader = Reader::new(path);
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            reader.line += 1;
            reader.problem(
                ProblemKind::TruncatedLine,
                format!(
                    "expected a record ending in a newline, found {} bytes and the end of the file",
                    rest.len()
                ),
            );
            break;
        };
        reader.line(&rest[..end]);
        rest = &rest[end + 1..];
    }
    if bytes.is_empty() {
        reader.line = 1;
        reader.problem(
            ProblemKind::Gap,
            "expected seq 1, found an empty file".to_owned(),
        );
    }
    reader.journal
}

/// Reads every `*.jsonl` of a folder.
///
/// # Errors
/// When the folder or one of the files cannot be read at all.
pub fn read_dir(dir: &Path) -> Result<Journal, JournalError> {
    let mut journal = Journal::default();
    for path in files(dir)? {
        let mut one = read(&path)?;
        journal.records.append(&mut one.records);
        journal.problems.append(&mut one.problems);
    }
    Ok(journal)
}

/// The journal files of a folder, in the order of their names. One that is still without a record has no
/// name of a journal.
///
/// # Errors
/// When the folder cannot be listed.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let io = |error| JournalError::Io {
        path: dir.to_owned(),
        action: "cannot list",
        error,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Only what tells a newer format from something else.
#[derive(Deserialize)]
struct VersionOnly {
    format_version: u32,
}

struct Reader<'a> {
    path: &'a Path,
    writer: String,
    line: u64,
    next_seq: u64,
    /// The checksum of the record before; `None` when it is not known, after a gap or a line that
    /// could not be read, so that one fault is not told twice.
    previous: Option<String>,
    journal: Journal,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path) -> Self {
        Self {
            path,
            writer: path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default(),
            line: 0,
            next_seq: 1,
            previous: Some(String::new()),
            journal: Journal::default(),
        }
    }

    fn problem(&mut self, kind: ProblemKind, message: String) {
        self.journal.problems.push(Problem {
            file: self.path.to_owned(),
            line: self.line,
            kind,
            message,
        });
    }

    fn line(&mut self, bytes: &[u8]) {
        self.line += 1;
        let record: Record = match serde_json::from_slice(bytes) {
            Ok(record) => record,
            Err(error) => {
                self.previous = None;
                let version =
                    serde_json::from_slice::<VersionOnly>(bytes).map(|only| only.format_version);
                match version {
                    Ok(version) if version > FORMAT_VERSION => self.future(version),
                    _ => self.problem(
                        ProblemKind::ForeignFile,
                        format!(
                            "expected a journal record, found {}: {error}",
                            excerpt(bytes)
                        ),
                    ),
                }
                return;
            }
        };
        if record.format_version > FORMAT_VERSION {
            self.previous = None;
            self.future(record.format_version);
            return;
        }
        if record.writer != self.writer {
            self.previous = None;
            self.problem(
                ProblemKind::ForeignFile,
                format!(
                    "expected a record of writer {}, found one of {}",
                    self.writer, record.writer
                ),
            );
            return;
        }
        if record.seq != self.next_seq {
            self.previous = None;
            self.problem(
                ProblemKind::Gap,
                format!("expected seq {}, found {}", self.next_seq, record.seq),
            );
        }
        if let Some(previous) = &self.previous {
            let expected = record.expected_checksum(previous).unwrap_or_default();
            if expected != record.checksum {
                self.problem(
                    ProblemKind::BadChecksum,
                    format!(
                        "seq {}: expected checksum {expected}, found {}",
                        record.seq, record.checksum
                    ),
                );
            }
        }
        // After the last number there is none: whatever follows is a gap.
        self.next_seq = record.seq.saturating_add(1);
        self.previous = Some(record.checksum.clone());
        self.journal.records.push(record);
    }

    fn future(&mut self, version: u32) {
        self.problem(
            ProblemKind::FutureVersion,
            format!("expected format_version up to {FORMAT_VERSION}, found {version}"),
        );
    }
}

/// The first bytes of a line, for a message.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
    format!("{text:?}")
}
