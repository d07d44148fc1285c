//! What lies beside a catalog's file: its write-ahead log, its start log, and what reading leaves
//! there, which is nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::fixture::{checkpoint, place, read_all, record};
use crate::catalog::StartLog;
use crate::{Catalog, Executor, ExecutorOptions};

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// The bytes of the files in a folder, without the index that SQLite shares among processes.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| !path.to_string_lossy().ends_with("-shm"));
    paths
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

/// A catalog as a killed executor leaves it: its file, and a log with everything.
fn killed(dir: &Path) -> (Vec<u8>, Vec<u8>) {
    let path = dir.join("catalog.db");
    let (executor, _) = record(&path);
    let read = (
        std::fs::read(&path).unwrap(),
        std::fs::read(beside(&path, "-wal")).unwrap(),
    );
    drop(executor);
    read
}

fn lay_down(path: &Path, file: &[u8], log: &[u8]) {
    std::fs::write(path, file).unwrap();
    std::fs::write(beside(path, "-wal"), log).unwrap();
}

#[test]
fn a_flipped_byte_in_the_write_ahead_log_is_reported_and_stays_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (file, log) = killed(dir.path());
    let copies = tempfile::tempdir().unwrap();
    let whole = place(copies.path(), 0);
    lay_down(&whole, &file, &log);
    let expected = Catalog::open(&whole).unwrap().verify(None).unwrap();
    assert!(expected.is_sound(), "{expected}");
    // All of the first headers; further on, ever other places of a frame; and of the last one.
    let last = log.len() - (24 + 512);
    let places = (0..64).chain((64..last).step_by(311));
    for at in places.chain((last..log.len()).step_by(7)) {
        let copies = tempfile::tempdir().unwrap();
        let copy = place(copies.path(), 1);
        let mut bytes = log.clone();
        bytes[at] ^= 1 << (at % 8);
        lay_down(&copy, &file, &bytes);
        let before = files(copies.path());
        let verified = Catalog::open(&copy).unwrap().verify(None).unwrap();
        assert!(
            verified.head.seq < expected.head.seq,
            "byte {at}: {verified}"
        );
        assert!(
            verified.to_string().contains("write-ahead log: "),
            "byte {at}: {verified}"
        );
        assert!(
            verified.to_string().contains(" lie beyond "),
            "byte {at}: {verified}"
        );
        assert_eq!(files(copies.path()), before, "byte {at}");
    }
}

#[test]
fn who_writes_over_a_damaged_log_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let (file, mut log) = killed(dir.path());
    let half = log.len() / 2;
    log[half] ^= 8;
    let copies = tempfile::tempdir().unwrap();
    let copy = place(copies.path(), 1);
    lay_down(&copy, &file, &log);
    let executor = Executor::open(&copy, ExecutorOptions::default()).unwrap();
    let warnings = executor.warnings();
    assert!(warnings[0].contains("kept as"), "{warnings:?}");
    assert_eq!(std::fs::read(beside(&copy, "-wal.damaged")).unwrap(), log);
}

#[test]
fn a_damaged_start_log_keeps_nobody_from_working_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let starts = {
        let (executor, _) = record(&path);
        let starts = std::fs::read(StartLog::path_beside(&path)).unwrap();
        drop(executor);
        starts
    };
    assert!(!starts.is_empty());
    checkpoint(&path);
    for at in 0..starts.len() - 1 {
        let mut bytes = starts.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(StartLog::path_beside(&path), &bytes).unwrap();
        if at % 19 == 0 {
            let verified = Catalog::open(&path).unwrap().verify(None).unwrap();
            assert!(!verified.is_sound(), "byte {at}: {verified}");
            assert!(
                verified.to_string().contains(".starts: line "),
                "{verified}"
            );
            let executor = Executor::open(&path, ExecutorOptions::default()).unwrap();
            assert!(
                executor.warnings()[0].contains(".starts: line "),
                "byte {at}"
            );
            assert!(executor.catalog().verify(None).unwrap().is_sound());
        } else {
            assert!(!StartLog::damaged(&path).unwrap().is_empty(), "byte {at}");
        }
    }
}

#[test]
fn reading_leaves_the_folder_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (file, log) = killed(dir.path());
    let read = |path: &Path| {
        let catalog = Catalog::open(path).unwrap();
        (catalog.verify(None).unwrap(), read_all(&catalog).unwrap())
    };
    // Closed in good order, so without a log.
    let closed = tempfile::tempdir().unwrap();
    let path = place(closed.path(), 0);
    lay_down(&path, &file, &log);
    checkpoint(&path);
    let entries = || std::fs::read_dir(closed.path()).unwrap().count();
    let before = (entries(), files(closed.path()));
    let expected = read(&path);
    assert_eq!((entries(), files(closed.path())), before);
    // With the log of an executor that was killed.
    let open = tempfile::tempdir().unwrap();
    let path = place(open.path(), 0);
    lay_down(&path, &file, &log);
    let before = files(open.path());
    assert_eq!(read(&path), expected);
    assert_eq!(files(open.path()), before);
    // Where SQLite cannot make its index beside the file.
    std::fs::create_dir(beside(&path, "-shm.d")).unwrap();
    std::fs::remove_file(beside(&path, "-shm")).unwrap();
    std::fs::rename(beside(&path, "-shm.d"), beside(&path, "-shm")).unwrap();
    assert_eq!(read(&path), expected);
    // And nothing is made where nothing is.
    let missing = place(open.path(), 7);
    assert!(Catalog::open(&missing).is_err());
    assert!(!missing.exists());
}

proptest! {
    /// The log and the start log with bytes changed, cut and put in anywhere: an answer or an error,
    /// and whoever only reads changes nothing.
    #[test]
    fn anything_beside_the_file(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..30),
        cut in any::<prop::sample::Index>(),
        starts in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        static WHOLE: std::sync::OnceLock<(Vec<u8>, Vec<u8>)> = std::sync::OnceLock::new();
        let (file, log) = WHOLE.get_or_init(|| killed(tempfile::tempdir().unwrap().path()));
        let dir = tempfile::tempdir().unwrap();
        let path = place(dir.path(), 0);
        let mut log = log.clone();
        for (at, byte) in changes {
            let at = at.index(log.len());
            log[at] = byte;
        }
        log.truncate(log.len() - cut.index(log.len()) / 2);
        lay_down(&path, file, &log);
        std::fs::write(StartLog::path_beside(&path), &starts).unwrap();
        let before = files(dir.path());
        if let Ok(catalog) = Catalog::open(&path) {
            let _ = catalog.verify(None);
            let _ = read_all(&catalog);
        }
        prop_assert_eq!(files(dir.path()), before);
        let _ = Executor::open(&path, ExecutorOptions::default());
    }
}
