//! Writing a whole file: aside, then renamed, so that a reader sees the old one or the new one
//! and never half of one. A name that begins with a dot is one in the making, and no part of a
//! results folder.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// How the name of a file ends that is in the making.
const PARTIAL: &str = ".partial";

/// How the name of a folder ends that is being removed.
const GONE: &str = ".gone";

/// Writes `bytes` to `path`, whole or not at all; the folder is made when it is not there.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// The same for content that is made while it is written.
///
/// The file in the making has a name that nobody can foresee, and is opened exclusively: a link
/// that lies in wait for it is not followed. It is on the disk before it gets its name, and gone
/// when the writing fails.
pub(super) fn write_with(
    path: &Path,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::other("expected the path of a file"));
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{}.", name.to_string_lossy()))
        .suffix(PARTIAL)
        // Less what the umask takes, as for any other file.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    content(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()
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
        let ours = name.ends_with(PARTIAL) || name.ends_with(GONE);
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
