//! Catalogs in memory, in a file and in PostgreSQL answer every query alike, whatever has happened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::Value;

use super::fixture::key;
use crate::catalog::{Draft, MemoryStore, Pieces, SqliteStore, Store};
use crate::{
    Attempt, BackfillRecord, Catalog, CheckResult, Durability, Event, Identity, Materialization,
    Mode, Observation, PartitionChange, RunRecord, RunStatus, Selection, Severity, SkipReason,
    StepFailure, Tick,
};

const ASSETS: [&str; 2] = ["a", "b"];
const PARTITIONS: [Option<&str>; 3] = [None, Some("x"), Some("y")];
const RUNS: [&str; 4] = ["r", "r/1", "r/2", "s"];

/// One event, by numbers that stand for names.
#[derive(Debug, Clone)]
pub(super) struct Change {
    kind: u8,
    asset: usize,
    partition: usize,
    run: usize,
    /// A version, a status or whatever else there are a few of.
    other: usize,
    /// Whether it belongs to a run, or says its version.
    mark: bool,
}

pub(super) fn changes() -> impl Strategy<Value = Vec<Vec<Change>>> {
    let parts = (0..15_u8, 0..2_usize, 0..3_usize, 0..4_usize, 0..3_usize);
    let change = (parts, any::<bool>()).prop_map(|(parts, mark)| {
        let (kind, asset, partition, run, other) = parts;
        Change {
            kind,
            asset,
            partition,
            run,
            other,
            mark,
        }
    });
    let commit = proptest::collection::vec(change, 1..4);
    proptest::collection::vec(commit, 1..16)
}

/// Turns changes into what an engine would record: an id is used once.
#[derive(Default)]
pub(super) struct Recording {
    submitted: Vec<Arc<str>>,
    ordered: usize,
    backfills: usize,
}

impl Recording {
    pub fn event(&mut self, change: &Change) -> Option<Event> {
        let asset = key(ASSETS[change.asset]);
        let partition: Option<Arc<str>> = PARTITIONS[change.partition].map(Arc::from);
        let version = format!("v{}", change.other);
        let run: Arc<str> = Arc::from(RUNS[change.run]);
        let of_run = Arc::from(if change.mark { RUNS[change.run] } else { "" });
        let ended = [RunStatus::Success, RunStatus::Failure, RunStatus::Canceled][change.other];
        let attempt = Attempt {
            run: Arc::clone(&run),
            asset: asset.clone(),
            partition: partition.clone(),
            attempt: 1,
        };
        Some(match change.kind {
            0 => Event::Materialized(Arc::new(Materialization {
                run: of_run,
                epoch: 1,
                ..Materialization::reported(asset, partition.as_deref(), version, "1")
            })),
            1 => Event::Observed(Arc::new(Observation {
                run: of_run,
                ..Observation::new(asset, partition.as_deref(), version)
            })),
            2 => Event::Checked(Arc::new(CheckResult {
                severity: [Severity::Warn, Severity::Block][change.other % 2],
                data_version: change.mark.then_some(version),
                ..CheckResult::new(asset, partition.as_deref(), RUNS[change.run], change.mark)
            })),
            3 => Event::Wiped {
                run: Arc::from(""),
                asset,
                partition,
            },
            4 => Event::RunSubmitted(self.submit(run)?),
            5 => Event::RunResumed {
                run,
                identity: Arc::default(),
            },
            6 => Event::RunEnded {
                run,
                status: ended,
                fresh: 1,
            },
            7 => Event::CancelRequested { run },
            8 => Event::AttemptStarted(attempt),
            9 => Event::AttemptFailed {
                attempt,
                failure: StepFailure::fatal("Planned", version),
                retry_delay_ns: None,
                check: change.mark,
            },
            10 => Event::Skipped {
                run,
                asset,
                partition,
                reason: SkipReason::Canceled,
            },
            11 => Event::Ticked(self.tick(change, version)),
            12 => {
                self.backfills += 1;
                let id = format!("backfill-{}", self.backfills);
                let record = BackfillRecord::new(id, Selection::all(), ["x"]);
                Event::BackfillRequested(Arc::new(record))
            }
            13 => Event::PartitionChanged(PartitionChange {
                added: change.mark,
                ..PartitionChange::added(ASSETS[change.asset], version)
            }),
            _ => Event::BackfillEnded {
                id: Arc::from(format!("backfill-{}", change.other)),
                status: ended,
            },
        })
    }

    /// A run under an id of its own, or one that a tick has ordered.
    fn submit(&mut self, run: Arc<str>) -> Option<Arc<RunRecord>> {
        let is_new = !self.submitted.contains(&run);
        self.submitted.push(Arc::clone(&run));
        is_new.then(|| record(run))
    }

    /// A tick that orders some runs, named so that they do not come in the order of their names.
    fn tick(&mut self, change: &Change, note: String) -> Arc<Tick> {
        let mut order = || {
            self.ordered += 1;
            let run: Arc<str> = Arc::from(format!("o/{}", 99 - self.ordered));
            record(run)
        };
        let orders = (0..change.other).map(|_| order()).collect();
        Arc::new(Tick {
            automation: Arc::from(RUNS[change.run]),
            for_ms: 7,
            cursor: change.mark.then(|| note.clone()),
            orders,
            note: Some(note),
        })
    }
}

fn record(run: Arc<str>) -> Arc<RunRecord> {
    let tag = ("named".to_owned(), run.to_string());
    Arc::new(RunRecord {
        run,
        selection: Selection::all(),
        mode: Mode::All,
        config: Arc::new(Value::Null),
        tags: Arc::new([tag].into()),
        identity: Arc::new(Identity::new()),
    })
}

/// Every query, as text.
pub(super) fn told(catalog: &Catalog) -> String {
    let mut told = Vec::new();
    told.push(format!("{:?}", catalog.head().unwrap()));
    told.push(format!("{:?}", catalog.verify(None).unwrap()));
    told.push(format!("{:?}", catalog.all_events().unwrap()));
    told.push(format!("{:?}", catalog.runs().unwrap()));
    for run in RUNS.into_iter().chain(["", "o/98", "none"]) {
        let events = catalog.events(run).unwrap();
        told.push(format!("{run}: {:?} {events:?}", catalog.run(run).unwrap()));
        told.push(format!("{:?}", catalog.status(run).unwrap()));
        let statuses: BTreeMap<_, _> = catalog.statuses_of(run).unwrap().into_iter().collect();
        told.push(format!("{statuses:?}"));
    }
    for asset in ASSETS.map(key) {
        for partition in PARTITIONS {
            told.push(format!("{:?}", catalog.latest(&asset, partition).unwrap()));
        }
        told.push(format!("{:?}", catalog.latest_of(&asset).unwrap()));
        told.push(format!("{:?}", catalog.observations_of(&asset).unwrap()));
        told.push(format!("{:?}", catalog.checks_of(&asset).unwrap()));
        told.push(format!("{:?}", catalog.stamps_of(&asset).unwrap()));
        let some = PARTITIONS[1..].iter().chain([&Some("none")]);
        let some: Vec<Option<Arc<str>>> = some.map(|key| key.map(Arc::from)).collect();
        for pieces in [Pieces::All, Pieces::These(&some), Pieces::These(&[None])] {
            told.push(format!("{:?}", catalog.latest_among(&asset, pieces)));
            told.push(format!("{:?}", catalog.observations_among(&asset, pieces)));
            let firsts = catalog.first_observations_among(&asset, pieces);
            told.push(format!("{firsts:?}"));
            told.push(format!("{:?}", catalog.checks_among(&asset, pieces)));
            told.push(format!("{:?}", catalog.stamps_among(&asset, pieces)));
        }
        told.push(format!("{:?}", catalog.wipes_of(&asset).unwrap()));
        let keys = catalog.partitions(asset.as_str());
        told.push(format!("{:?}", keys.unwrap()));
        let mut each = |version: crate::catalog::Version<'_>| {
            let (piece, inputs) = (version.piece, version.inputs);
            let (partition, code) = (version.partition, version.code_version);
            told.push(format!("{partition:?} {code} {piece} {inputs}"));
        };
        catalog.each_version(&asset, &mut each).unwrap();
    }
    told.push(format!("{:?}", catalog.assets().unwrap()));
    told.push(format!("{:?}", catalog.has_checks().unwrap()));
    for asset in ASSETS.map(key) {
        told.push(format!("{:?}", catalog.history_of(&asset).unwrap()));
    }
    told.push(format!("{:?}", catalog.ticks().unwrap()));
    told.push(format!("{:?}", catalog.orders().unwrap()));
    told.push(format!("{:?}", catalog.backfills().unwrap()));
    told.push(format!("{:?}", catalog.open_runs().unwrap()));
    told.push(format!("{:?}", catalog.with(|store| store.open_events())));
    told.push(format!("{:?}", catalog.left().unwrap()));
    told.push(format!("{:?}", catalog.open_backfills().unwrap()));
    for id in ["backfill-1", "none"] {
        told.push(format!("{:?}", catalog.backfill(id).unwrap()));
        told.push(format!("{:?}", catalog.backfill_status(id).unwrap()));
    }
    for after in [0, 3, 99] {
        told.push(format!("{:?}", catalog.cancel_requests(after).unwrap()));
        told.push(format!("{:?}", catalog.unsuccessful(after).unwrap()));
        for status in [RunStatus::Success, RunStatus::Failure, RunStatus::Canceled] {
            told.push(format!("{:?}", catalog.ended(status, after).unwrap()));
        }
    }
    told.join("\n")
}

pub(super) fn catalog(store: impl Store + 'static) -> Catalog {
    Catalog {
        store: Arc::new(Mutex::new(store)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn both_catalogs_answer_every_query_alike(commits in changes()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        let mut file = SqliteStore::open(&path, Durability::ProcessCrash).unwrap();
        let mut memory = MemoryStore::default();
        prop_assert_eq!(file.next_epoch().unwrap(), MemoryStore::FIRST_EPOCH);
        let mut recording = Recording::default();
        for (number, commit) in (1..).zip(commits) {
            let events = commit.iter().filter_map(|change| recording.event(change));
            let draft = |event| Draft { t_ns: number, at_ms: 1000 * number, event };
            let drafts: Vec<Draft> = events.map(draft).collect();
            memory.commit(MemoryStore::FIRST_EPOCH, &drafts).unwrap();
            file.commit(MemoryStore::FIRST_EPOCH, &drafts).unwrap();
            prop_assert_eq!(memory.head().unwrap(), file.head().unwrap());
        }
        let (memory, file) = (told(&catalog(memory)), told(&catalog(file)));
        let differ = |(memory, file): (&str, &str)| memory != file;
        let line = memory.lines().zip(file.lines()).find(|pair| differ(*pair));
        prop_assert_eq!(line, None);
        prop_assert_eq!(memory.len(), file.len());
    }
}
