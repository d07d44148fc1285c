//! Archives: `.tar.gz` files, which any language's standard library reads. The same members give
//! the same bytes: they are sorted, without times and owners.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::bounded::Bounded;
use crate::record::{FolderError, plain_name};

/// Writes an archive into `file`.
pub(super) struct Writer<'a> {
    tar: tar::Builder<GzEncoder<&'a mut File>>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(file: &'a mut File) -> Self {
        let gzip = GzBuilder::new().mtime(0).write(file, Compression::best());
        Self {
            tar: tar::Builder::new(gzip),
        }
    }

    /// Members come in the order of their names.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        self.tar.append_data(&mut header, name, content)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.tar.into_inner()?.finish().map(drop)
    }
}

/// Reads an archive to its end and hands its members over, `path` being its name in errors. Every
/// part of a member's name is a plain file name, and no name comes twice.
///
/// # Errors
/// When the archive is damaged or unpacks to more than [`super::bounded::MAX_BYTES`], or a member has
/// another name or is no regular file (a link could lead out of the folder).
pub(super) fn read(
    path: &Path,
    archive: impl Read,
    mut member: impl FnMut(&str, &mut dyn Read) -> Result<(), FolderError>,
) -> Result<(), FolderError> {
    let mut tar = tar::Archive::new(Bounded::new(MultiGzDecoder::new(archive)));
    let mut seen = BTreeSet::new();
    for entry in tar.entries().map_err(FolderError::io(path))? {
        let mut entry = entry.map_err(FolderError::io(path))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        for part in name.split('/') {
            plain_name("member of an archive", part).map_err(|_| FolderError::Name {
                what: "member of an archive",
                name: name.clone(),
            })?;
        }
        let kind = entry.header().entry_type();
        if !kind.is_file() {
            let found = format!("{kind:?}");
            return Err(FolderError::unexpected(
                path.join(name),
                "a regular file",
                found,
            ));
        }
        if !seen.insert(name.clone()) {
            return Err(FolderError::unexpected(
                path.join(name),
                "one member of this name",
                "a second one",
            ));
        }
        member(&name, &mut entry)?;
    }
    // What gzip says of damage stands behind the last member.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(FolderError::io(path))?;
    Ok(())
}
