//! What follows from an event for the tables of a catalog in memory.

use std::sync::Arc;

use super::MemoryStore;
use crate::catalog::{Draft, RunInfo, Stamp};
use crate::event::{BackfillInfo, Event, RunStatus};

impl MemoryStore {
    pub(super) fn derive(&mut self, event: &Event) {
        match event {
            Event::RunSubmitted(record) => {
                self.orders.retain(|order| order.run != record.run);
                self.run_index
                    .insert(Arc::clone(&record.run), self.runs.len());
                self.runs.push(RunInfo {
                    record: Arc::clone(record),
                    status: RunStatus::Started,
                });
            }
            Event::RunResumed { run, .. } => self.run_is(run, RunStatus::Started),
            Event::RunEnded { run, status, .. } => self.run_is(run, *status),
            Event::Materialized(made) => {
                let pieces = self.latest.entry(made.asset.clone()).or_default();
                pieces.insert(made.partition.clone(), Arc::clone(made));
            }
            Event::Observed(seen) => {
                let pieces = self.observations.entry(seen.asset.clone()).or_default();
                pieces.insert(seen.partition.clone(), Arc::clone(seen));
            }
            Event::Checked(check) => {
                let seq = self.events.len() as u64 + 1;
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
                self.orders.extend(tick.orders.iter().cloned());
            }
            Event::BackfillRequested(record) => self.backfills.push(BackfillInfo {
                record: Arc::clone(record),
                status: RunStatus::Started,
            }),
            Event::BackfillResumed { id } => self.backfill_is(id, RunStatus::Started),
            Event::BackfillEnded { id, status } => self.backfill_is(id, *status),
            _ => {}
        }
    }

    fn run_is(&mut self, run: &str, status: RunStatus) {
        if let Some(index) = self.run_index.get(run) {
            self.runs[*index].status = status;
        }
    }

    fn backfill_is(&mut self, id: &str, status: RunStatus) {
        let own = |info: &&mut BackfillInfo| info.record.id == id;
        if let Some(info) = self.backfills.iter_mut().find(own) {
            info.status = status;
        }
    }

    /// Notes when a piece was made, seen or wiped.
    pub(super) fn stamp(&mut self, draft: &Draft) {
        let seq = self.events.len() as u64 + 1;
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
