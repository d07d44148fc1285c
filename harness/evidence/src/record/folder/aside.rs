//! Writing a whole file: aside, then renamed, so that a reader sees the old one or the new one
//! and never half of one. A name that begins with a dot is one in the making, and no part of a
//! results folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells what one process writes at the same time apart: two trials side by side may keep the same
/// row set.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// How the name of a folder ends that is being removed.
const GONE: &str = ".gone";

/// Writes `bytes` to `path`, whole or not at all; the folder is made when it is not there.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// The same for content that is made while it is written.
pub(super) fn write_with(
    path: &Path,
    content: impl FnOnce(&mut fs::File) -> io::Result<()>,
) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::other("expected the path of a file"));
    };
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(folder)?;
    }
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let (name, pid) = (name.to_string_lossy(), std::process::id());
    let partial = folder.join(format!(".{name}.{pid}-{number}.partial"));
    let mut file = fs::File::create(&partial)?;
    content(&mut file)?;
    fs::rename(&partial, path)
}

/// Whether the name is that of a file or folder in the making.
pub(super) fn in_the_making(name: &str) -> bool {
    name.starts_with('.')
}

/// Removes what a killed process left in the making just below `folder`, if that is there.
pub(super) fn sweep(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = name.ends_with(".partial") || name.ends_with(GONE);
        if !(in_the_making(&name) && ours) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes a folder in one step, so that a reader never takes a half of it for the whole: a rename
/// to a name in the making, which is then removed file by file.
pub(super) fn discard(dir: &Path) -> io::Result<()> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let gone = dir.with_file_name(format!(".{name}{GONE}"));
    if gone.exists() {
        fs::remove_dir_all(&gone)?;
    }
    if dir.exists() {
        fs::rename(dir, &gone)?;
        fs::remove_dir_all(&gone)?;
    }
    Ok(())
}
