//! The artifact store: Parquet files under their digest, in a folder or an object store.
//!
//! A file's name is the digest of its logical rows, so the same data has the same path whoever
//! wrote it and whenever. It is not believed for being there: what is read is checked against its digest, and a file
//! that does not have it is put aside, so that it counts as missing from then on.

mod folder;
mod objects;

use std::io;
use std::panic::catch_unwind;
use std::path::{Component, Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use orchbench_journal::ErrorType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use self::folder::Folder;
use self::objects::Objects;
pub use self::objects::store_url;
use crate::error::{EtlError, StepError};
use crate::frame::Rows;
use crate::outcome::ArtifactRef;
use crate::schema::Column;

/// Where artifacts are, by paths below it.
trait Place: std::fmt::Debug + Send + Sync {
    /// A path, for messages.
    fn name(&self, path: &Path) -> String;
    /// Puts a file there, whole or not at all.
    fn put(&self, path: &Path, content: Vec<u8>) -> io::Result<()>;
    fn get(&self, path: &Path) -> io::Result<Bytes>;
    /// Whether a file is there, as far as a short look tells.
    fn has(&self, path: &Path) -> bool;
    /// Takes a damaged file out of the way, where it can.
    fn put_aside(&self, path: &Path);
}

/// The store of a process.
#[derive(Debug)]
pub(crate) struct ArtifactStore(Box<dyn Place>);

impl ArtifactStore {
    /// The kinds of artifacts, each a folder.
    pub(crate) const KINDS: [&str; 7] = [
        "airlines",
        "airports",
        "flights",
        "planes",
        "quarantine",
        "transformed",
        "weather",
    ];

    /// In a folder, which is made, or in the object store of a URL.
    ///
    /// # Errors
    /// The folder cannot be made, or the store cannot be used.
    pub(crate) fn open(dir: PathBuf, url: Option<&str>) -> Result<Self, EtlError> {
        Ok(match url {
            None => match Folder::create(dir.clone(), &Self::KINDS) {
                Ok(folder) => Self(Box::new(folder)),
                Err(error) => return Err(EtlError::Folder { path: dir, error }),
            },
            Some(url) => Self(Box::new(Objects::open(url).map_err(EtlError::Store)?)),
        })
    }

    /// Writes a batch whose rows are sorted by key.
    ///
    /// # Errors
    /// `Artifact`.
    pub(crate) fn write(
        &self,
        kind: &str,
        batch: &RecordBatch,
        columns: &[Column],
    ) -> Result<ArtifactRef, StepError> {
        let rows = Rows::new(batch, columns);
        let rows = rows.map_err(|error| self.failed(Path::new(kind), "rows", &error))?;
        let digest = rows.digest(columns);
        let artifact = Self::reference(kind, &digest, batch.num_rows() as u64);
        let path = Path::new(&artifact.path);
        let failed = |error: &dyn std::fmt::Display| self.failed(path, "cannot be written", error);
        let content = write(batch).map_err(|error| failed(&error))?;
        self.0.put(path, content).map_err(|error| failed(&error))?;
        Ok(artifact)
    }

    fn failed(&self, path: &Path, what: &str, error: &dyn std::fmt::Display) -> StepError {
        let name = self.0.name(path);
        StepError::new(
            ErrorType::Artifact,
            format!("artifact {name}: {what}: {error}"),
        )
    }

    /// The reference to an artifact that was written earlier, known by its digest.
    pub(crate) fn reference(kind: &str, digest: &str, rows: u64) -> ArtifactRef {
        ArtifactRef {
            path: format!("{kind}/{digest}.parquet"),
            digest: digest.to_owned(),
            rows,
        }
    }

    /// Reads an artifact and checks that it has the rows that the reference says.
    ///
    /// # Errors
    /// `BadInput` for a path that leads out of the store, else `Artifact`.
    pub(crate) fn read(
        &self,
        artifact: &ArtifactRef,
        columns: &[Column],
    ) -> Result<RecordBatch, StepError> {
        let path = path(artifact)?;
        let content = self.0.get(path);
        let content = content.map_err(|error| self.failed(path, "cannot be opened", &error))?;
        // The crate panics on some damaged footers.
        let read = catch_unwind(|| read(content, artifact.rows));
        let read = read.unwrap_or_else(|_| {
            let what = "a footer that makes no sense".to_owned();
            Err(ArrowError::ParquetError(what))
        });
        let read = read.and_then(|batch| {
            let digest = Rows::new(&batch, columns)?.digest(columns);
            Ok((batch, digest))
        });
        let found = match read {
            Ok((batch, digest)) if digest == artifact.digest => return Ok(batch),
            Ok((_, digest)) => format!("expected digest {}, found {digest}", artifact.digest),
            Err(error) => error.to_string(),
        };
        // A reference that is wrong itself, which the file's name shows, says nothing of the file.
        if path.file_stem() == Some(artifact.digest.as_ref()) {
            self.0.put_aside(path);
        }
        Err(self.failed(path, "not what its reference says", &found))
    }

    /// Whether an artifact is there, as far as a short look tells.
    pub(crate) fn has(&self, artifact: &ArtifactRef) -> bool {
        path(artifact).is_ok_and(|path| self.0.has(path))
    }
}

/// The path of an artifact below the store.
fn path(artifact: &ArtifactRef) -> Result<&Path, StepError> {
    let relative = Path::new(&artifact.path);
    let mut parts = relative.components();
    if parts.all(|part| matches!(part, Component::Normal(_))) {
        return Ok(relative);
    }
    let found = &artifact.path;
    let message = format!("artifact path: expected one inside the store, found {found:?}");
    Err(StepError::new(ErrorType::BadInput, message))
}

fn write(batch: &RecordBatch) -> parquet::errors::Result<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut content = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut content, batch.schema(), Some(properties))?;
    writer.write(batch)?;
    writer.close()?;
    Ok(content)
}

/// All rows of a file that has to have so many of them: what it says itself of its size is not
/// believed, as memory is taken by it.
fn read(content: Bytes, expected: u64) -> Result<RecordBatch, ArrowError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(content)?;
    let schema = reader.schema().clone();
    let found = reader.metadata().file_metadata().num_rows();
    let rows = usize::try_from(found)
        .ok()
        .filter(|_| u64::try_from(found) == Ok(expected));
    let Some(rows) = rows else {
        let what = format!("expected {expected} rows, found {found}");
        return Err(ArrowError::ParquetError(what));
    };
    // One batch: a partition is small, and its steps look at all of it.
    let reader = reader.with_batch_size(rows.max(1));
    let batches: Vec<RecordBatch> = reader.build()?.collect::<Result<_, _>>()?;
    concat_batches(&schema, &batches)
}
