//! A catalog in memory: the same events and the same derived tables, gone with the process.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::{
    CatalogError, Draft, EachVersion, Head, RunInfo, Stamp, Store, Verified, Version, chain,
    writing,
};
use crate::event::{
    BackfillInfo, CheckResult, Event, EventRecord, Materialization, Observation, RunRecord,
    RunStatus, Tick,
};
use crate::key::AssetKey;

/// The partition and the name of a check.
type CheckName = (Option<Arc<str>>, Arc<str>);

/// The tables.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    epoch: u64,
    events: Vec<EventRecord>,
    runs: Vec<RunInfo>,
    run_index: HashMap<Arc<str>, usize>,
    latest: HashMap<AssetKey, BTreeMap<Option<Arc<str>>, Arc<Materialization>>>,
    observations: HashMap<AssetKey, BTreeMap<Option<Arc<str>>, Arc<Observation>>>,
    checks: HashMap<AssetKey, BTreeMap<CheckName, Arc<CheckResult>>>,
    stamps: HashMap<AssetKey, BTreeMap<Option<Arc<str>>, Stamp>>,
    ticks: BTreeMap<Arc<str>, Arc<Tick>>,
    orders: Vec<Arc<RunRecord>>,
    backfills: Vec<BackfillInfo>,
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
            observations: HashMap::new(),
            checks: HashMap::new(),
            stamps: HashMap::new(),
            ticks: BTreeMap::new(),
            orders: Vec::new(),
            backfills: Vec::new(),
        }
    }
}

impl MemoryStore {
    fn derive(&mut self, event: &Event) {
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
                let checks = self.checks.entry(check.asset.clone()).or_default();
                let key = (check.partition.clone(), Arc::clone(&check.name));
                checks.insert(key, Arc::clone(check));
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

    /// Notes when a piece was made or seen.
    fn stamp(&mut self, draft: &Draft) {
        let (asset, partition) = match &draft.event {
            Event::Materialized(made) => (&made.asset, &made.partition),
            Event::Observed(seen) => (&seen.asset, &seen.partition),
            _ => return,
        };
        let stamp = Stamp {
            partition: partition.clone(),
            seq: self.events.len() as u64 + 1,
            at_ms: draft.at_ms,
        };
        let pieces = self.stamps.entry(asset.clone()).or_default();
        pieces.insert(partition.clone(), stamp);
    }
}

/// The newest of each piece of an asset, in order.
fn newest<K, T>(table: &HashMap<AssetKey, BTreeMap<K, Arc<T>>>, asset: &AssetKey) -> Vec<Arc<T>> {
    table
        .get(asset)
        .map(|pieces| pieces.values().cloned().collect())
        .unwrap_or_default()
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
            self.derive(&draft.event);
            self.stamp(draft);
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

    fn ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError> {
        Ok(self.ticks.values().cloned().collect())
    }

    fn cancel_requests(&self, after: u64) -> Result<Vec<(u64, String)>, CatalogError> {
        let asked = |record: &EventRecord| match &record.event {
            Event::CancelRequested { run } if record.seq > after => {
                Some((record.seq, run.to_string()))
            }
            _ => None,
        };
        Ok(self.events.iter().filter_map(asked).collect())
    }

    fn statuses(&self, prefix: &str) -> Result<Vec<(String, RunStatus)>, CatalogError> {
        let wanted = self
            .runs
            .iter()
            .filter(|info| info.record.run.starts_with(prefix));
        Ok(wanted
            .map(|info| (info.record.run.to_string(), info.status))
            .collect())
    }

    fn orders(&self) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        Ok(self.orders.clone())
    }

    fn backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        Ok(self.backfills.clone())
    }

    fn stamps(&self, asset: &AssetKey) -> Result<Vec<Stamp>, CatalogError> {
        let mut stamps: Vec<Stamp> = self
            .stamps
            .get(asset)
            .map(|pieces| pieces.values().cloned().collect())
            .unwrap_or_default();
        stamps.sort_by_key(|stamp| stamp.seq);
        Ok(stamps)
    }

    fn head(&self) -> Result<Head, CatalogError> {
        let digest = self.events.iter().fold(chain::START, |before, record| {
            let draft = Draft {
                t_ns: record.t_ns,
                at_ms: record.at_ms,
                event: record.event.clone(),
            };
            let encoded = writing::encode(&record.event);
            let record = encoded.record(record.seq.cast_signed(), record.epoch, &draft);
            record.digest(&before)
        });
        Ok(Head {
            seq: self.events.len() as u64,
            digest: chain::hex(&digest),
        })
    }

    fn verify(&self, noted: Option<&Head>) -> Result<Verified, CatalogError> {
        let head = self.head()?;
        Ok(Verified {
            missing: noted.map_or(0, |noted| noted.seq.saturating_sub(head.seq)),
            damaged: Vec::new(),
            head,
        })
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
        Ok(newest(&self.latest, asset))
    }

    fn each_version(&self, asset: &AssetKey, call: EachVersion<'_>) -> Result<(), CatalogError> {
        let pieces = self
            .latest
            .get(asset)
            .into_iter()
            .flat_map(BTreeMap::values);
        pieces.for_each(|made| call(Version::of(made)));
        Ok(())
    }

    fn observations(&self, asset: &AssetKey) -> Result<Vec<Arc<Observation>>, CatalogError> {
        Ok(newest(&self.observations, asset))
    }

    fn first_observations(&self, asset: &AssetKey) -> Result<Vec<Arc<Observation>>, CatalogError> {
        let mut firsts = BTreeMap::new();
        for record in &self.events {
            if let Event::Observed(seen) = &record.event
                && seen.asset == *asset
            {
                firsts.entry(&seen.partition).or_insert(seen);
            }
        }
        Ok(firsts.into_values().cloned().collect())
    }

    fn checks(&self, asset: &AssetKey) -> Result<Vec<Arc<CheckResult>>, CatalogError> {
        Ok(newest(&self.checks, asset))
    }
}
