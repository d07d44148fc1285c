//! One executor at a time: the lock holds, old epochs are fenced off.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::catalogs::open;
use super::fixture::{Script, asset, graph, key, made, request};
use crate::catalog::{Draft, SqliteStore, Store};
use crate::{Catalog, CatalogError, Durability, Event, Executor, ExecutorOptions, Lock};

#[test]
fn a_second_executor_fails_or_waits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let first = open(&path, 1);
    let error = Executor::open(&path, ExecutorOptions::default()).unwrap_err();
    assert!(matches!(error, CatalogError::Locked { .. }), "{error}");
    let pid = format!("(pid {})", std::process::id());
    assert!(error.to_string().ends_with(&pid), "{error}");

    let waiting = {
        let path = path.clone();
        std::thread::spawn(move || {
            Executor::open(&path, ExecutorOptions::default().lock(Lock::Wait))
                .unwrap()
                .epoch()
        })
    };
    // Until it sleeps in flock(2), which the kernel tells.
    let deadline = Instant::now() + Duration::from_secs(10);
    while !someone_waits_for_a_lock(&path) {
        assert!(Instant::now() < deadline, "nobody waits for the lock");
        std::thread::yield_now();
    }
    assert!(!waiting.is_finished());
    drop(first);
    assert_eq!(waiting.join().unwrap(), 2);
}

const CHILD_CATALOG: &str = "ASSET_ENGINE_TEST_READ_CATALOG";

/// The part of another process that reads; does nothing in an ordinary test run.
#[test]
fn read_child() {
    let Some(path) = std::env::var_os(CHILD_CATALOG) else {
        return;
    };
    let catalog = Catalog::open(path).unwrap();
    let verified = catalog.verify(None).unwrap();
    let run = catalog.run("run").unwrap().unwrap();
    println!(
        "read: {} after event {}",
        run.status.as_str(),
        verified.head.seq
    );
}

/// What another process reads in a catalog.
fn read_elsewhere(path: &Path) -> String {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "executor::tests::owners::read_child",
            "--nocapture",
        ])
        .env(CHILD_CATALOG, path)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, read) = text
        .split_once("read: ")
        .unwrap_or_else(|| panic!("{text}"));
    read.lines().next().unwrap().to_owned()
}

#[test]
fn another_process_reads_while_a_run_is_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let (enter, entered) = std::sync::mpsc::channel();
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let script = Arc::new(Script::default());
    let slow = crate::Asset::new(key("slow"), move |_: &crate::StepContext<'_>| {
        enter.send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        Ok(made("v1"))
    });
    let executor = open(&path, 1);
    let graph = graph(vec![asset("first", &script), slow.depends_on(key("first"))]);
    executor.submit(request("run", &graph)).unwrap();
    entered.recv_timeout(Duration::from_secs(20)).unwrap();
    // Submitted, the first step begun and made, and perhaps the start of the second.
    let read = read_elsewhere(&path);
    assert!(
        ["started after event 3", "started after event 4"].contains(&read.as_str()),
        "{read}"
    );
    let_go.send(()).unwrap();
    executor.wait("run").unwrap();
    assert_eq!(read_elsewhere(&path), "success after event 6");
}

/// Whether /proc/locks has a waiter ("->") for the lock file of a catalog.
fn someone_waits_for_a_lock(catalog: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let lock = format!("{}.lock", catalog.display());
    let inode = std::fs::metadata(lock).unwrap().ino();
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .any(|line| line.contains("->") && line.contains(&format!(":{inode} ")))
}

/// A disk that is full when the epoch is raised: the commit fails after the statement has given the
/// new epoch. Here a constraint that is deferred to the commit stands for the disk.
#[test]
fn an_epoch_that_was_not_committed_is_no_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    drop(open(&path, 1));
    let full = "CREATE TABLE none (id INTEGER PRIMARY KEY);
                CREATE TABLE full (id REFERENCES none DEFERRABLE INITIALLY DEFERRED);
                CREATE TRIGGER full AFTER UPDATE ON meta BEGIN INSERT INTO full VALUES (1); END;";
    let disk = rusqlite::Connection::open(&path).unwrap();
    disk.execute_batch(full).unwrap();
    let mut store = SqliteStore::open(&path, Durability::PowerLoss).unwrap();
    let error = store.next_epoch().unwrap_err().to_string();
    assert!(error.contains("raise the epoch: FOREIGN KEY"), "{error}");
    disk.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(store.next_epoch().unwrap(), 2);
}

#[test]
fn b10_an_executor_of_an_older_epoch_cannot_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let executor = open(&path, 1);
    let script = Arc::new(Script::default());
    let graph = graph(vec![asset("a", &script)]);
    executor.run(request("good", &graph)).unwrap();
    // A younger owner, as if the lock file had been deleted under the first one.
    let mut younger = SqliteStore::open(&path, Durability::PowerLoss).unwrap();
    assert_eq!(younger.next_epoch().unwrap(), 2);
    let error = executor.run(request("late", &graph)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "catalog {}: epoch 1 is fenced off, the catalog is at epoch 2",
            path.display()
        )
    );
    let reader = Catalog::open(&path).unwrap();
    assert_eq!(reader.run("late").unwrap(), None);
    let draft = Draft {
        t_ns: 1,
        at_ms: 1,
        event: Event::RunResumed {
            run: Arc::from("good"),
            identity: Arc::default(),
        },
    };
    younger.commit(2, &[draft]).unwrap();
}
