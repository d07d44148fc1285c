//! Attempts that overlap: the newest that has committed shuts out those before it, wherever the catalog is.

use std::sync::Arc;

use super::fixture::{draft, key};
use crate::catalog::{MemoryStore, SqliteStore, Store, Terms};
use crate::{CatalogError, Durability, Event, Fence, Materialization, Recorder};

pub fn made(asset: &str, version: &str) -> Event {
    let made = Materialization::reported(key(asset), None, version, "1");
    Event::Materialized(Arc::new(made))
}

/// What every store does with attempts.
pub fn shuts_out(mut store: impl Store) {
    let mut commit = |what, attempt, version: Option<&str>| {
        let drafts: Vec<_> = version
            .map(|version| draft(made("a", version)))
            .into_iter()
            .collect();
        store.commit_on(Terms::Beside(Some(&Fence { what, attempt })), &drafts)
    };
    commit("run/piece", 1, Some("first")).unwrap();
    commit("run/piece", 3, Some("third")).unwrap();
    // The same attempt again is no zombie: its answer may have been lost.
    commit("run/piece", 3, Some("third")).unwrap();
    // Another piece has attempts of its own.
    commit("run/other", 1, Some("other")).unwrap();
    let refused = commit("run/piece", 2, Some("zombie")).unwrap_err();
    assert_eq!(
        refused.to_string().split(": ").last(),
        Some("attempt 2 at \"run/piece\" is fenced off by attempt 3")
    );
    let CatalogError::Overtaken { own, newest, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!([own, newest], [2, 3]);
    // One that only begins shuts out those before it as well.
    commit("run/piece", 7, None).unwrap();
    assert!(commit("run/piece", 6, Some("zombie")).is_err());
    assert!(commit("run/piece", 6, None).is_err());
    let newest = store.latest(&key("a"), None).unwrap().unwrap();
    assert_eq!(newest.data_version, "other");
    assert_eq!(store.verify(None).unwrap().head.seq, 4);
    // One that begins has its number alone.
    let mut begin = |attempt| {
        let what = "run/piece";
        let fence = Fence { what, attempt };
        store.commit_on(Terms::Beginning(&fence), &[draft(made("a", "begun"))])
    };
    assert!(begin(7).is_err());
    begin(8).unwrap();
    assert!(begin(8).is_err());
    let newest = |what: &str| store.newest_attempt(what).unwrap();
    assert_eq!(
        [newest("run/piece").attempt, newest("none").attempt],
        [8, 0]
    );
    assert_eq!(newest("run/piece").seq, 5);
}

#[test]
fn an_attempt_that_a_later_one_has_overtaken_is_refused() {
    shuts_out(MemoryStore::default());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    shuts_out(SqliteStore::open(&path, Durability::ProcessCrash).unwrap());
}

#[test]
fn a_recorder_in_another_process_is_shut_out_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let open = || Recorder::open(&path, Durability::ProcessCrash).unwrap();
    let (mut first, mut second) = (open(), open());
    let fence = |attempt| Fence {
        what: "piece",
        attempt,
    };
    let report = || [Materialization::reported(key("a"), None, "1", "1")];
    let begins: [Materialization; 0] = [];
    second.record_fenced(&fence(2), begins).unwrap();
    let refused = first.record_fenced(&fence(1), report()).unwrap_err();
    assert!(
        matches!(refused, CatalogError::Overtaken { .. }),
        "{refused}"
    );
    second.record_fenced(&fence(2), report()).unwrap();
    let verified = crate::Catalog::open(&path).unwrap().verify(None).unwrap();
    assert_eq!(verified.head.seq, 1);
}
