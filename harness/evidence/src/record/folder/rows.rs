//! Row sets, kept once by content: `rows/<sha256>.jsonl.gz`, the digest being that of the
//! uncompressed lines. Trials that leave the same rows name the same set.

use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use orchbench_journal::{Summary, hex};
use sha2::{Digest as _, Sha256};

use super::bounded::Bounded;
use super::lines::{self, CutEnd};
use super::{ResultsFolder, aside};
use crate::record::{Expected, ExpectedSource, FolderError, WarehouseRow, plain_name};

const EXPECTED: &str = "expected.json";

impl ResultsFolder {
    /// The rows of the set that has this digest.
    ///
    /// # Errors
    /// When the set is not there, is damaged, or has other content than its name says.
    pub fn rows(&self, digest: &str) -> Result<Vec<WarehouseRow>, FolderError> {
        lines::parse(&row_set(digest)?, &self.row_text(digest)?, CutEnd::Refused)
    }

    /// The uncompressed lines of a row set.
    pub(super) fn row_text(&self, digest: &str) -> Result<Vec<u8>, FolderError> {
        let path = row_set(digest)?;
        let file = File::open(self.root().join(&path)).map_err(FolderError::io(&path))?;
        let mut text = Vec::new();
        Bounded::new(MultiGzDecoder::new(BufReader::new(file)))
            .read_to_end(&mut text)
            .map_err(FolderError::io(&path))?;
        let found = hex(&Sha256::digest(&text));
        if found != digest {
            let expected = "content of the SHA-256 in its name";
            return Err(FolderError::unexpected(path, expected, found));
        }
        Ok(text)
    }

    /// Keeps a row set and gives its digest; a set that is there already, and whole, is left as it
    /// is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_rows(&self, rows: &[WarehouseRow]) -> Result<String, FolderError> {
        let text = lines::render(Path::new("rows"), rows)?;
        let digest = hex(&Sha256::digest(&text));
        let path = row_set(&digest)?;
        if self.row_text(&digest).is_err() {
            aside::write_with(&self.root().join(&path), |file| {
                let mut gzip = GzBuilder::new().mtime(0).write(file, Compression::best());
                gzip.write_all(&text)?;
                gzip.finish().map(drop)
            })
            .map_err(FolderError::io(&path))?;
        }
        Ok(digest)
    }

    /// Where the set of a digest lies.
    ///
    /// # Errors
    /// When it is no digest.
    pub fn row_set_path(&self, digest: &str) -> Result<PathBuf, FolderError> {
        Ok(self.root().join(row_set(digest)?))
    }

    /// What runs of each source should leave; no source when the folder does not say.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or names something that is no digest.
    pub fn expected(&self) -> Result<Expected, FolderError> {
        if !self.root().join(EXPECTED).exists() {
            return Ok(Expected::default());
        }
        let expected: Expected = self.read_json(EXPECTED)?;
        for source in expected.sources.values() {
            digest(Path::new(EXPECTED), &source.rows)?;
        }
        Ok(expected)
    }

    /// Keeps what a run of a source should leave and say.
    ///
    /// # Errors
    /// When the source has no plain name, or the folder cannot be read or written.
    pub fn expect(
        &self,
        source: &str,
        rows: &[WarehouseRow],
        summary: Summary,
    ) -> Result<(), FolderError> {
        plain_name("source", source)?;
        let mut expected = self.expected()?;
        let rows = self.keep_rows(rows)?;
        let entry = ExpectedSource { rows, summary };
        expected.sources.insert(source.to_owned(), entry);
        self.write_json(EXPECTED, &expected)
    }
}

/// The digest itself, when it is one: it becomes a file name.
pub(super) fn digest(path: &Path, text: &str) -> Result<String, FolderError> {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 64 && text.bytes().all(hexadecimal) {
        return Ok(text.to_owned());
    }
    let expected = "a SHA-256 of 64 hexadecimal digits";
    Err(FolderError::unexpected(path, expected, format!("{text:?}")))
}

fn row_set(text: &str) -> Result<PathBuf, FolderError> {
    let digest = digest(Path::new("rows"), text)?;
    Ok(Path::new("rows").join(format!("{digest}.jsonl.gz")))
}
