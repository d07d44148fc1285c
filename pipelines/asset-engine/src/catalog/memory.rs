//! A catalog in memory: the same events and the same derived tables, gone with the process.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::{CatalogError, Draft, RunInfo, Store};
use crate::event::{Event, EventRecord, Materialization, RunStatus};
use crate::key::AssetKey;

/// The tables.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    epoch: u64,
    events: Vec<EventRecord>,
    runs: Vec<RunInfo>,
    run_index: HashMap<Arc<str>, usize>,
    latest: HashMap<AssetKey, BTreeMap<Option<Arc<str>>, Arc<Materialization>>>,
}

impl MemoryStore {
    /// The epoch of the executor that a new store is made for.
    pub const FIRST_EPOCH: u64 = 1;
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            epoch: Self::FIRST_EPOCH,
            events: Vec::new(),
            runs: Vec::new(),
            run_index: HashMap::new(),
            latest: HashMap::new(),
        }
    }
}

impl Store for MemoryStore {
    fn next_epoch(&mut self) -> Result<u64, CatalogError> {
        self.epoch += 1;
        Ok(self.epoch)
    }

    fn commit(&mut self, epoch: u64, drafts: &[Draft]) -> Result<(), CatalogError> {
        if epoch != self.epoch {
            return Err(CatalogError::Fenced {
                path: PathBuf::from("(memory)"),
                own: epoch,
                current: self.epoch,
            });
        }
        for draft in drafts {
            match &draft.event {
                Event::RunSubmitted(record) => {
                    self.run_index
                        .insert(Arc::clone(&record.run), self.runs.len());
                    self.runs.push(RunInfo {
                        record: Arc::clone(record),
                        status: RunStatus::Started,
                    });
                }
                Event::RunEnded { run, status, .. } => {
                    if let Some(index) = self.run_index.get(run) {
                        self.runs[*index].status = *status;
                    }
                }
                Event::Materialized(made) => {
                    self.latest
                        .entry(made.asset.clone())
                        .or_default()
                        .insert(made.partition.clone(), Arc::clone(made));
                }
                _ => {}
            }
            self.events.push(EventRecord {
                seq: self.events.len() as u64 + 1,
                t_ns: draft.t_ns,
                at_ms: draft.at_ms,
                epoch,
                event: draft.event.clone(),
            });
        }
        Ok(())
    }

    fn runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        Ok(self.runs.clone())
    }

    fn run(&self, run: &str) -> Result<Option<RunInfo>, CatalogError> {
        Ok(self
            .run_index
            .get(run)
            .map(|index| self.runs[*index].clone()))
    }

    fn events(&self, run: Option<&str>) -> Result<Vec<EventRecord>, CatalogError> {
        let wanted =
            |record: &&EventRecord| run.is_none_or(|run| record.event.run().as_ref() == run);
        Ok(self.events.iter().filter(wanted).cloned().collect())
    }

    fn latest(
        &self,
        asset: &AssetKey,
        partition: Option<&str>,
    ) -> Result<Option<Arc<Materialization>>, CatalogError> {
        let partition = partition.map(Arc::from);
        Ok(self
            .latest
            .get(asset)
            .and_then(|pieces| pieces.get(&partition))
            .cloned())
    }

    fn latest_of(&self, asset: &AssetKey) -> Result<Vec<Arc<Materialization>>, CatalogError> {
        Ok(self
            .latest
            .get(asset)
            .map(|pieces| pieces.values().cloned().collect())
            .unwrap_or_default())
    }
}
