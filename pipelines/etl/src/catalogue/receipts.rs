//! The receipts: an append-only file of deliveries, and the state that follows from it.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::CatalogueError;
use super::post::{Announcement, Delivery, Post};

/// All receipts given so far.
#[derive(Debug)]
pub(super) struct Receipts {
    path: PathBuf,
    file: File,
    by_key: HashMap<String, String>,
    deliveries: Vec<Delivery>,
    /// The keys of the announcements that were taken back, known or not.
    retracted: HashSet<String>,
}

impl Receipts {
    /// Opens the file, made when absent, and reads what it holds. A last line without
    /// its end was never answered, so it is cut off; any other bad line is an error.
    pub(super) fn open(path: &Path) -> Result<Receipts, CatalogueError> {
        let failed = |action| {
            move |source| CatalogueError::File {
                action,
                path: path.to_owned(),
                source,
            }
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed("creating the folder of"))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(failed("opening"))?;
        let bytes = std::fs::read(path).map_err(failed("reading"))?;
        let whole = bytes
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(failed("mending"))?;
        }
        let mut receipts = Receipts {
            path: path.to_owned(),
            file,
            by_key: HashMap::new(),
            deliveries: Vec::new(),
            retracted: HashSet::new(),
        };
        for (at, line) in bytes[..whole].split(|b| *b == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let delivery: Delivery =
                serde_json::from_slice(line).map_err(|e| CatalogueError::BadLine {
                    path: path.to_owned(),
                    line: at + 1,
                    reason: e.to_string(),
                })?;
            receipts.remember(delivery);
        }
        Ok(receipts)
    }

    /// Takes a delivery: gives the key's receipt, a new one for a new key. The delivery is on disk
    /// when this returns.
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
        self.append(&delivery)
            .map_err(|source| CatalogueError::File {
                action: "writing",
                path: self.path.clone(),
                source,
            })?;
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
        self.file.sync_data()
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
}
