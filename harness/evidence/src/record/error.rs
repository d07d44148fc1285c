//! Why a results folder could not be read or written. Paths are as they are below the folder, so
//! that a folder gives the same messages wherever it lies.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a results folder could not be read or written.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The file system refused, or a compressed file is damaged.
    #[error("results folder: {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of a file is not what it should be.
    #[error("results folder: {path}: line {line}: expected {expected}, found {found}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A file as a whole is not what it should be: of another format, of content that does not
    /// match its name, no regular file.
    #[error("results folder: {path}: expected {expected}, found {found}")]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A trial, scenario, source or file has a name that could lead out of the folder.
    #[error(
        "results folder: {what} {name:?}: expected a plain file name (no '/', no '\\', no '.' at its start, no control characters, at most 200 bytes)"
    )]
    Name {
        /// What bears the name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A run is being made in the folder.
    #[error(
        "results folder: {path}: expected one that nobody writes, found a run that goes on in it"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder lacks what every results folder has.
    #[error("results folder: {path}: expected {expected}, found none (is this a results folder?)")]
    NotOne {
        /// The folder.
        path: PathBuf,
        /// The missing file.
        expected: &'static str,
    },
}

impl FolderError {
    /// What the system said of a path below the folder.
    pub(super) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { path, source }
    }

    pub(super) fn unexpected(
        path: impl Into<PathBuf>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Unexpected {
            path: path.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}
