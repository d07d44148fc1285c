//! What is wiped is missing again, in the log, in what is derived from it, and to the planner.

use super::fixture::key;
use crate::{Catalog, Event, Executor, ExecutorOptions, Materialization, Report};

#[test]
fn a_wiped_piece_is_missing_and_the_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let durable = Executor::open(&path, ExecutorOptions::default()).unwrap();
    let volatile = Executor::memory(ExecutorOptions::default());
    let made = |day| Materialization::reported(key("raw"), Some(day), "v1", "1");
    for executor in [&durable, &volatile] {
        executor
            .record_all(["monday", "tuesday"].map(made))
            .unwrap();
        let wiped = Report::Wiped {
            asset: key("raw"),
            partition: Some("monday".into()),
        };
        executor.record_all([wiped]).unwrap();
    }
    drop(durable);
    let read = Catalog::open(&path).unwrap();
    for catalog in [&read, volatile.catalog()] {
        assert_eq!(catalog.latest(&key("raw"), Some("monday")).unwrap(), None);
        let left = catalog.latest_of(&key("raw")).unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].partition.as_deref(), Some("tuesday"));
        let events = catalog.all_events().unwrap();
        assert!(matches!(events[2].event, Event::Wiped { .. }));
        catalog.verify(None).unwrap();
    }
}

#[test]
fn a_wipe_of_what_is_not_there_says_what_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let executor = Executor::open(&path, ExecutorOptions::default()).unwrap();
    let made = |day| Materialization::reported(key("raw"), Some(day), "v1", "1");
    executor
        .record_all(["monday", "tuesday"].map(made))
        .unwrap();
    let seen = crate::Observation::new(key("source"), None, "v1");
    executor.record_all([seen]).unwrap();
    let wipe = |asset, partition: Option<&str>| Report::Wiped {
        asset: key(asset),
        partition: partition.map(Into::into),
    };
    let mut beside = crate::Recorder::open(&path, crate::Durability::ProcessCrash).unwrap();
    let before = executor.catalog().head().unwrap();
    for (asset, partition, expected) in [
        (
            "raw",
            None,
            "asset raw without a partition: nothing to wipe, made are 2 partitions, monday to tuesday",
        ),
        (
            "raw",
            Some("sunday"),
            "asset raw, partition sunday: nothing to wipe, made are 2 partitions, monday to tuesday",
        ),
        (
            "source",
            None,
            "asset source without a partition: nothing to wipe, nothing of it is made",
        ),
    ] {
        let error = executor.record_all([wipe(asset, partition)]).unwrap_err();
        assert_eq!(error.to_string(), expected);
        let error = beside.record_all([wipe(asset, partition)]).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(executor.catalog().head().unwrap(), before);
    // What is made in the same commit is there; what is wiped in it is not any more.
    let both = [made("sunday").into(), wipe("raw", Some("sunday"))];
    executor.record_all(both).unwrap();
    let twice = [wipe("raw", Some("monday")), wipe("raw", Some("monday"))];
    executor.record_all(twice).unwrap_err();
}
