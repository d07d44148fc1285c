//! JSON lines, from and to memory.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::record::FolderError;

/// What becomes of a last line without its newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CutEnd {
    /// The writer was killed while it wrote: the line is left out when it is no record.
    LeftOut,
    /// Nothing but damage cuts it.
    Refused,
}

/// The records of a file's content; `path` names it in errors.
pub(super) fn parse<T: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    cut_end: CutEnd,
) -> Result<Vec<T>, FolderError> {
    let malformed = |line, expected: &str, found: String| FolderError::Malformed {
        path: path.to_owned(),
        line,
        expected: expected.to_owned(),
        found,
    };
    let cut = !bytes.is_empty() && !bytes.ends_with(b"\n");
    if cut && cut_end == CutEnd::Refused {
        let line = bytes.split(|byte| *byte == b'\n').count();
        let found = "the end of the file".to_owned();
        return Err(malformed(line, "a newline at the end", found));
    }
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    let mut values = Vec::new();
    let mut number = 0;
    while let Some(line) = lines.next() {
        number += 1;
        let last = lines.peek().is_none();
        if last && line.is_empty() {
            break;
        }
        match serde_json::from_slice(line) {
            Ok(value) => values.push(value),
            Err(_) if last && cut => {}
            Err(error) => return Err(malformed(number, "a JSON record", error.to_string())),
        }
    }
    Ok(values)
}

/// A line a record, each with its newline.
pub(super) fn render<T: Serialize>(path: &Path, records: &[T]) -> Result<Vec<u8>, FolderError> {
    let mut text = Vec::new();
    for record in records {
        serde_json::to_writer(&mut text, record)
            .map_err(|error| FolderError::io(path)(error.into()))?;
        text.push(b'\n');
    }
    Ok(text)
}
