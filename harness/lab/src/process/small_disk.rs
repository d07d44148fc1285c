//! A small file system of its own (tmpfs) on a folder, for faults that fill a disk.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted tmpfs, unmounted on drop. One whose owner was killed is unmounted by the next
/// [`super::sweep`], with the temp folder that it is in.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts a tmpfs of `bytes` on a folder that is there.
    ///
    /// # Errors
    /// What `mount` says: it needs root and the capability to mount.
    pub fn mount(path: &Path, bytes: u64) -> Result<Self, String> {
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(path)
            .output()
            .map_err(|error| format!("mount: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("mount on {}: {said}", path.display()));
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Whether one can be mounted here; found out by mounting one.
    ///
    /// # Errors
    /// Why not.
    pub fn possible() -> Result<(), String> {
        let folder = super::TempFolder::create("disk").map_err(|error| error.to_string())?;
        Self::mount(folder.path(), 4096).map(drop)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        unmount(&self.path);
    }
}

/// Unmounts what is mounted below a folder.
pub(super) fn unmount_below(folder: &Path) {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let below = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .map(Path::new)
        .filter(|path| path.starts_with(folder));
    below.for_each(unmount);
}

/// Lazily: a process that still has a file open there keeps it, and nobody else sees it.
fn unmount(path: &Path) {
    // One that cannot be unmounted shows when its folder cannot be removed.
    let _ = Command::new("umount").arg("-l").arg(path).output();
}
