//! Staging: each archive is unpacked once into `staged/<SHA-256 of the archive>/`, with the index
//! beside the table.
//!
//! Several processes may stage the same archive at once: each writes files of its own and renames
//! them; the index comes last, so where it is, the table is. Whoever comes later overwrites equal
//! bytes with equal bytes.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use orchbench_journal::ErrorType;

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
    path: PathBuf,
    table: File,
}

impl Staged {
    /// The bytes of an extent.
    ///
    /// # Errors
    /// `Artifact`, when the staged table was cut or removed.
    pub(crate) fn bytes(&self, extent: Extent) -> Result<Vec<u8>, StepError> {
        let length = usize::try_from(extent.end.saturating_sub(extent.start)).unwrap_or(0);
        let mut bytes = vec![0; length];
        self.table
            .read_exact_at(&mut bytes, extent.start)
            .map_err(|error| {
                artifact(
                    &self.path,
                    &format!("bytes {} to {}", extent.start, extent.end),
                    &error,
                )
            })?;
        Ok(bytes)
    }
}

fn artifact(path: &Path, what: &str, error: &dyn std::fmt::Display) -> StepError {
    StepError::new(
        ErrorType::Artifact,
        format!("staged {}: {what}: {error}", path.display()),
    )
}

/// Stages a dataset, or finds it staged.
///
/// # Errors
/// `Dataset`, when the archive or its table cannot be used; `Artifact`, when the work folder
/// cannot be written.
pub(crate) fn stage(
    dataset: Dataset,
    data_dir: Option<&Path>,
    work_dir: &Path,
) -> Result<Staged, StepError> {
    let archive = archive::open(dataset, data_dir)?;
    let dir = work_dir.join("staged").join(archive.version());
    let path = dir.join(dataset.csv_name());
    let name = format!("{}: {}", archive.name, dataset.csv_name());
    if let Some(index) = staged_index(&dir, dataset)
        && let Ok(table) = File::open(&path)
        && table
            .metadata()
            .is_ok_and(|metadata| metadata.len() == index.whole.end)
    {
        return Ok(Staged {
            index,
            name,
            path,
            table,
        });
    }
    std::fs::create_dir_all(&dir).map_err(|error| artifact(&dir, "cannot be made", &error))?;
    let index = write(&archive, dataset, &dir, &name)?;
    let table = File::open(&path).map_err(|error| artifact(&path, "cannot be opened", &error))?;
    Ok(Staged {
        index,
        name,
        path,
        table,
    })
}

fn index_path(dir: &Path, dataset: Dataset) -> PathBuf {
    dir.join(format!("{}.index.json", dataset.name()))
}

/// The index of an earlier staging; `None` when there is none, or one of another version.
fn staged_index(dir: &Path, dataset: Dataset) -> Option<Index> {
    let bytes = std::fs::read(index_path(dir, dataset)).ok()?;
    let index: Index = serde_json::from_slice(&bytes).ok()?;
    (index.format_version == FORMAT_VERSION).then_some(index)
}

fn write(archive: &Archive, dataset: Dataset, dir: &Path, name: &str) -> Result<Index, StepError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| artifact(dir, what, error);
    let temporary = || tempfile::NamedTempFile::new_in(dir);
    let mut table = temporary().map_err(|error| failed("cannot be written", &error))?;
    archive::unpack(archive, dataset, table.as_file_mut())?;
    let reading = table
        .reopen()
        .map_err(|error| failed("cannot be read again", &error))?;
    let index = index::build(BufReader::new(reading), dataset, name)?;
    table
        .persist(dir.join(dataset.csv_name()))
        .map_err(|error| failed("table cannot be renamed", &error))?;
    let mut file = temporary().map_err(|error| failed("index cannot be written", &error))?;
    serde_json::to_writer(file.as_file_mut(), &index)
        .map_err(|error| failed("index cannot be written", &error))?;
    file.persist(index_path(dir, dataset))
        .map_err(|error| failed("index cannot be renamed", &error))?;
    Ok(index)
}
