//! A results folder as one file, and back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ResultsFolder, archive, aside, bounded};
use crate::record::FolderError;

/// Writes the folder as one `.tar.gz`, which [`ResultsFolder::open`] reads. The same folder gives
/// the same bytes.
///
/// # Errors
/// When something in the folder is no regular file or folder, `file` lies inside the folder, or it
/// cannot be written.
pub fn export(folder: &ResultsFolder, file: &Path) -> Result<(), FolderError> {
    let beside = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(beside).map_err(FolderError::io(beside))?;
    let absolute = |path: &Path| path.canonicalize().map_err(FolderError::io(path));
    if absolute(beside)?.starts_with(absolute(folder.root())?) {
        let expected = "a place outside the results folder";
        return Err(FolderError::unexpected(file, expected, "one inside it"));
    }
    let files = files(folder.root())?;
    aside::write_with(file, |written| {
        let mut archive = archive::Writer::new(written);
        for (name, place) in &files {
            archive.add(name, &bounded::read(place)?)?;
        }
        archive.finish()
    })
    .map_err(FolderError::io(file))
}

/// The folder's files by name, those in the making left out.
///
/// # Errors
/// When it cannot be listed, or something in it is no regular file or folder: a link could lead out
/// of it, and to read a pipe could take for ever.
pub(super) fn files(root: &Path) -> Result<BTreeMap<String, PathBuf>, FolderError> {
    let mut files = BTreeMap::new();
    list(root, Path::new(""), &mut files)?;
    Ok(files)
}

fn list(dir: &Path, path: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<(), FolderError> {
    let entries = match fs::read_dir(dir) {
        // A run that goes on has just packed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound && path != Path::new("") => {
            return Ok(());
        }
        entries => entries.map_err(FolderError::io(path))?,
    };
    for entry in entries {
        let entry = entry.map_err(FolderError::io(path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if aside::in_the_making(&name) {
            continue;
        }
        let path = path.join(name);
        // Does not follow links.
        let kind = entry.file_type().map_err(FolderError::io(&path))?;
        if kind.is_dir() {
            list(&entry.path(), &path, files)?;
        } else if kind.is_file() {
            files.insert(path.to_string_lossy().into_owned(), entry.path());
        } else {
            let found = match kind.is_symlink() {
                true => "a symbolic link",
                false => "neither",
            };
            return Err(FolderError::unexpected(path, "a file or folder", found));
        }
    }
    Ok(())
}

/// Unpacks an exported folder to a temporary place, which goes with the last clone of the value.
pub(super) fn unpack(file: &Path) -> Result<ResultsFolder, FolderError> {
    let archive = File::open(file).map_err(FolderError::io(file))?;
    let place = tempfile::tempdir().map_err(FolderError::io(file))?;
    archive::read(file, archive, |name, content| {
        let path = place.path().join(name);
        let mut written = || -> io::Result<()> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            io::copy(content, &mut File::create_new(&path)?).map(drop)
        };
        written().map_err(FolderError::io(file.join(name)))
    })?;
    Ok(ResultsFolder {
        root: place.path().to_owned(),
        unpacked: Some(Arc::new(place)),
        packs: Arc::default(),
    })
}
