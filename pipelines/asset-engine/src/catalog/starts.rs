//! The start log: attempts that began, in a file beside the catalog, ahead of the group commit.
//!
//! One line an attempt, JSON, a tab and a checksum of the JSON; one write(2) with `O_APPEND` and no
//! fsync: it outlives SIGKILL of the process. The line is written before the step is called; a line
//! cut short by the kill therefore belongs to a step that did not begin, and is ignored. The file is
//! emptied when the catalog has everything that it says.
//!
//! All that it adds is the number of an attempt that died. So a damaged line keeps nobody from
//! working: the file is set aside, and an attempt that the line told of may get its number again, in
//! another epoch.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::aside::set_aside;
use super::{CatalogError, Failpoint, chain};
use crate::event::Attempt;
use crate::key::AssetKey;

/// Above this size the file is emptied as soon as it may be.
const EMPTY_ABOVE_BYTES: u64 = 64 * 1024;

/// Where attempts that begin are recorded ahead of the group commit.
pub(crate) trait Starts: Send {
    /// Records that an attempt begins. Survives SIGKILL once this returns.
    fn append(&mut self, start: &Start) -> Result<(), CatalogError>;
    /// Empties it once it has grown; call only when the catalog has everything it says.
    fn empty_when_large(&mut self) -> Result<(), CatalogError>;
    /// Empties it; call only when the catalog has everything it says.
    fn empty(&mut self) -> Result<(), CatalogError>;
}

/// The start log of an executor on a file.
#[derive(Debug)]
pub(crate) struct StartLog {
    file: File,
    path: PathBuf,
    bytes: u64,
    line: Vec<u8>,
    failpoint: Failpoint,
}

/// What was found in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub starts: Vec<Start>,
    /// Lines that are not as they were written, and why.
    pub damaged: Vec<String>,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    t_ns: u64,
    at_ms: u64,
    attempt: u32,
    asset: std::borrow::Cow<'a, str>,
    partition: Option<std::borrow::Cow<'a, str>>,
    run: std::borrow::Cow<'a, str>,
}

/// An attempt that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub t_ns: u64,
    pub at_ms: u64,
    pub attempt: Attempt,
}

impl StartLog {
    /// Where the start log of a catalog lies.
    pub fn path_beside(catalog: &Path) -> PathBuf {
        let mut name = catalog.as_os_str().to_owned();
        name.push(".starts");
        PathBuf::from(name)
    }

    /// The lines of a catalog's start log that are not as they were written.
    pub fn damaged(catalog: &Path) -> Result<Vec<String>, CatalogError> {
        let path = Self::path_beside(catalog);
        match std::fs::read(&path) {
            Ok(text) => Ok(parse(&path, &text).damaged),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(CatalogError::Io {
                path,
                doing: "read the start log",
                source,
            }),
        }
    }

    /// Opens the file and returns what a dead executor left in it. One that is damaged is kept as
    /// `<catalog>.starts.damaged`.
    pub fn open(catalog: &Path, failpoint: Failpoint) -> Result<(Self, Found), CatalogError> {
        let path = Self::path_beside(catalog);
        let failed = |doing| {
            let path = path.clone();
            move |source| CatalogError::Io {
                path,
                doing,
                source,
            }
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed("open the start log"))?;
        let text = std::fs::read(&path).map_err(failed("read the start log"))?;
        let found = parse(&path, &text);
        if !found.damaged.is_empty() {
            set_aside(&path).map_err(failed("set the damaged start log aside"))?;
        }
        let log = Self {
            file,
            path,
            bytes: text.len() as u64,
            line: Vec::with_capacity(256),
            failpoint,
        };
        Ok((log, found))
    }
}

impl Starts for StartLog {
    fn append(&mut self, start: &Start) -> Result<(), CatalogError> {
        self.failpoint.pass("start log")?;
        let line = Line {
            t_ns: start.t_ns,
            at_ms: start.at_ms,
            attempt: start.attempt.attempt,
            asset: start.attempt.asset.as_str().into(),
            partition: start.attempt.partition.as_deref().map(Into::into),
            run: start.attempt.run.as_ref().into(),
        };
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, &line)
            .map_err(std::io::Error::from)
            .and_then(|()| {
                let checksum = checksum(&self.line);
                self.line.push(b'\t');
                self.line.extend_from_slice(checksum.as_bytes());
                self.line.push(b'\n');
                self.file.write_all(&self.line)
            });
        self.bytes += self.line.len() as u64;
        written.map_err(|source| CatalogError::Io {
            path: self.path.clone(),
            doing: "append to the start log",
            source,
        })
    }

    fn empty_when_large(&mut self) -> Result<(), CatalogError> {
        if self.bytes > EMPTY_ABOVE_BYTES {
            self.empty()?;
        }
        Ok(())
    }

    fn empty(&mut self) -> Result<(), CatalogError> {
        if self.bytes == 0 {
            return Ok(());
        }
        self.file.set_len(0).map_err(|source| CatalogError::Io {
            path: self.path.clone(),
            doing: "empty the start log",
            source,
        })?;
        self.bytes = 0;
        Ok(())
    }
}

/// Eight bytes of the SHA-256 of a line's JSON, in hexadecimal.
fn checksum(json: &[u8]) -> String {
    chain::hex(&Sha256::digest(json)[..8])
}

fn parse(path: &Path, text: &[u8]) -> Found {
    let mut found = Found::default();
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(line) = line.strip_suffix(b"\n") else {
            break;
        };
        match start(line) {
            Ok(start) => found.starts.push(start),
            Err(reason) => {
                found
                    .damaged
                    .push(format!("{}: line {}: {reason}", path.display(), number + 1))
            }
        }
    }
    found
}

fn start(line: &[u8]) -> Result<Start, String> {
    let json = match line.iter().position(|byte| *byte == b'\t') {
        // Version 1 of the catalog had no checksums.
        None => line,
        Some(tab) if checksum(&line[..tab]).as_bytes() == &line[tab + 1..] => &line[..tab],
        Some(_) => return Err("does not match its checksum".to_owned()),
    };
    let line: Line<'_> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    Ok(Start {
        t_ns: line.t_ns,
        at_ms: line.at_ms,
        attempt: Attempt {
            run: Arc::from(line.run.as_ref()),
            asset: AssetKey::new(&line.asset).map_err(|error| error.to_string())?,
            partition: line.partition.as_deref().map(Arc::from),
            attempt: line.attempt,
        },
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn start(attempt: u32) -> Start {
        Start {
            t_ns: 7,
            at_ms: 8,
            attempt: Attempt {
                run: Arc::from("run \"1\"\n"),
                asset: AssetKey::new("a/b").unwrap(),
                partition: Some(Arc::from("2013-01-01")),
                attempt,
            },
        }
    }

    #[test]
    fn keeps_whole_lines_and_drops_a_torn_one() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.db");
        let (mut log, left) = StartLog::open(&catalog, Failpoint::default()).unwrap();
        assert_eq!(left, Found::default());
        log.append(&start(1)).unwrap();
        log.append(&start(2)).unwrap();
        drop(log);
        let path = StartLog::path_beside(&catalog);
        let text = std::fs::read(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 3]).unwrap();
        let (mut log, left) = StartLog::open(&catalog, Failpoint::default()).unwrap();
        assert_eq!((left.starts, left.damaged), (vec![start(1)], vec![]));
        log.empty().unwrap();
        let (_log, left) = StartLog::open(&catalog, Failpoint::default()).unwrap();
        assert_eq!(left, Found::default());
    }

    #[test]
    fn a_flipped_byte_is_found_and_costs_its_line_only() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.db");
        let (mut log, _) = StartLog::open(&catalog, Failpoint::default()).unwrap();
        log.append(&start(1)).unwrap();
        log.append(&start(2)).unwrap();
        let path = StartLog::path_beside(&catalog);
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            // A line that lost its end is one that was never written, so only the last may.
            let last_newline = at + 1 == whole.len();
            let found = parse(&path, &bytes);
            if last_newline {
                assert_eq!(found.starts, [start(1)]);
                continue;
            }
            assert!(
                found.damaged[0].contains(".starts: line "),
                "byte {at}: {found:?}"
            );
            let newline = at + 1 == whole.len() / 2;
            let left = usize::from(!newline);
            assert_eq!(found.starts.len(), left, "byte {at}: {found:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_named_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.db");
        let path = StartLog::path_beside(&catalog);
        for kept in ["", ".1", ".2"] {
            std::fs::write(&path, format!("{{}}{kept}\n")).unwrap();
            let (mut log, found) = StartLog::open(&catalog, Failpoint::default()).unwrap();
            assert!(
                found.damaged[0].contains("catalog.db.starts: line 1: "),
                "{found:?}"
            );
            log.empty().unwrap();
            let aside = dir.path().join(format!("catalog.db.starts.damaged{kept}"));
            let text = std::fs::read_to_string(aside).unwrap();
            assert_eq!(text, format!("{{}}{kept}\n"));
        }
    }
}
