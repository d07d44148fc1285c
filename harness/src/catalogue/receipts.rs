//! The receipts: an append-only file of deliveries, and the state that follows from it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::CatalogueError;

/// What is announced: the JSON body of a POST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The source whose data was published.
    pub source: String,
    /// The published version.
    pub version: String,
    /// The run that announces.
    pub run: String,
}

/// One delivery of an announcement: a line of the receipts file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The idempotency key under which it came.
    pub key: String,
    /// The receipt, the same for every delivery under this key.
    pub receipt: String,
    /// What was announced.
    #[serde(flatten)]
    pub body: Body,
    /// False for the first delivery under this key, true for each later one.
    pub repeated: bool,
}

/// All receipts given so far.
#[derive(Debug)]
pub(super) struct Receipts {
    path: PathBuf,
    file: File,
    by_key: HashMap<String, String>,
    deliveries: Vec<Announcement>,
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
        };
        for (at, line) in bytes[..whole].split(|b| *b == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let delivery: Announcement =
                serde_json::from_slice(line).map_err(|e| CatalogueError::BadLine {
                    path: path.to_owned(),
                    line: at + 1,
                    reason: e.to_string(),
                })?;
            receipts.remember(delivery);
        }
        Ok(receipts)
    }

    /// Takes a delivery: gives the key's receipt, a new one for a new key. The delivery
    /// is on disk when this returns.
    pub(super) fn deliver(&mut self, key: &str, body: Body) -> Result<String, CatalogueError> {
        let known = self.by_key.get(key).cloned();
        let repeated = known.is_some();
        let receipt = known.unwrap_or_else(|| format!("receipt-{:06}", self.by_key.len() + 1));
        let delivery = Announcement {
            key: key.to_owned(),
            receipt: receipt.clone(),
            body,
            repeated,
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

    /// Every delivery so far, in order.
    pub(super) fn deliveries(&self) -> &[Announcement] {
        &self.deliveries
    }

    fn append(&mut self, delivery: &Announcement) -> io::Result<()> {
        let mut line = serde_json::to_vec(delivery)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }

    fn remember(&mut self, delivery: Announcement) {
        self.by_key
            .entry(delivery.key.clone())
            .or_insert_with(|| delivery.receipt.clone());
        self.deliveries.push(delivery);
    }
}
