//! The artifact store: Parquet files under their digest.
//!
//! A file's name is the digest of its logical rows, so the same data has the same path whoever
//! wrote it and whenever. Files appear by rename, so a file that is there is whole.

use std::fs::File;
use std::path::{Component, Path, PathBuf};

use arrow_array::RecordBatch;
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
    pub(crate) fn read(&self, artifact: &ArtifactRef) -> Result<RecordBatch, StepError> {
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
        let path = self.dir.join(relative);
        let file = File::open(&path).map_err(|error| failed(&path, "cannot be opened", &error))?;
        let batch = read(file).map_err(|error| failed(&path, "cannot be read", &error))?;
        if batch.num_rows() as u64 != artifact.rows {
            let counts = format!(
                "expected {} rows, found {}",
                artifact.rows,
                batch.num_rows()
            );
            return Err(failed(&path, "not what its reference says", &counts));
        }
        Ok(batch)
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

fn read(file: File) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let schema = reader.schema().clone();
    let rows = reader.metadata().file_metadata().num_rows();
    // One batch: a partition is small, and its steps look at all of it.
    let reader = reader.with_batch_size(usize::try_from(rows).unwrap_or(1).max(1));
    let batches: Vec<RecordBatch> = reader.build()?.collect::<Result<_, _>>()?;
    concat_batches(&schema, &batches)
}
