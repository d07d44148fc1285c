//! A catalog of schema version 1, recorded by the code of that version, is read and carried on.

use std::path::Path;

use super::fixture::{key, read_all, record_older, request};
use crate::catalog::{Pieces, SqliteStore, StartLog};
use crate::{Catalog, CatalogError, Durability, Event, Executor, ExecutorOptions, RunStatus};

/// Lays the recorded catalog and its start log down as files.
fn lay_down(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(include_str!("catalog-v1.sql"))
        .unwrap();
    let starts = include_str!("catalog-v1.starts");
    std::fs::write(StartLog::path_beside(path), starts).unwrap();
}

#[test]
fn version_1_is_read_verified_and_carried_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    lay_down(&path);
    let catalog = Catalog::open(&path).unwrap();
    let verified = catalog.verify(None).unwrap();
    assert_eq!(verified.head.seq, 36);
    let statuses: Vec<_> = catalog
        .runs()
        .unwrap()
        .iter()
        .map(|run| run.status)
        .collect();
    assert_eq!(
        statuses,
        [RunStatus::Success, RunStatus::Failure, RunStatus::Started]
    );
    let report = catalog.latest(&key("shop/report"), None).unwrap().unwrap();
    assert_eq!(report.inputs.len(), 3);

    let executor = Executor::open(&path, ExecutorOptions::default()).unwrap();
    let left = executor.unfinished();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].run, "die");
    // The executor that recorded it died in the report's first attempt.
    let outcome = executor.run(request("die", "die")).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    let last = executor
        .catalog()
        .latest(&key("shop/report"), None)
        .unwrap();
    assert_eq!(last.unwrap().attempt, 2);
    let closed = |record: &crate::EventRecord| matches!(record.event, Event::AttemptInterrupted(_));
    let events = executor.catalog().events("die").unwrap();
    assert_eq!(events.iter().filter(|record| closed(record)).count(), 1);
    assert_eq!(catalog.verify(Some(&verified.head)).unwrap().missing, 0);
}

/// Whoever reads makes nothing and migrates nothing, and so fences nobody off; once there is a
/// catalog it can be read.
#[test]
fn readers_that_open_a_new_catalog_at_once_leave_its_executor_alone() {
    for round in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        let start = std::sync::Barrier::new(5);
        let made = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    loop {
                        let was_made = made.load(std::sync::atomic::Ordering::SeqCst);
                        match Catalog::open(&path) {
                            Ok(_) if was_made => break,
                            Err(error) if was_made => panic!("round {round}: {error}"),
                            _ => {}
                        }
                    }
                });
            }
            start.wait();
            let executor = Executor::open(&path, ExecutorOptions::default()).unwrap();
            made.store(true, std::sync::atomic::Ordering::SeqCst);
            assert_eq!(executor.epoch(), 1, "round {round}");
        });
        let last = Executor::open(&path, ExecutorOptions::default()).unwrap();
        assert_eq!(last.epoch(), 2, "round {round}");
    }
}

#[test]
fn an_executor_of_the_older_version_is_fenced_off() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    lay_down(&path);
    let mut store = SqliteStore::open(&path, Durability::PowerLoss).unwrap();
    // It had epoch 1.
    let error = crate::catalog::Store::commit(&mut store, 1, &[]).unwrap_err();
    assert!(
        matches!(
            error,
            CatalogError::Fenced {
                own: 1,
                current: 2,
                ..
            }
        ),
        "{error}"
    );
}

/// What version 6 has besides is worked out from the log.
#[test]
fn version_5_gets_what_its_log_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let (executor, heads) = record_older(&path);
    drop(executor);
    let everything = |catalog: &Catalog| {
        let source = key("shop/source");
        let firsts = catalog.first_observations_among(&source, Pieces::All);
        let (left, all) = (catalog.left().unwrap(), read_all(catalog).unwrap());
        format!("{:?} {left:?} {all}", firsts.unwrap())
    };
    let before = everything(&Catalog::open(&path).unwrap());
    let older = rusqlite::Connection::open(&path).unwrap();
    older
        .execute_batch(
            "DROP TABLE fences;
             DROP TABLE partitions;
             DROP INDEX events_cancel;
             DROP INDEX backfills_open;
             DROP INDEX runs_ended;
             ALTER TABLE observations DROP COLUMN first_seq;
             ALTER TABLE automations DROP COLUMN cursor;
             ALTER TABLE automations DROP COLUMN note;
             PRAGMA user_version = 5;",
        )
        .unwrap();
    drop(older);
    let catalog = Catalog::open(&path).unwrap();
    assert_eq!(everything(&catalog), before);
    catalog.verify(heads.last()).unwrap();
    drop(Executor::open(&path, ExecutorOptions::default()).unwrap());
    assert_eq!(everything(&Catalog::open(&path).unwrap()), before);
}
