//! The walk along a log: the chain of digests, what the records say, and what the derived tables should hold
//! after them. The same for every store.

use std::collections::BTreeMap;

use super::chain::{self, Digest, hex};
use super::reading::{self, StoredEvent};
use super::{Head, Version};
use crate::event::{Event, RunStatus};

/// A row of a derived table: the table, the key and the value.
type Row = (&'static str, String, String);

/// What the derived tables should hold, row by row, as text.
pub(super) type Derived = BTreeMap<(&'static str, String), String>;

/// How far the walk has come, and what follows from the records so far.
pub(super) struct Walk {
    pub seq: i64,
    digest: Digest,
    pub epoch: i64,
    pub derived: Derived,
    /// First event of each run.
    runs: BTreeMap<String, i64>,
    /// First event of each backfill.
    backfills: BTreeMap<String, i64>,
    /// First observation of each piece.
    seen: BTreeMap<String, i64>,
}

/// A text in single quotes, doubled inside; `NULL` where there is none. As SQLite's `quote` gives it.
fn quoted(text: Option<&str>) -> String {
    text.map_or("NULL".to_owned(), |text| {
        format!("'{}'", text.replace('\'', "''"))
    })
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            seq: 0,
            digest: chain::START,
            epoch: 0,
            derived: Derived::new(),
            runs: BTreeMap::new(),
            backfills: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }
}

impl Walk {
    pub fn head(&self) -> Head {
        Head {
            seq: self.seq.cast_unsigned(),
            digest: hex(&self.digest),
        }
    }

    /// Takes the next record, or says what is wrong with it.
    pub fn take(
        &mut self,
        stored: StoredEvent,
        digest: &[u8],
        noted: Option<&Head>,
    ) -> Result<(), String> {
        let seq = stored.seq;
        if seq != self.seq + 1 {
            return Err(format!("is missing, the log goes on with event {seq}"));
        }
        let own = stored.record().digest(&self.digest);
        if own.as_slice() != digest {
            return Err(format!("digest {}, recorded {}", hex(&own), hex(digest)));
        }
        (self.seq, self.digest) = (seq, own);
        if let Some(noted) = noted
            && noted.seq == seq.cast_unsigned()
            && noted.digest != hex(&own)
        {
            return Err(format!("digest {}, noted {}", hex(&own), noted.digest));
        }
        self.epoch = self.epoch.max(stored.epoch);
        self.derive(seq, &reading::decode(stored)?.event);
        Ok(())
    }

    /// The row of a backfill; `None` = it was never requested, so that it has none.
    fn backfill_is(&self, id: &str, status: RunStatus) -> Option<Row> {
        let first = self.backfills.get(id)?;
        let value = format!("{first} {}", status.as_str());
        Some(("backfills", id.to_owned(), value))
    }

    /// The same of a run.
    fn run_is(&self, run: &str, end: &str, status: RunStatus) -> Option<Row> {
        let first = self.runs.get(run)?;
        let value = format!("{first} {end} {}", status.as_str());
        Some(("runs", run.to_owned(), value))
    }

    fn derive(&mut self, seq: i64, event: &Event) {
        if let Some((table, key, value)) = self.row(seq, event) {
            self.derived.insert((table, key), value);
        }
    }

    /// The row that follows from an event: table, key and value.
    fn row(&mut self, seq: i64, event: &Event) -> Option<Row> {
        let piece = |asset: &crate::AssetKey, partition: &Option<std::sync::Arc<str>>| {
            format!("{asset} {}", partition.as_deref().unwrap_or_default())
        };
        Some(match event {
            Event::Materialized(made) => {
                let version = Version::of(made);
                let prints = (version.piece.cast_signed(), version.inputs.cast_signed());
                (
                    "latest",
                    piece(&made.asset, &made.partition),
                    format!("{seq} {} {} {}", version.code_version, prints.0, prints.1),
                )
            }
            Event::Observed(seen) => {
                let key = piece(&seen.asset, &seen.partition);
                let first = *self.seen.entry(key.clone()).or_insert(seq);
                ("observations", key, format!("{seq} {first}"))
            }
            Event::Checked(check) => {
                let piece = piece(&check.asset, &check.partition);
                ("checks", format!("{piece} {}", check.name), seq.to_string())
            }
            Event::Wiped {
                asset, partition, ..
            } => {
                self.derived.remove(&("latest", piece(asset, partition)));
                return None;
            }
            Event::Ticked(tick) => {
                for order in &tick.orders {
                    let key = ("orders", order.run.to_string());
                    self.derived.insert(key, seq.to_string());
                }
                let left = [&tick.cursor, &tick.note].map(|text| quoted(text.as_deref()));
                let value = format!("{seq} {} {}", left[0], left[1]);
                ("automations", tick.automation.to_string(), value)
            }
            Event::PartitionChanged(change) => {
                // The name has no space.
                let row = ("partitions", format!("{} {}", change.set, change.key));
                if change.added {
                    let came = self.derived.entry(row);
                    came.or_insert_with(|| seq.to_string());
                } else {
                    self.derived.remove(&row);
                }
                return None;
            }
            Event::BackfillRequested(record) => {
                self.backfills.insert(record.id.to_string(), seq);
                let open = RunStatus::Started.as_str();
                ("backfills", record.id.to_string(), format!("{seq} {open}"))
            }
            Event::BackfillResumed { id } => self.backfill_is(id, RunStatus::Started)?,
            Event::BackfillEnded { id, status } => self.backfill_is(id, *status)?,
            Event::RunSubmitted(record) => {
                self.derived.remove(&("orders", record.run.to_string()));
                self.runs.insert(record.run.to_string(), seq);
                let open = RunStatus::Started.as_str();
                ("runs", record.run.to_string(), format!("{seq} open {open}"))
            }
            Event::RunResumed { run, .. } => self.run_is(run, "open", RunStatus::Started)?,
            Event::RunEnded { run, status, .. } => self.run_is(run, &seq.to_string(), *status)?,
            _ => return None,
        })
    }
}
