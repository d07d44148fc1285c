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
        (7, 6, 1)
    );
    assert_eq!(backfill.failed().unwrap(), ["2013-01-02"]);
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
        "backfill year: requested before with another partitions: 365 from 2013-01-01 to 2013-12-31, \
         now 3 from 2013-01-01 to 2013-01-03"
    );
    backfill.cancel().unwrap();
    let progress = backfill.run(|_| ()).unwrap();
    assert_eq!(
        (progress.status, progress.waiting),
        (RunStatus::Canceled, 365)
    );
    assert_eq!(step.executed(), [""; 0]);
    assert_eq!(
        Backfill::of(&executor, &graph, "month")
            .unwrap_err()
            .to_string(),
        "backfill month: not in the catalog"
    );
    // Requested again, it goes on.
    let again = Backfill::request(&executor, &graph, record(&days)).unwrap();
    assert_eq!(again.before(), Some(&progress));
    let progress = again.run(|_| ()).unwrap();
    assert_eq!(
        (progress.status, progress.succeeded),
        (RunStatus::Success, 365)
    );
}

/// A lookup that all days read, what is made of each of them, and what is made of all.
fn with_unpartitioned(step: &Arc<Noting>) -> Arc<AssetGraph> {
    let days = || Partitions::daily("2013-01-01", "2013-01-07").unwrap();
    graph(vec![
        asset("lookup", step),
        asset("daily", step)
            .partitions(days())
            .depends_on(key("lookup")),
        asset("total", step).depends_on(key("daily")),
        asset("told", step).depends_on(key("total")),
        asset("share", step)
            .partitions(days())
            .depends_on(key("total"))
            .depends_on(key("daily")),
    ])
}

fn week(graph: &AssetGraph) -> BackfillRecord {
    let days = &graph.assets()[1].partitions;
    let keys = (0..days.count()).map(|at| days.key(at).unwrap().to_string());
    BackfillRecord {
        per_run: NonZero::new(2).unwrap(),
        ..BackfillRecord::new("week", Selection::all(), keys)
    }
}

fn times(step: &Noting, asset: &str) -> usize {
    let executed = step.executed();
    let of = |piece: &&String| piece.split('@').next() == Some(asset);
    executed.iter().filter(of).count()
}

#[test]
fn what_has_no_partitions_is_made_once_before_or_after_them() {
    let step = Arc::new(Noting::default());
    let graph = with_unpartitioned(&step);
    let executor = memory();
    let backfill = Backfill::request(&executor, &graph, week(&graph)).unwrap();
    let progress = backfill.run(|_| ()).unwrap();
    assert_eq!(
        (progress.status, progress.succeeded),
        (RunStatus::Success, 7)
    );
    assert_eq!(
        (progress.unpartitioned, progress.unpartitioned_succeeded),
        (2, 2)
    );
    let counts = ["lookup", "daily", "total", "told", "share"].map(|asset| times(&step, asset));
    assert_eq!(counts, [1, 7, 1, 1, 7]);
    let executed = step.executed();
    let place = |piece: &str| executed.iter().position(|done| done == piece).unwrap();
    assert!(place("lookup") < place("daily@2013-01-01"));
    assert!(place("daily@2013-01-07") < place("total"));
    assert!(place("total") < place("share@2013-01-01"));
    let runs = executor.catalog().runs().unwrap();
    let mut ids: Vec<&str> = runs.iter().map(|info| info.record.run.as_ref()).collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        [
            "week/2013-01-01",
            "week/2013-01-01~2",
            "week/2013-01-03",
            "week/2013-01-03~2",
            "week/2013-01-05",
            "week/2013-01-05~2",
            "week/2013-01-07",
            "week/2013-01-07~2",
            "week/once",
            "week/once~2",
        ]
    );
}

#[test]
fn what_failed_and_what_waited_for_it_is_made_by_the_same_request() {
    let step = Arc::new(Noting::default());
    let graph = with_unpartitioned(&step);
    let executor = memory();
    step.fail("daily@2013-01-04", true);
    let request = || Backfill::request(&executor, &graph, week(&graph)).unwrap();
    let failed = request().run(|_| ()).unwrap();
    assert_eq!((failed.status, failed.failed), (RunStatus::Failure, 1));
    assert_eq!(
        (failed.unpartitioned_succeeded, times(&step, "total")),
        (1, 0)
    );
    step.fail("daily@2013-01-04", false);
    step.take();
    let again = request();
    assert_eq!(again.before(), Some(&failed));
    let progress = again.run(|_| ()).unwrap();
    assert_eq!(
        (progress.status, progress.succeeded),
        (RunStatus::Success, 7)
    );
    assert_eq!(
        step.take().len(),
        1 + 2 + 7,
        "the failed day, the two after it, the shares"
    );
    let done = request();
    assert_eq!(done.before(), Some(&progress));
    assert_eq!(done.run(|_| ()).unwrap(), progress);
    assert_eq!(step.executed(), [""; 0]);
}

#[test]
fn a_stopped_backfill_leaves_no_run_open_and_tells_cancelled_from_failed() {
    let step = Arc::new(Noting::default());
    let (graph, days) = year(&step);
    step.fail("daily@2013-01-02", true);
    let executor = memory();
    let backfill = Backfill::request(&executor, &graph, record(&days)).unwrap();
    let enough = std::cell::Cell::new(false);
    let progress = backfill
        .run_until(|| enough.get(), |now| enough.set(now.succeeded > 20))
        .unwrap();
    assert_eq!((progress.status, progress.failed), (RunStatus::Canceled, 1));
    assert_eq!(progress.under_way, 0);
    assert!(progress.waiting > 0, "{progress:?}");
    let runs = executor.catalog().runs().unwrap();
    assert!(runs.iter().all(|info| info.status != RunStatus::Started));
}

#[test]
fn a_backfill_cancelled_from_elsewhere_ends_with_its_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let step = Arc::new(Noting::default());
    let (graph, days) = year(&step);
    let executor = open(&path, Failpoint::default()).unwrap();
    let backfill = Backfill::request(&executor, &graph, record(&days)).unwrap();
    let asked = std::cell::Cell::new(false);
    let progress = backfill
        .run_until(
            || false,
            |now| {
                if now.succeeded > 20 && !asked.replace(true) {
                    let durability = crate::Durability::ProcessCrash;
                    let mut beside = crate::Recorder::open(&path, durability).unwrap();
                    beside.cancel_backfill("year").unwrap();
                }
            },
        )
        .unwrap();
    assert_eq!(
        (progress.status, progress.under_way),
        (RunStatus::Canceled, 0)
    );
    assert!(progress.waiting > 0, "{progress:?}");
    executor.catalog().verify(None).unwrap();
}

#[test]
fn a_partition_that_is_named_twice_is_made_once() {
    let step = Arc::new(Noting::default());
    let (graph, days) = year(&step);
    let executor = memory();
    let twice = [&days[0], &days[0], &days[1]].map(String::clone);
    let backfill = Backfill::request(&executor, &graph, record(&twice)).unwrap();
    let progress = backfill.run(|_| ()).unwrap();
    assert_eq!((progress.succeeded, progress.total), (3, 3));
    let daily = step.executed();
    assert_eq!(
        daily.iter().filter(|made| made.contains(&days[0])).count(),
        1
    );
}
