//! A folder that holds artifacts: files that appear by rename, so that no reader meets half of one. They are not synced:
//! a thousand of them a year would cost more than making again what a power cut took.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::Place;

/// What a Parquet file begins and ends with.
const MAGIC: [u8; 4] = *b"PAR1";

/// The folder `artifacts/` of a work folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folders of the kinds.
    pub fn create(dir: PathBuf, kinds: &[&str]) -> io::Result<Self> {
        for kind in kinds {
            std::fs::create_dir_all(dir.join(kind))?;
        }
        Ok(Self(dir))
    }
}

impl Place for Folder {
    fn name(&self, path: &Path) -> String {
        self.0.join(path).display().to_string()
    }

    fn put(&self, path: &Path, content: Vec<u8>) -> io::Result<()> {
        let target = self.0.join(path);
        let mut file = tempfile::NamedTempFile::new_in(target.parent().unwrap_or(&self.0))?;
        file.write_all(&content)?;
        file.persist(&target)?;
        Ok(())
    }

    fn get(&self, path: &Path) -> io::Result<Bytes> {
        std::fs::read(self.0.join(path)).map(Bytes::from)
    }

    /// By a look at both ends of the file: one that a power cut left empty, cut or full of zeros is none. All of its
    /// bytes are looked at when it is read.
    fn has(&self, path: &Path) -> bool {
        let ends = || -> io::Result<[[u8; 4]; 2]> {
            let file = File::open(self.0.join(path))?;
            let last = file.metadata()?.len().saturating_sub(MAGIC.len() as u64);
            let mut ends = [[0; 4]; 2];
            file.read_exact_at(&mut ends[0], 0)?;
            file.read_exact_at(&mut ends[1], last)?;
            Ok(ends)
        };
        ends().is_ok_and(|ends| ends == [MAGIC; 2])
    }

    fn put_aside(&self, path: &Path) {
        let path = self.0.join(path);
        // Where it cannot be put aside, the next reader says the same.
        let _ = std::fs::rename(&path, path.with_extension("damaged"));
    }
}
