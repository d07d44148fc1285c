//! Backfills: every partition once, across crashes, with progress.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

use super::fixture::{Noting, asset, at, graph, key, memory, open};
use crate::automation::{Backfill, BackfillProgress, Daemon};
use crate::catalog::{Failpoint, FailpointMode};
use crate::{AssetGraph, BackfillRecord, Event, Partitions, RunStatus, Selection};

fn year(step: &Arc<Noting>) -> (Arc<AssetGraph>, Vec<String>) {
    let days = Partitions::daily("2013-01-01", "2013-12-31").unwrap();
    let keys = (0..days.count()).map(|at| days.key(at).unwrap().to_string());
    let keys = keys.collect();
    (graph(vec![asset("daily", step).partitions(days)]), keys)
}

fn record(partitions: &[String]) -> BackfillRecord {
    let all = Selection::assets([key("daily")]);
    BackfillRecord {
        at_once: NonZero::new(8).unwrap(),
        ..BackfillRecord::new("year", all, partitions)
    }
}

#[test]
fn a_year_interrupted_again_and_again_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let step = Arc::new(Noting::default());
    let (graph, days) = year(&step);
    let mut interrupted = 0;
    let progress: BackfillProgress = loop {
        // Some hundred writes further each time.
        let failpoint = Failpoint::new(500, FailpointMode::Error);
        let executor = open(&path, failpoint).unwrap();
        let mut seen = 0;
        let driven = Backfill::request(&executor, &graph, record(&days)).and_then(|backfill| {
            backfill.run(|progress| {
                assert!(progress.succeeded >= seen, "{progress:?}");
                assert!(progress.under_way <= 8, "{progress:?}");
                seen = progress.succeeded;
            })
        });
        match driven {
            Ok(progress) => break progress,
            Err(_) => interrupted += 1,
        }
        assert!(interrupted < 100);
    };
    assert!(interrupted > 3, "{interrupted}");
    assert_eq!(
        (progress.status, progress.succeeded),
        (RunStatus::Success, 365)
    );
    let executor = open(&path, Failpoint::default()).unwrap();
    let mut made: BTreeMap<String, u32> = BTreeMap::new();
    for record in executor.catalog().all_events().unwrap() {
        if let Event::Materialized(one) = record.event {
            *made
                .entry(one.partition.as_deref().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    assert_eq!(made, days.iter().map(|day| (day.clone(), 1)).collect());
    executor.catalog().verify(None).unwrap();
    let again = Backfill::request(&executor, &graph, record(&days)).unwrap();
    assert_eq!(again.run(|_| ()).unwrap(), progress);
}

#[test]
fn a_daemon_brings_it_forward_and_failures_do_not_stop_it() {
    let step = Arc::new(Noting::default());
    let (graph, days) = year(&step);
    step.fail("daily@2013-01-02", true);
    let executor = memory();
    let record = BackfillRecord {
        per_run: NonZero::new(3).unwrap(),
        at_once: NonZero::new(1).unwrap(),
        ..record(&days[..7])
    };
    let backfill = Backfill::request(&executor, &graph, record).unwrap();
    let mut daemon = Daemon::new(Arc::clone(&executor), Arc::clone(&graph), Vec::new());
    let mut waiting = Vec::new();
    for _ in 0..4 {
        daemon.tick(at("2024-01-01T00:00:00Z")).unwrap();
        waiting.push(backfill.progress().unwrap().waiting);
        for run in executor.catalog().runs().unwrap() {
            executor.wait(&run.record.run).unwrap();
        }
    }
    assert_eq!(waiting, [4, 1, 0, 0]);
    let progress = backfill.progress().unwrap();
    assert_eq!(progress.status, RunStatus::Failure);
    assert_eq!(
        (progress.total, progress.succeeded, progress.failed),
        (7, 4, 3)
    );
}

#[test]
fn requests_are_checked_and_can_be_cancelled() {
    let step = Arc::new(Noting::default());
    let (graph, days) = year(&step);
    let executor = memory();
    let error = |record| {
        Backfill::request(&executor, &graph, record)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(record(&[])),
        "backfill year: no partitions, expected at least one"
    );
    assert_eq!(
        error(record(&["2014-01-01".to_owned()])),
        "selection: no selected asset has a partition \"2014-01-01\""
    );
    let backfill = Backfill::request(&executor, &graph, record(&days)).unwrap();
    assert_eq!(
        error(record(&days[..3])),
        "backfill year: requested before with another selection, partitions or settings"
    );
    backfill.cancel().unwrap();
    let progress = backfill.run(|_| ()).unwrap();
    assert_eq!(
        (progress.status, progress.waiting),
        (RunStatus::Canceled, 365)
    );
    assert_eq!(
        Backfill::of(&executor, &graph, "month")
            .unwrap_err()
            .to_string(),
        "backfill month: not in the catalog"
    );
    assert_eq!(step.executed(), [""; 0]);
}
