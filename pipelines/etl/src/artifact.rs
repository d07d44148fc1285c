//! The artifact store: Parquet files under their digest.
//!
//! A file's name is the digest of its logical rows, so the same data has the same path whoever
//! wrote it and whenever. Files appear by rename, so a file that is there is whole.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Component, Path, PathBuf};

use polars::prelude::DataFrame;
use polars_io::SerReader as _;
use polars_io::parquet::read::{ParallelStrategy, ParquetReader};
use polars_io::parquet::write::{ParquetCompression, ParquetWriter, StatisticsOptions};

use crate::error::{ErrorType, StepError};
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

    /// Writes a frame whose rows are sorted by key.
    ///
    /// # Errors
    /// `Artifact`.
    pub(crate) fn write(
        &self,
        kind: &str,
        frame: &mut DataFrame,
        columns: &[Column],
    ) -> Result<ArtifactRef, StepError> {
        let dir = self.dir.join(kind);
        let rows = Rows::new(frame, columns).map_err(|error| failed(&dir, "frame", &error))?;
        let digest = rows.digest(columns);
        let artifact = Self::reference(kind, &digest, frame.height() as u64);
        let target = self.dir.join(&artifact.path);
        let io = |error: std::io::Error| failed(&target, "cannot be written", &error);
        let mut file = tempfile::NamedTempFile::new_in(&dir).map_err(io)?;
        ParquetWriter::new(BufWriter::new(file.as_file_mut()))
            .with_compression(ParquetCompression::Snappy)
            .with_statistics(StatisticsOptions::default())
            // A partition is far too small to be worth the hand-over between threads.
            .set_parallel(false)
            .finish(frame)
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
    pub(crate) fn read(&self, artifact: &ArtifactRef) -> Result<DataFrame, StepError> {
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
        let frame = ParquetReader::new(file)
            .read_parallel(ParallelStrategy::None)
            .finish()
            .map_err(|error| failed(&path, "cannot be read", &error))?;
        if frame.height() as u64 != artifact.rows {
            let counts = format!("expected {} rows, found {}", artifact.rows, frame.height());
            return Err(failed(&path, "not what its reference says", &counts));
        }
        Ok(frame)
    }
}
