//! The receipts: an append-only file of deliveries, and the state that follows from it.
//!
//! Several processes may keep the same file. Whoever takes a delivery holds the file's lock from a
//! fresh look at what the others have written until its own line is on disk, so that a key has one
//! receipt and a retraction counts whoever took it.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::CatalogueError;
use super::post::{Announcement, Delivery, Post};

/// All receipts given so far.
#[derive(Debug)]
pub(super) struct Receipts {
    path: PathBuf,
    file: File,
    /// How far the file has been read: bytes, and lines, all of them whole.
    read_bytes: u64,
    read_lines: usize,
    by_key: HashMap<String, String>,
    deliveries: Vec<Delivery>,
    /// The keys of the announcements that were taken back, known or not.
    retracted: HashSet<String>,
}

impl Receipts {
    /// Opens the file, made when absent, and reads what it holds. A last line without
    /// its end was never answered, so it is cut off; any other bad line is an error.
    pub(super) fn open(path: &Path) -> Result<Receipts, CatalogueError> {
        let failed = |action| move |source| file_error(path, action, source);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed("creating the folder of"))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .map_err(failed("opening"))?;
        let mut receipts = Receipts {
            path: path.to_owned(),
            file,
            read_bytes: 0,
            read_lines: 0,
            by_key: HashMap::new(),
            deliveries: Vec::new(),
            retracted: HashSet::new(),
        };
        receipts.held(|_| ())?;
        Ok(receipts)
    }

    /// Does something while no other process writes, after a look at what they have written.
    ///
    /// # Errors
    /// The file cannot be locked or read, is not the one any more that was opened, or holds a line
    /// that is no delivery.
    pub(super) fn held<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, CatalogueError> {
        let lock = self.file.lock();
        lock.map_err(|error| self.failed("locking", error))?;
        let done = self.look().map(|()| act(self));
        let unlock = self.file.unlock();
        unlock.map_err(|error| self.failed("unlocking", error))?;
        done
    }

    /// Reads the lines that have come since the last look.
    fn look(&mut self) -> Result<(), CatalogueError> {
        let read = self.unread();
        let bytes = read.map_err(|error| self.failed("reading", error))?;
        let whole = bytes.iter().rposition(|b| *b == b'\n');
        let whole = whole.map_or(0, |at| at + 1);
        if whole < bytes.len() {
            let cut = self.file.set_len(self.read_bytes + whole as u64);
            cut.map_err(|error| self.failed("mending", error))?;
        }
        for line in bytes[..whole].split_inclusive(|b| *b == b'\n') {
            if line != b"\n" {
                let delivery =
                    serde_json::from_slice(line).map_err(|e| CatalogueError::BadLine {
                        path: self.path.clone(),
                        line: self.read_lines + 1,
                        reason: e.to_string(),
                    })?;
                self.remember(delivery);
            }
            self.read_bytes += line.len() as u64;
            self.read_lines += 1;
        }
        Ok(())
    }

    fn unread(&self) -> io::Result<Vec<u8>> {
        let (opened, named) = (self.file.metadata()?, std::fs::metadata(&self.path)?);
        let kept = (opened.dev(), opened.ino()) == (named.dev(), named.ino());
        let Some(length) = opened.len().checked_sub(self.read_bytes).filter(|_| kept) else {
            let what =
                "expected the file that was opened, with all its lines; it was replaced or cut";
            return Err(io::Error::other(what));
        };
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, self.read_bytes)?;
        Ok(bytes)
    }

    /// Takes a delivery: gives the key's receipt, a new one for a new key. The delivery is on disk
    /// when this returns. To be called while the file is [held](Receipts::held).
    pub(super) fn deliver(&mut self, key: &str, post: Post) -> Result<String, CatalogueError> {
        let known = self.by_key.get(key).cloned();
        let repeated = known.is_some();
        let receipt = known.unwrap_or_else(|| format!("receipt-{:06}", self.by_key.len() + 1));
        let delivery = Delivery {
            key: key.to_owned(),
            receipt: receipt.clone(),
            repeated,
            post,
        };
        let appended = self.append(&delivery);
        appended.map_err(|error| self.failed("writing", error))?;
        self.remember(delivery);
        Ok(receipt)
    }

    /// Whether something came under this key.
    pub(super) fn is_known(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    /// Whether the announcement under this key was taken back.
    pub(super) fn is_retracted(&self, key: &str) -> bool {
        self.retracted.contains(key)
    }

    /// The announcement of a source that counts: the last one that was not taken back.
    pub(super) fn current(&self, source: &str) -> Option<&Announcement> {
        self.deliveries
            .iter()
            .rev()
            .find_map(|delivery| match &delivery.post {
                Post::Announcement(announcement)
                    if announcement.source == source
                        && !delivery.repeated
                        && !self.is_retracted(&delivery.key) =>
                {
                    Some(announcement)
                }
                _ => None,
            })
    }

    /// Every delivery so far, in order.
    pub(super) fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    fn append(&mut self, delivery: &Delivery) -> io::Result<()> {
        let mut line = serde_json::to_vec(delivery)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.read_bytes += line.len() as u64;
        self.read_lines += 1;
        Ok(())
    }

    fn remember(&mut self, delivery: Delivery) {
        if let Post::Retraction(retraction) = &delivery.post {
            self.retracted.insert(retraction.announcement.clone());
        }
        self.by_key
            .entry(delivery.key.clone())
            .or_insert_with(|| delivery.receipt.clone());
        self.deliveries.push(delivery);
    }

    fn failed(&self, action: &'static str, source: io::Error) -> CatalogueError {
        file_error(&self.path, action, source)
    }
}

fn file_error(path: &Path, action: &'static str, source: io::Error) -> CatalogueError {
    CatalogueError::File {
        action,
        path: path.to_owned(),
        source,
    }
}
