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
