//! What follows from an event for the tables of a catalog in memory.

use std::sync::Arc;

use super::{MemoryStore, Run};
use crate::catalog::{Draft, RunInfo, Stamp};
use crate::event::{BackfillInfo, Event, RunStatus};

impl MemoryStore {
    pub(super) fn derive(&mut self, seq: u64, event: &Event) {
        match event {
            Event::RunSubmitted(record) => {
                if let Some(number) = self.order_index.remove(&record.run) {
                    self.orders.remove(&number);
                }
                let index = self.runs.len();
                self.run_index.insert(Arc::clone(&record.run), index);
                self.open.insert(seq, index);
                self.runs.push(Run {
                    info: RunInfo {
                        record: Arc::clone(record),
                        status: RunStatus::Started,
                    },
                    first: seq,
                    last: None,
                });
            }
            Event::RunResumed { run, .. } => self.run_is(run, RunStatus::Started, None),
            Event::RunEnded { run, status, .. } => self.run_is(run, *status, Some(seq)),
            Event::Materialized(made) => {
                let pieces = self.latest.entry(made.asset.clone()).or_default();
                pieces.insert(made.partition.clone(), Arc::clone(made));
            }
            Event::Observed(seen) => {
                let pieces = self.observations.entry(seen.asset.clone()).or_default();
                pieces.insert(seen.partition.clone(), Arc::clone(seen));
                let firsts = self.first_observations.entry(seen.asset.clone());
                let first = firsts.or_default().entry(seen.partition.clone());
                first.or_insert_with(|| Arc::clone(seen));
            }
            Event::Checked(check) => {
                let checks = self.checks.entry(check.asset.clone()).or_default();
                let key = (check.partition.clone(), Arc::clone(&check.name));
                checks.insert(key, (seq, Arc::clone(check)));
            }
            Event::Wiped {
                asset, partition, ..
            } => {
                if let Some(pieces) = self.latest.get_mut(asset) {
                    pieces.remove(partition);
                }
            }
            Event::Ticked(tick) => {
                self.ticks
                    .insert(Arc::clone(&tick.automation), Arc::clone(tick));
                for order in &tick.orders {
                    let last = self.orders.last_key_value();
                    let number = last.map_or(0, |(last, _)| last + 1);
                    self.order_index.insert(Arc::clone(&order.run), number);
                    self.orders.insert(number, Arc::clone(order));
                }
            }
            Event::PartitionChanged(change) => {
                let keys = self.partitions.entry(Arc::clone(&change.set)).or_default();
                match keys.iter().position(|(key, _)| *key == change.key) {
                    None if change.added => keys.push((Arc::clone(&change.key), seq)),
                    Some(at) if !change.added => drop(keys.remove(at)),
                    _ => {}
                }
            }
            Event::BackfillRequested(record) => {
                let id = Arc::from(record.id.as_str());
                self.backfill_index.insert(id, self.backfills.len());
                self.open_backfills.insert(self.backfills.len());
                self.backfills.push(BackfillInfo {
                    record: Arc::clone(record),
                    status: RunStatus::Started,
                });
            }
            Event::CancelRequested { run } => self.cancels.push((seq, Arc::clone(run))),
            Event::BackfillResumed { id } => self.backfill_is(id, RunStatus::Started),
            Event::BackfillEnded { id, status } => self.backfill_is(id, *status),
            _ => {}
        }
    }

    fn run_is(&mut self, run: &str, status: RunStatus, last: Option<u64>) {
        let Some(&index) = self.run_index.get(run) else {
            return;
        };
        let run = &mut self.runs[index];
        if let Some(before) = run.last {
            self.ended.remove(&(run.info.status.as_str(), before));
        }
        (run.info.status, run.last) = (status, last);
        match last {
            None => {
                self.open.insert(run.first, index);
            }
            Some(last) => {
                self.open.remove(&run.first);
                self.ended.insert((status.as_str(), last), index);
            }
        }
    }

    fn backfill_is(&mut self, id: &str, status: RunStatus) {
        if let Some(index) = self.backfill_index.get(id) {
            self.backfills[*index].status = status;
            if status == RunStatus::Started {
                self.open_backfills.insert(*index);
            } else {
                self.open_backfills.remove(index);
            }
        }
    }

    /// Notes when a piece was made, seen or wiped.
    pub(super) fn stamp(&mut self, seq: u64, draft: &Draft) {
        let (asset, partition, observed) = match &draft.event {
            Event::Materialized(made) => (&made.asset, &made.partition, false),
            Event::Observed(seen) => (&seen.asset, &seen.partition, true),
            Event::Wiped {
                asset, partition, ..
            } => {
                if let Some(stamps) = self.stamps.get_mut(asset) {
                    stamps.remove(&(partition.clone(), false));
                }
                let wipes = self.wipes.entry(asset.clone()).or_default();
                wipes.insert(partition.clone(), seq);
                return;
            }
            _ => return,
        };
        let stamp = Stamp {
            partition: partition.clone(),
            seq,
            at_ms: draft.at_ms,
            observed,
        };
        let pieces = self.stamps.entry(asset.clone()).or_default();
        pieces.insert((partition.clone(), observed), stamp);
    }
}
