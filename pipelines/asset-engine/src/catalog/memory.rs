//! A catalog in memory: the same events and the same derived tables, gone with the process.

mod derive;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::{
    CatalogError, Draft, EachVersion, Head, RunInfo, Stamp, Store, Verified, Version, Wipe, chain,
    writing,
};
use crate::event::{
    BackfillInfo, CheckResult, Event, EventRecord, Materialization, Observation, RunRecord,
    RunStatus, Tick,
};
use crate::key::AssetKey;

/// The partition and the name of a check.
type CheckName = (Option<Arc<str>>, Arc<str>);

/// A partition, and whether it was observed.
type Stamped = (Option<Arc<str>>, bool);

/// The tables.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    epoch: u64,
    events: Vec<EventRecord>,
    runs: Vec<RunInfo>,
    run_index: HashMap<Arc<str>, usize>,
    latest: HashMap<AssetKey, BTreeMap<Option<Arc<str>>, Arc<Materialization>>>,
    observations: HashMap<AssetKey, BTreeMap<Option<Arc<str>>, Arc<Observation>>>,
    checks: HashMap<AssetKey, BTreeMap<CheckName, (u64, Arc<CheckResult>)>>,
    stamps: HashMap<AssetKey, BTreeMap<Stamped, Stamp>>,
    wipes: HashMap<AssetKey, BTreeMap<Option<Arc<str>>, u64>>,
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
            wipes: HashMap::new(),
            ticks: BTreeMap::new(),
            orders: Vec::new(),
            backfills: Vec::new(),
        }
    }
}

/// The newest of each piece of an asset, in order.
fn newest<K, T: Clone>(table: &HashMap<AssetKey, BTreeMap<K, T>>, asset: &AssetKey) -> Vec<T> {
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

    fn wipes(&self, asset: &AssetKey) -> Result<Vec<Wipe>, CatalogError> {
        let wipes = self.wipes.get(asset).into_iter().flatten();
        Ok(wipes
            .map(|(partition, seq)| (partition.clone(), *seq))
            .collect())
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
        let Some(run) = run else {
            return Ok(self.events.clone());
        };
        let Some(index) = self.run_index.get(run) else {
            return Ok(Vec::new());
        };
        let own = |record: &&EventRecord| record.event.run().as_ref() == run;
        let submitted = |record: &&EventRecord| matches!(record.event, Event::RunSubmitted(_));
        let events = self.events.iter().filter(own);
        let mut events: Vec<_> = events
            .skip_while(|record| !submitted(record))
            .cloned()
            .collect();
        if self.runs[*index].status != RunStatus::Started {
            let ends = |record: &EventRecord| matches!(record.event, Event::RunEnded { .. });
            let end = events.iter().rposition(ends);
            events.truncate(end.map_or(events.len(), |end| end + 1));
        }
        Ok(events)
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

    fn checks(&self, asset: &AssetKey) -> Result<Vec<(u64, Arc<CheckResult>)>, CatalogError> {
        Ok(newest(&self.checks, asset))
    }
}
