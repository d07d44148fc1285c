//! A catalog in memory: the same events and the same derived tables, gone with the process.

mod derive;
mod table;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use super::fence::Refusal;
use super::{
    Among, CatalogError, Draft, EachVersion, EndedRun, Head, Left, NewestAttempt, Pieces, RunInfo,
    Stamp, Store, Terms, Verified, Version, Wipe, chain, writing,
};
use crate::event::{
    BackfillInfo, CheckResult, Event, EventRecord, Materialization, Observation, RunRecord,
    RunStatus, Tick,
};
use crate::key::AssetKey;
use table::{Table, newest, rows};

/// The partition and the name of a check.
type CheckName = (Option<Arc<str>>, Arc<str>);

/// A partition, and whether it was observed.
type Stamped = (Option<Arc<str>>, bool);

/// A run, with the events between which its own lie; `None` = it is open.
#[derive(Debug)]
struct Run {
    info: RunInfo,
    first: u64,
    last: Option<u64>,
}

/// The tables.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    epoch: u64,
    events: Vec<EventRecord>,
    /// How far the chain of digests was last followed, and to which digest.
    chained: Cell<(usize, chain::Digest)>,
    /// In the order of submission.
    runs: Vec<Run>,
    run_index: BTreeMap<Arc<str>, usize>,
    /// Those without an end.
    open: BTreeMap<u64, usize>,
    /// Those that ended, by the name of the state and by their ends.
    ended: BTreeMap<(&'static str, u64), usize>,
    latest: Table<Option<Arc<str>>, Arc<Materialization>>,
    observations: Table<Option<Arc<str>>, Arc<Observation>>,
    first_observations: Table<Option<Arc<str>>, Arc<Observation>>,
    checks: Table<CheckName, (u64, Arc<CheckResult>)>,
    stamps: Table<Stamped, Stamp>,
    wipes: Table<Option<Arc<str>>, u64>,
    /// The keys of partitions that come and go, in the order in which they came.
    partitions: HashMap<Arc<str>, Vec<(Arc<str>, u64)>>,
    ticks: BTreeMap<Arc<str>, Arc<Tick>>,
    /// In the order in which they were asked for.
    orders: BTreeMap<u64, Arc<RunRecord>>,
    order_index: HashMap<Arc<str>, u64>,
    /// Requests to cancel, in the order of their events.
    cancels: Vec<(u64, Arc<str>)>,
    backfills: Vec<BackfillInfo>,
    backfill_index: HashMap<Arc<str>, usize>,
    open_backfills: BTreeSet<usize>,
    /// What may be tried more than once, and the newest attempt that has committed.
    fences: HashMap<String, u32>,
}

impl MemoryStore {
    /// The epoch of the executor that a new store is made for.
    pub const FIRST_EPOCH: u64 = 1;

    /// The epoch of what is committed, if its terms hold; an attempt is the newest then.
    fn pass(&mut self, terms: Terms<'_>) -> Result<u64, Refusal> {
        let epoch = terms.epoch(self.epoch)?;
        if let Some((fence, before)) = terms.fence() {
            let newest = self.fences.entry(fence.what.to_owned()).or_default();
            if *newest > before {
                return Err(fence.overtaken(*newest));
            }
            *newest = fence.attempt;
        }
        Ok(epoch)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            epoch: Self::FIRST_EPOCH,
            events: Vec::new(),
            chained: Cell::new((0, chain::START)),
            runs: Vec::new(),
            run_index: BTreeMap::new(),
            open: BTreeMap::new(),
            ended: BTreeMap::new(),
            latest: HashMap::new(),
            observations: HashMap::new(),
            first_observations: HashMap::new(),
            checks: HashMap::new(),
            stamps: HashMap::new(),
            wipes: HashMap::new(),
            partitions: HashMap::new(),
            ticks: BTreeMap::new(),
            orders: BTreeMap::new(),
            order_index: HashMap::new(),
            cancels: Vec::new(),
            backfills: Vec::new(),
            backfill_index: HashMap::new(),
            open_backfills: BTreeSet::new(),
            fences: HashMap::new(),
        }
    }
}

impl Store for MemoryStore {
    fn next_epoch(&mut self) -> Result<u64, CatalogError> {
        self.epoch += 1;
        Ok(self.epoch)
    }

    fn commit_on(&mut self, terms: Terms<'_>, drafts: &[Draft]) -> Result<u64, CatalogError> {
        let epoch = self.pass(terms);
        let epoch = epoch.map_err(|refusal| refusal.of(Path::new("(memory)")))?;
        for draft in drafts {
            let seq = self.events.len() as u64 + 1;
            self.derive(seq, &draft.event);
            self.stamp(seq, draft);
            self.events.push(EventRecord {
                seq,
                t_ns: draft.t_ns,
                at_ms: draft.at_ms,
                epoch,
                event: draft.event.clone(),
            });
        }
        Ok(self.events.len() as u64)
    }

    fn ticks(&self) -> Result<Vec<Arc<Tick>>, CatalogError> {
        Ok(self.ticks.values().cloned().collect())
    }

    fn left(&self) -> Result<Vec<Left>, CatalogError> {
        let left = |tick: &Arc<Tick>| Left {
            automation: Arc::clone(&tick.automation),
            cursor: tick.cursor.clone(),
            note: tick.note.clone(),
        };
        Ok(self.ticks.values().map(left).collect())
    }

    fn cancel_requests(&self, after: u64) -> Result<Vec<(u64, String)>, CatalogError> {
        let first = self.cancels.partition_point(|(seq, _)| *seq <= after);
        let asked = self.cancels[first..].iter();
        Ok(asked.map(|(seq, run)| (*seq, run.to_string())).collect())
    }

    fn ended(&self, states: [RunStatus; 2], after: u64) -> Result<Vec<EndedRun>, CatalogError> {
        let in_state = |state: RunStatus| {
            let name = state.as_str();
            let behind = (
                Bound::Excluded((name, after)),
                Bound::Included((name, u64::MAX)),
            );
            self.ended
                .range(behind)
                .map(|((_, seq), index)| (*seq, *index))
        };
        // In order, and each once where both states are one.
        let ended: BTreeMap<u64, usize> = states.into_iter().flat_map(in_state).collect();
        let ended = ended.into_iter().map(|(seq, index)| {
            let info = &self.runs[index].info;
            EndedRun {
                run: Arc::clone(&info.record.run),
                status: info.status,
                seq,
            }
        });
        Ok(ended.collect())
    }

    fn statuses(&self, prefix: &str) -> Result<Vec<(String, RunStatus)>, CatalogError> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let from = self.run_index.range::<str, _>(from);
        let wanted = from.take_while(|(run, _)| run.starts_with(prefix));
        Ok(wanted
            .map(|(run, index)| (run.to_string(), self.runs[*index].info.status))
            .collect())
    }

    fn orders(&self) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        Ok(self.orders.values().cloned().collect())
    }

    fn backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        Ok(self.backfills.clone())
    }

    fn open_backfills(&self) -> Result<Vec<BackfillInfo>, CatalogError> {
        let open = self.open_backfills.iter();
        Ok(open.map(|index| self.backfills[*index].clone()).collect())
    }

    fn backfill(&self, id: &str) -> Result<Option<BackfillInfo>, CatalogError> {
        let index = self.backfill_index.get(id);
        Ok(index.map(|index| self.backfills[*index].clone()))
    }

    fn backfill_status(&self, id: &str) -> Result<Option<RunStatus>, CatalogError> {
        let index = self.backfill_index.get(id);
        Ok(index.map(|index| self.backfills[*index].status))
    }

    fn stamps(&self, asset: &AssetKey, pieces: Pieces<'_>) -> Result<Vec<Stamp>, CatalogError> {
        let keys = |partition: &Option<Arc<str>>| {
            let key = |observed| Bound::Included((partition.clone(), observed));
            (key(false), key(true))
        };
        let mut stamps = rows(&self.stamps, asset, pieces, keys, |_, _| true);
        stamps.sort_by_key(|stamp| stamp.seq);
        Ok(stamps)
    }

    fn assets(&self) -> Result<Vec<AssetKey>, CatalogError> {
        let made = self.latest.iter().filter(|(_, pieces)| !pieces.is_empty());
        let assets = made.map(|(asset, _)| asset);
        let assets = assets.chain(self.observations.keys());
        let assets: BTreeSet<&AssetKey> = assets.chain(self.checks.keys()).collect();
        Ok(assets.into_iter().cloned().collect())
    }

    fn history(&self, asset: &AssetKey) -> Result<Vec<EventRecord>, CatalogError> {
        let of_asset = |record: &&EventRecord| match &record.event {
            Event::Materialized(made) => made.asset == *asset,
            _ => false,
        };
        Ok(self.events.iter().filter(of_asset).cloned().collect())
    }

    fn partitions(&self, set: &str) -> Result<Vec<(Arc<str>, u64)>, CatalogError> {
        Ok(self.partitions.get(set).cloned().unwrap_or_default())
    }

    fn wipes(&self, asset: &AssetKey) -> Result<Vec<Wipe>, CatalogError> {
        let wipes = self.wipes.get(asset).into_iter().flatten();
        Ok(wipes
            .map(|(partition, seq)| (partition.clone(), *seq))
            .collect())
    }

    fn head(&self) -> Result<Head, CatalogError> {
        let (known, digest) = self.chained.get();
        let digest = self.events[known..].iter().fold(digest, |before, record| {
            let draft = Draft {
                t_ns: record.t_ns,
                at_ms: record.at_ms,
                event: record.event.clone(),
            };
            let encoded = writing::encode(&record.event);
            let record = encoded.record(record.seq.cast_signed(), record.epoch, &draft);
            record.digest(&before)
        });
        self.chained.set((self.events.len(), digest));
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
        Ok(self.runs.iter().map(|run| run.info.clone()).collect())
    }

    fn open_runs(&self) -> Result<Vec<RunInfo>, CatalogError> {
        let open = self.open.values();
        Ok(open.map(|index| self.runs[*index].info.clone()).collect())
    }

    fn status(&self, run: &str) -> Result<Option<RunStatus>, CatalogError> {
        let index = self.run_index.get(run);
        Ok(index.map(|index| self.runs[*index].info.status))
    }

    fn run(&self, run: &str) -> Result<Option<RunInfo>, CatalogError> {
        Ok(self
            .run_index
            .get(run)
            .map(|index| self.runs[*index].info.clone()))
    }

    fn open_events(&self) -> Result<Vec<EventRecord>, CatalogError> {
        let first = self.open.first_key_value();
        let first = first.map_or(u64::MAX, |(first, _)| *first);
        let is_open = |record: &&EventRecord| {
            let index = self.run_index.get(record.event.run());
            record.seq >= first && index.is_some_and(|index| self.runs[*index].last.is_none())
        };
        Ok(self.events.iter().filter(is_open).cloned().collect())
    }

    fn events_after(&self, seq: u64, at_most: u32) -> Result<Vec<EventRecord>, CatalogError> {
        // Events are numbered from 1, without gaps.
        let behind = self
            .events
            .iter()
            .skip(usize::try_from(seq).unwrap_or(usize::MAX));
        Ok(behind.take(at_most as usize).cloned().collect())
    }

    fn newest_attempt(&self, what: &str) -> Result<NewestAttempt, CatalogError> {
        Ok(NewestAttempt {
            attempt: self.fences.get(what).copied().unwrap_or(0),
            epoch: self.epoch,
            seq: self.events.len() as u64,
        })
    }

    fn events(&self, run: &str, among: Among<'_>) -> Result<Vec<EventRecord>, CatalogError> {
        let Some(index) = self.run_index.get(run) else {
            return Ok(Vec::new());
        };
        let Run { first, last, .. } = &self.runs[*index];
        let between = (*first..=last.unwrap_or(self.events.len() as u64)).map(|seq| {
            // Events are numbered from 1, without gaps.
            &self.events[usize::try_from(seq).unwrap_or(usize::MAX) - 1]
        });
        let own = between.filter(|record| record.event.run().as_ref() == run);
        let own = own.filter(|record| among.takes(&record.event));
        Ok(own.cloned().collect())
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

    fn latest_of(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Materialization>>, CatalogError> {
        Ok(newest(&self.latest, asset, pieces))
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

    fn observations(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Observation>>, CatalogError> {
        Ok(newest(&self.observations, asset, pieces))
    }

    fn first_observations(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<Arc<Observation>>, CatalogError> {
        Ok(newest(&self.first_observations, asset, pieces))
    }

    fn has_checks(&self) -> Result<bool, CatalogError> {
        Ok(!self.checks.is_empty())
    }

    fn checks(
        &self,
        asset: &AssetKey,
        pieces: Pieces<'_>,
    ) -> Result<Vec<(u64, Arc<CheckResult>)>, CatalogError> {
        // No name is before the empty one.
        let keys = |partition: &Option<Arc<str>>| {
            let first = (partition.clone(), Arc::from(""));
            (Bound::Included(first), Bound::Unbounded)
        };
        let is_of = |key: &CheckName, partition: &Option<Arc<str>>| key.0 == *partition;
        Ok(rows(&self.checks, asset, pieces, keys, is_of))
    }
}
