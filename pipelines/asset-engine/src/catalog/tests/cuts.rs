//! A catalog may lose its end: it is refused, or it holds a committed prefix and says which.

use std::path::{Path, PathBuf};

use super::fixture::{checkpoint, place, record, verify_and_read};
use crate::{Head, Verified};

/// Bytes between one cut and the next; a prime, so that cuts fall on every place in a page.
const STRIDE: usize = 13;

fn wal(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

/// Where to cut: every `STRIDE` bytes, and around every boundary of a page or frame.
fn cuts(len: usize, first: usize, unit: usize) -> Vec<usize> {
    let boundaries = (first..=len)
        .step_by(unit)
        .flat_map(|at| [at.saturating_sub(1), at, at + 1]);
    let mut cuts: Vec<usize> = (0..len).step_by(STRIDE).chain(boundaries).collect();
    cuts.retain(|at| *at < len);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// What a cut file says: refused, or a prefix that was a whole log once.
fn is_prefix(verified: &Verified, noted: &Head) {
    assert_eq!(verified.missing, noted.seq - verified.head.seq);
    let text = verified.to_string();
    assert!(text.starts_with("a committed prefix"), "{text}");
    assert_eq!(text.contains("missing"), verified.missing > 0, "{text}");
}

#[test]
fn a_write_ahead_log_cut_anywhere_leaves_a_committed_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let (executor, heads) = record(&path);
    let noted = heads.last().unwrap();
    let events = executor.catalog().all_events().unwrap();
    let (file, log) = (
        std::fs::read(&path).unwrap(),
        std::fs::read(wal(&path)).unwrap(),
    );
    let mut prefixes = std::collections::BTreeSet::new();
    // A log has a header of 32 bytes, each frame one of 24 before its page.
    for at in cuts(log.len(), 32, 24 + 512) {
        let copy = place(dir.path(), at);
        std::fs::write(&copy, &file).unwrap();
        std::fs::write(wal(&copy), &log[..at]).unwrap();
        let catalog = crate::Catalog::open(&copy).unwrap();
        let verified = catalog.verify(Some(noted)).unwrap();
        is_prefix(&verified, noted);
        let read = catalog.all_events().unwrap();
        assert_eq!(read, events[..read.len()], "cut at {at}");
        prefixes.insert(verified.head.seq);
        drop(catalog);
        std::fs::remove_file(&copy).unwrap();
    }
    // Every commit is a prefix of its own; a step of a run is one.
    assert!(prefixes.len() > 10, "{prefixes:?}");
    for head in &heads[..heads.len() - 1] {
        assert!(prefixes.contains(&head.seq), "{head:?} in {prefixes:?}");
    }
}

#[test]
fn a_file_cut_anywhere_is_refused_or_a_committed_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let (executor, heads) = record(&path);
    drop(executor);
    checkpoint(&path);
    let whole = std::fs::read(&path).unwrap();
    let noted = heads.last().unwrap();
    for at in cuts(whole.len(), 512, 512) {
        let copy = place(dir.path(), at);
        std::fs::write(&copy, &whole[..at]).unwrap();
        // Only a file cut down to nothing looks like a new one; SQLite reads the end that the
        // last page lacks as zeros, so that zeros cut off there are no loss.
        let last_page = whole.len() - at < 512;
        let no_loss = last_page && whole[at..].iter().all(|byte| *byte == 0);
        match verify_and_read(&copy, Some(noted)) {
            Ok((verified, _)) => {
                is_prefix(&verified, noted);
                assert!(at == 0 || no_loss, "cut at {at} of {}", whole.len());
                assert_eq!(verified.missing == 0, no_loss, "cut at {at}");
            }
            Err(error) => assert!(!no_loss && at > 0, "cut at {at}: {error}"),
        }
        std::fs::remove_file(&copy).unwrap();
    }
}
