//! The archives: embedded in the binary or in a folder, and how a broken one is told.

use std::borrow::Cow;
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use orchbench_journal::ErrorType;
use orchbench_journal::hex;
use sha2::{Digest as _, Sha256};

use super::{Dataset, unusable};
use crate::error::StepError;

/// The bytes of an archive, and the name that messages give it.
pub(crate) struct Archive {
    pub(crate) name: String,
    pub(crate) bytes: Cow<'static, [u8]>,
}

impl Archive {
    /// The version of the input: the hex SHA-256 of the archive's bytes.
    pub(crate) fn version(&self) -> String {
        hex(&Sha256::digest(self.bytes.as_ref()))
    }
}

/// By what a file shows that it has changed, without its bytes being read: device, inode, length,
/// and the times of its last modification and of its last change, in nanoseconds. The last one is
/// the file system's own, which a copy that keeps times does not carry over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look([u64; 3], [i64; 4]);

/// A look at the archive of a dataset; `None` for the embedded one, which never changes.
///
/// # Errors
/// `Dataset`, when the file is not there.
pub(crate) fn look(dataset: Dataset, data_dir: Option<&Path>) -> Result<Option<Look>, StepError> {
    let Some(dir) = data_dir else {
        return Ok(None);
    };
    let path = dir.join(dataset.zip_name());
    let found = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
    Ok(Some(Look(
        [found.dev(), found.ino(), found.len()],
        [
            found.mtime(),
            found.mtime_nsec(),
            found.ctime(),
            found.ctime_nsec(),
        ],
    )))
}

fn unreadable(path: &Path, error: &std::io::Error) -> StepError {
    StepError::new(
        ErrorType::Dataset,
        format!("{}: cannot be read: {error}", path.display()),
    )
}

/// The archive of a dataset in a folder, or the embedded one.
///
/// # Errors
/// `Dataset`, when the file cannot be read.
pub(crate) fn open(dataset: Dataset, data_dir: Option<&Path>) -> Result<Archive, StepError> {
    let Some(dir) = data_dir else {
        return Ok(Archive {
            name: format!("embedded {}", dataset.zip_name()),
            bytes: Cow::Borrowed(embedded(dataset)),
        });
    };
    let path = dir.join(dataset.zip_name());
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
    Ok(Archive {
        name: path.display().to_string(),
        bytes: Cow::Owned(bytes),
    })
}

/// nycflights13 as it is committed beside this crate.
pub(crate) fn embedded(dataset: Dataset) -> &'static [u8] {
    match dataset {
        Dataset::Airlines => include_bytes!("../../data/nycflights13/airlines.csv.zip"),
        Dataset::Airports => include_bytes!("../../data/nycflights13/airports.csv.zip"),
        Dataset::Flights => include_bytes!("../../data/nycflights13/flights.csv.zip"),
        Dataset::Planes => include_bytes!("../../data/nycflights13/planes.csv.zip"),
        Dataset::Weather => include_bytes!("../../data/nycflights13/weather.csv.zip"),
    }
}

/// Unpacks the dataset's table into `target`.
///
/// # Errors
/// `Dataset`, with the row and column up to which a truncated or damaged archive can be read;
/// `Artifact`, when `target` cannot be written.
pub(crate) fn unpack(
    archive: &Archive,
    dataset: Dataset,
    target: &mut impl Write,
) -> Result<(), StepError> {
    let damaged = |error: &dyn std::fmt::Display| {
        let place = readable_until(&archive.bytes, dataset);
        unusable(
            &archive.name,
            place.row,
            &place.column,
            "the rest of the archive",
            &format!("the end of what can be unpacked ({error})"),
        )
    };
    let mut zip = match zip::ZipArchive::new(Cursor::new(archive.bytes.as_ref())) {
        Ok(zip) => zip,
        Err(error) => return Err(damaged(&error)),
    };
    let mut file = match zip.by_name(&dataset.csv_name()) {
        Ok(file) => file,
        Err(zip::result::ZipError::FileNotFound) => {
            return Err(unusable(
                &archive.name,
                0,
                "-",
                &format!("a file {}", dataset.csv_name()),
                "none of this name",
            ));
        }
        Err(error) => return Err(damaged(&error)),
    };
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) => return Err(damaged(&error)),
        };
        target.write_all(&buffer[..read]).map_err(|error| {
            StepError::new(
                ErrorType::Artifact,
                format!("{}: cannot be unpacked: {error}", archive.name),
            )
        })?;
    }
}

struct Place {
    row: u64,
    column: String,
}

/// How far the first file of a broken archive can be unpacked.
fn readable_until(bytes: &[u8], dataset: Dataset) -> Place {
    let mut row = 0;
    let mut line: Vec<u8> = Vec::new();
    let mut cursor = Cursor::new(bytes);
    // The directory at the end may be gone, so the local header at the front has to do. Its size
    // may stand behind the data only; the whole rest is the upper bound.
    let size = bytes.len() as u64;
    if let Ok(Some(mut file)) =
        zip::read::read_zipfile_from_stream_with_compressed_size(&mut cursor, size)
    {
        row = 1;
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = file.read(&mut buffer) {
            for part in buffer[..read].split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if line.ends_with(b"\n") {
                    line.clear();
                    row += 1;
                }
            }
        }
    }
    let field = line.iter().filter(|byte| **byte == b',').count();
    let column = dataset
        .columns()
        .get(field)
        .map_or_else(|| (field + 1).to_string(), |column| column.name.to_owned());
    Place { row, column }
}
