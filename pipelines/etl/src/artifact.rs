//! The artifact store: Parquet files under their digest.
//!
//! A file's name is the digest of its logical rows, so the same data has the same path whoever
//! wrote it and whenever. Files appear by rename, so no reader meets half of one. They are not synced:
//! a thousand of them a year would cost more than making again what a power cut took. So a file is
//! not believed for being there: what is read is checked against its digest, and a file that does not
//! have it is put aside, so that it counts as missing from then on.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::panic::catch_unwind;
use std::path::{Component, Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;
use orchbench_journal::ErrorType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::error::StepError;
use crate::frame::Rows;
use crate::outcome::ArtifactRef;
use crate::schema::Column;

/// What a Parquet file begins and ends with.
const MAGIC: [u8; 4] = *b"PAR1";

/// The folder `artifacts/` of the work folder.
#[derive(Clone, Debug)]
pub(crate) struct ArtifactStore {
    dir: PathBuf,
}

fn failed(path: &Path, what: &str, error: &dyn std::fmt::Display) -> StepError {
    StepError::new(
        ErrorType::Artifact,
        format!("artifact {}: {what}: {error}", path.display()),
    )
}

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

    /// Makes the folders.
    pub(crate) fn create(dir: PathBuf) -> std::io::Result<Self> {
        for kind in Self::KINDS {
            std::fs::create_dir_all(dir.join(kind))?;
        }
        Ok(Self { dir })
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
        let dir = self.dir.join(kind);
        let rows = Rows::new(batch, columns).map_err(|error| failed(&dir, "rows", &error))?;
        let digest = rows.digest(columns);
        let artifact = Self::reference(kind, &digest, batch.num_rows() as u64);
        let target = self.dir.join(&artifact.path);
        let io = |error: std::io::Error| failed(&target, "cannot be written", &error);
        let mut file = tempfile::NamedTempFile::new_in(&dir).map_err(io)?;
        write(batch, file.as_file_mut())
            .map_err(|error| failed(&target, "cannot be written", &error))?;
        file.persist(&target)
            .map_err(|error| failed(&target, "cannot be renamed", &error))?;
        Ok(artifact)
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
        let path = self.path(artifact)?;
        let file = File::open(&path).map_err(|error| failed(&path, "cannot be opened", &error))?;
        // The crate panics on some damaged footers.
        let read = catch_unwind(|| read(file, artifact.rows));
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
        // Where it cannot be put aside, the next reader says the same.
        if path.file_stem() == Some(artifact.digest.as_ref()) {
            let _ = std::fs::rename(&path, path.with_extension("damaged"));
        }
        Err(failed(&path, "not what its reference says", &found))
    }

    /// Whether an artifact's file is there, from its first bytes to its last: a file that a power cut
    /// left empty, cut or full of zeros is not. All of its bytes are looked at when it is read.
    pub(crate) fn has(&self, artifact: &ArtifactRef) -> bool {
        let ends = |path: PathBuf| -> std::io::Result<[[u8; 4]; 2]> {
            let file = File::open(path)?;
            let last = file.metadata()?.len().saturating_sub(MAGIC.len() as u64);
            let mut ends = [[0; 4]; 2];
            file.read_exact_at(&mut ends[0], 0)?;
            file.read_exact_at(&mut ends[1], last)?;
            Ok(ends)
        };
        self.path(artifact)
            .is_ok_and(|path| ends(path).is_ok_and(|ends| ends == [MAGIC; 2]))
    }

    fn path(&self, artifact: &ArtifactRef) -> Result<PathBuf, StepError> {
        let relative = Path::new(&artifact.path);
        if !relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(StepError::new(
                ErrorType::BadInput,
                format!(
                    "artifact path: expected one inside the store, found {:?}",
                    artifact.path
                ),
            ));
        }
        Ok(self.dir.join(relative))
    }
}

fn write(batch: &RecordBatch, file: &mut File) -> parquet::errors::Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
    writer.write(batch)?;
    writer.close().map(drop)
}

/// All rows of a file that has to have so many of them: what it says itself of its size is not
/// believed, as memory is taken by it.
fn read(file: File, expected: u64) -> Result<RecordBatch, ArrowError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
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
