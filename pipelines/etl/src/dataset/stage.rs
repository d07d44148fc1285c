//! Staging: each archive is unpacked once into `staged/<SHA-256 of the archive>/`, with the index
//! beside the table.
//!
//! Several processes may stage the same archive at once: each writes files of its own and renames
//! them; the index comes last, so where it is, the table is. Whoever comes later overwrites equal
//! bytes with equal bytes. Neither is trusted for being there: the index has a digest of itself,
//! and of each range of bytes that is read at a time, so what a step reads is what was staged; what
//! is not is staged again.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use orchbench_journal::{Day, ErrorType, hex};
use sha2::{Digest as _, Sha256};

use super::Dataset;
use super::archive::{self, Archive};
use super::index::{self, Extent, FORMAT_VERSION, Index};
use crate::error::StepError;

/// A table on disk, with its index.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) index: Index,
    /// The name for messages.
    pub(crate) name: String,
    /// The version of the archive.
    pub(crate) version: String,
    path: PathBuf,
    table: File,
}

/// Rows as they stand in a table.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) bytes: Vec<u8>,
    /// Each run of rows in `bytes`, with the line of its first row.
    pub(crate) runs: Vec<(Range<usize>, u64)>,
}

impl Staged {
    /// All rows, or those of one day.
    ///
    /// # Errors
    /// `Artifact`, when the staged table was cut, removed or changed.
    pub(crate) fn read(&self, day: Option<Day>) -> Result<Text, StepError> {
        let mut text = Text::default();
        for extent in self.index.extents(day) {
            let bytes = bytes(&self.table, extent)
                .map_err(|error| artifact(&self.path, &place(extent), &error))?;
            let found = hex(&Sha256::digest(&bytes));
            if found != extent.digest {
                let what = format!("expected the SHA-256 {}, found {found}", extent.digest);
                return Err(artifact(&self.path, &place(extent), &what));
            }
            let start = text.bytes.len();
            text.bytes.extend(bytes);
            text.runs.push((start..text.bytes.len(), extent.line));
        }
        Ok(text)
    }
}

fn place(extent: &Extent) -> String {
    format!("bytes {} to {}", extent.start, extent.end)
}

fn bytes(table: &File, extent: &Extent) -> std::io::Result<Vec<u8>> {
    let length = usize::try_from(extent.end.saturating_sub(extent.start)).unwrap_or(0);
    let mut bytes = vec![0; length];
    table.read_exact_at(&mut bytes, extent.start)?;
    Ok(bytes)
}

fn artifact(path: &Path, what: &str, error: &dyn std::fmt::Display) -> StepError {
    StepError::new(
        ErrorType::Artifact,
        format!("staged {}: {what}: {error}", path.display()),
    )
}

/// Stages an archive, or finds it staged.
///
/// # Errors
/// `Dataset`, when the archive or its table cannot be used; `Artifact`, when the work folder
/// cannot be written.
pub(crate) fn stage(
    dataset: Dataset,
    archive: &Archive,
    work_dir: &Path,
) -> Result<Staged, StepError> {
    staged(dataset, archive, work_dir, |dir| earlier(dir, dataset))
}

/// Stages an archive, whatever is there.
///
/// # Errors
/// As [`stage`].
pub(crate) fn stage_anew(
    dataset: Dataset,
    archive: &Archive,
    work_dir: &Path,
) -> Result<Staged, StepError> {
    staged(dataset, archive, work_dir, |_| None)
}

fn staged(
    dataset: Dataset,
    archive: &Archive,
    work_dir: &Path,
    earlier: impl FnOnce(&Path) -> Option<(Index, File)>,
) -> Result<Staged, StepError> {
    let version = archive.version();
    let dir = dir(work_dir, &version);
    let name = name(archive, dataset);
    let (index, table) = match earlier(&dir) {
        Some(there) => there,
        None => {
            std::fs::create_dir_all(&dir)
                .map_err(|error| artifact(&dir, "cannot be made", &error))?;
            write(archive, dataset, &dir, &name)?
        }
    };
    Ok(Staged {
        index,
        name,
        version,
        path: dir.join(dataset.csv_name()),
        table,
    })
}

/// What an earlier staging left in a folder, where it is of the length that its index says.
fn earlier(dir: &Path, dataset: Dataset) -> Option<(Index, File)> {
    let index = staged_index(dir, dataset)?;
    let table = File::open(dir.join(dataset.csv_name())).ok()?;
    let whole = table.metadata().ok()?.len() == index.whole.end;
    whole.then_some((index, table))
}

fn dir(work_dir: &Path, version: &str) -> PathBuf {
    work_dir.join("staged").join(version)
}

fn name(archive: &Archive, dataset: Dataset) -> String {
    format!("{}: {}", archive.name, dataset.csv_name())
}

fn index_path(dir: &Path, dataset: Dataset) -> PathBuf {
    dir.join(format!("{}.index", dataset.name()))
}

/// The index of an earlier staging; `None` when there is none, it is damaged, or of another version.
/// Its file is the hex SHA-256 of what follows, a newline, and the index as JSON.
fn staged_index(dir: &Path, dataset: Dataset) -> Option<Index> {
    let bytes = std::fs::read(index_path(dir, dataset)).ok()?;
    let at = bytes.iter().position(|byte| *byte == b'\n')?;
    let (digest, json) = (&bytes[..at], &bytes[at + 1..]);
    if digest != hex(&Sha256::digest(json)).as_bytes() {
        return None;
    }
    let index: Index = serde_json::from_slice(json).ok()?;
    (index.format_version == FORMAT_VERSION).then_some(index)
}

/// Writes table and index. The table that is given back is the one that was written, whoever else
/// may rename another to its place.
fn write(
    archive: &Archive,
    dataset: Dataset,
    dir: &Path,
    name: &str,
) -> Result<(Index, File), StepError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| artifact(dir, what, error);
    let temporary = || tempfile::NamedTempFile::new_in(dir);
    let mut table = temporary().map_err(|error| failed("cannot be written", &error))?;
    archive::unpack(archive, dataset, table.as_file_mut())?;
    let reading = table
        .reopen()
        .map_err(|error| failed("cannot be read again", &error))?;
    let mut index = index::build(BufReader::new(reading), dataset, name)?;
    for extent in index.extents_mut() {
        let bytes = bytes(table.as_file(), extent)
            .map_err(|error| failed("cannot be read again", &error))?;
        extent.digest = hex(&Sha256::digest(&bytes));
    }
    let table = table
        .persist(dir.join(dataset.csv_name()))
        .map_err(|error| failed("table cannot be renamed", &error))?;
    let json =
        serde_json::to_vec(&index).map_err(|error| failed("index cannot be written", &error))?;
    let digest = hex(&Sha256::digest(&json));
    let mut file = temporary().map_err(|error| failed("index cannot be written", &error))?;
    let mut put = |bytes: &[u8]| file.write_all(bytes);
    put(digest.as_bytes())
        .and_then(|()| put(b"\n"))
        .and_then(|()| put(&json))
        .map_err(|error| failed("index cannot be written", &error))?;
    file.persist(index_path(dir, dataset))
        .map_err(|error| failed("index cannot be renamed", &error))?;
    Ok((index, table))
}
