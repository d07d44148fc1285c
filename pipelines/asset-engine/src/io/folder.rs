//! Data in a folder: `<root>/<asset>/<version>` or `<root>/<asset>/@<partition>/<version>`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Address, DataStore, StoreError};

/// A store in a folder. A file is written beside its place, synced, and moved there, so that it is
/// whole or not there; writers in several processes do not meet.
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
    counter: AtomicU64,
}

impl FolderStore {
    /// A store in this folder, which is made with the first data.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            counter: AtomicU64::new(0),
        }
    }

    fn folder(&self, address: &Address<'_>) -> PathBuf {
        let mut folder = self.root.clone();
        folder.extend(address.asset.segments().map(escaped));
        if let Some(partition) = address.partition {
            folder.push(format!("@{}", escaped(partition)));
        }
        folder
    }

    fn write(&self, folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let beside = folder.join(format!(".{}-{number}.tmp", std::process::id()));
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, folder.join(name))?;
        File::open(folder)?.sync_all()
    }
}

impl DataStore for FolderStore {
    fn put(&self, address: &Address<'_>, bytes: &[u8]) -> Result<(), StoreError> {
        let (folder, name) = (self.folder(address), escaped(address.data_version));
        self.write(&folder, &name, bytes)
            .map_err(|source| StoreError::Io {
                place: folder.join(&name).display().to_string(),
                doing: "write",
                source,
            })
    }

    fn get(&self, address: &Address<'_>) -> Result<Vec<u8>, StoreError> {
        let path = self.folder(address).join(escaped(address.data_version));
        fs::read(&path).map_err(|source| {
            let place = path.display().to_string();
            match source.kind() {
                ErrorKind::NotFound => StoreError::Missing { place },
                _ => StoreError::Io {
                    place,
                    doing: "read",
                    source,
                },
            }
        })
    }
}

/// A text as one file name: what could mean something to a file system is written as `%` and two
/// hexadecimal digits, and so is a leading dot.
fn escaped(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && at > 0) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    name
}
