//! A catalog in PostgreSQL: as the others are, and written by many at a time.

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::alike::{Recording, catalog, changes, told};
use super::fence::{made, shuts_out};
use super::fixture::{draft, key};
use crate::catalog::{Draft, Failpoint, FailpointMode, MemoryStore, PostgresStore, Store, Terms};
use crate::{
    Asset, AssetGraph, Catalog, CatalogError, Durability, EngineError, Event, Executor,
    ExecutorOptions, Head, Lock, Materialization, Materialized, Mode, Recorder, RunRequest,
    RunStatus, StepContext, StepFailure,
};
use server::Schema;

#[test]
fn it_answers_every_query_as_one_in_memory_does() {
    let Some(_) = Schema::new() else { return };
    let mut runner = TestRunner::new(Config::with_cases(32));
    let alike = |commits| {
        let schema = Schema::new().unwrap();
        let mut stored = schema.open();
        let mut memory = MemoryStore::default();
        prop_assert_eq!(stored.next_epoch().unwrap(), MemoryStore::FIRST_EPOCH);
        let mut recording = Recording::default();
        for (number, commit) in (1..).zip::<Vec<Vec<_>>>(commits) {
            let events = commit.iter().filter_map(|change| recording.event(change));
            let draft = |event| Draft {
                t_ns: number,
                at_ms: 1000 * number,
                event,
            };
            let drafts: Vec<Draft> = events.map(draft).collect();
            memory.commit(MemoryStore::FIRST_EPOCH, &drafts).unwrap();
            stored.commit(MemoryStore::FIRST_EPOCH, &drafts).unwrap();
            prop_assert_eq!(memory.head().unwrap(), stored.head().unwrap());
        }
        let (memory, stored) = (told(&catalog(memory)), told(&catalog(stored)));
        let mut pairs = memory.lines().zip(stored.lines());
        prop_assert_eq!(pairs.find(|(memory, stored)| memory != stored), None);
        prop_assert_eq!(memory.len(), stored.len());
        Ok(())
    };
    runner.run(&changes(), alike).unwrap();
}

#[test]
fn what_many_write_at_a_time_is_one_chain_without_a_gap() {
    let Some(schema) = Schema::new() else { return };
    let writers = 8;
    let each = 25;
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let url = schema.url();
            scope.spawn(move || {
                let mut store = PostgresStore::open(&url, Durability::ProcessCrash).unwrap();
                for number in 0..each {
                    let event = made(&format!("a/{writer}"), &number.to_string());
                    store
                        .commit_on(Terms::Beside(None), &[draft(event.clone()), draft(event)])
                        .unwrap();
                }
            });
        }
    });
    let catalog = Catalog::postgres(&schema.url()).unwrap();
    let verified = catalog.verify(None).unwrap();
    assert_eq!(verified.head.seq, 2 * writers * each);
    for writer in 0..writers {
        let newest = catalog.latest(&key(&format!("a/{writer}")), None).unwrap();
        assert_eq!(newest.unwrap().data_version, (each - 1).to_string());
    }
}

#[test]
fn a_reader_waits_for_no_writer_and_sees_whole_commits() {
    let Some(schema) = Schema::new() else { return };
    let mut recorder = Recorder::postgres(&schema.url(), Durability::ProcessCrash).unwrap();
    recorder
        .record_all([Materialization::reported(key("a"), None, "1", "1")])
        .unwrap();
    // A commit that is not over holds the lock of all commits.
    let mut writer = Client::connect(&schema.url(), NoTls).unwrap();
    let mut commit = writer.transaction().unwrap();
    commit.query("SELECT * FROM head FOR UPDATE", &[]).unwrap();
    commit.execute("DELETE FROM latest", &[]).unwrap();
    let catalog = Catalog::postgres(&schema.url()).unwrap();
    assert!(catalog.latest(&key("a"), None).unwrap().is_some());
    assert_eq!(catalog.verify(None).unwrap().head.seq, 1);
    commit.rollback().unwrap();
}

#[test]
fn an_attempt_that_a_later_one_has_overtaken_is_refused() {
    let Some(schema) = Schema::new() else { return };
    shuts_out(schema.open());
}

#[test]
fn a_commit_that_is_cut_off_anywhere_leaves_nothing() {
    let Some(schema) = Schema::new() else { return };
    schema
        .open()
        .commit_on(Terms::Beside(None), &[draft(made("a", "1"))])
        .unwrap();
    let before = told(&catalog(schema.open()));
    for write in 1.. {
        let failpoint = Failpoint::new(write, FailpointMode::Error);
        let mut store = schema.open().with_failpoint(failpoint.clone());
        let cut = store.commit_on(Terms::Beside(None), &[draft(made("a", "2"))]);
        let Err(CatalogError::Injected { place, .. }) = cut else {
            panic!("write {write}: {cut:?}")
        };
        let found = told(&catalog(schema.open()));
        assert!(schema.open().verify(None).unwrap().is_sound(), "{place}");
        // What is not told to whoever committed may have been committed.
        if place == "after commit" {
            assert_ne!(found, before);
            return;
        }
        assert_eq!(found, before, "{place}");
    }
}

/// It keeps its connection, and with it the lock for which all others wait.
#[test]
fn a_host_that_is_frozen_in_a_commit_is_given_up_and_commits_when_it_wakes() {
    let Some(schema) = Schema::new() else { return };
    let mut others = schema.open();
    let mut frozen = schema
        .open()
        .with_failpoint(Failpoint::new(2, FailpointMode::Freeze));
    let woken = std::thread::spawn(move || {
        frozen.commit_on(Terms::Beside(None), &[draft(made("a", "frozen"))])
    });
    // Until it stands still with the lock.
    until("the lock is held", || schema.is_locked("head"));
    others
        .commit_on(Terms::Beside(None), &[draft(made("a", "other"))])
        .unwrap();
    assert!(!woken.is_finished());
    assert_eq!(woken.join().unwrap().unwrap(), 2);
    let newest = others.latest(&key("a"), None).unwrap().unwrap();
    assert_eq!(newest.data_version, "frozen");
    assert_eq!(others.verify(None).unwrap().head.seq, 2);
}

#[test]
fn an_executor_of_an_older_epoch_is_refused() {
    let Some(schema) = Schema::new() else { return };
    let (mut old, mut new) = (schema.open(), schema.open());
    let first = old.next_epoch().unwrap();
    let second = new.next_epoch().unwrap();
    let refused = old.commit(first, &[draft(made("a", "1"))]).unwrap_err();
    assert!(matches!(refused, CatalogError::Fenced { .. }), "{refused}");
    new.commit(second, &[draft(made("a", "1"))]).unwrap();
}

/// A graph of two assets, of which the second fails as long as it is told to.
fn graph(fails: bool) -> Arc<AssetGraph> {
    let made = |_: &StepContext<'_>| Ok(Materialized::new("1"));
    let last = move |_: &StepContext<'_>| match fails {
        true => Err(StepFailure::fatal("Planned", "told to")),
        false => Ok(Materialized::new("2")),
    };
    let assets = vec![
        Asset::new(key("a"), made),
        Asset::new(key("b"), last).depends_on(key("a")),
    ];
    Arc::new(AssetGraph::new(assets).unwrap())
}

#[test]
fn an_executor_runs_on_it_and_another_stands_by_until_it_is_gone() {
    let Some(schema) = Schema::new() else { return };
    let options = || ExecutorOptions::default().concurrency(2);
    let executor = Executor::postgres(&schema.url(), options()).unwrap();
    let failed = executor.run(RunRequest::new("first", graph(true))).unwrap();
    assert_eq!(failed.status, RunStatus::Failure);
    let refused = Executor::postgres(&schema.url(), options()).map(drop);
    assert!(
        matches!(refused, Err(CatalogError::Locked { .. })),
        "{refused:?}"
    );
    let gone = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (url, gone) = (schema.url(), &gone);
        let (begins, begun) = channel();
        let waiting = scope.spawn(move || {
            let options = ExecutorOptions::default().lock(Lock::Wait);
            begins.send(()).unwrap();
            let executor = Executor::postgres(&url, options).unwrap();
            assert!(gone.load(Ordering::SeqCst), "it did not wait");
            let stale = RunRequest::new("second", graph(false)).mode(Mode::Stale);
            (executor.epoch(), executor.run(stale).unwrap())
        });
        begun.recv().unwrap();
        // Twice as long as it takes to look: whoever does not wait is through by then.
        until("it looks for the lock", || schema.looked_for_lock());
        gone.store(true, Ordering::SeqCst);
        drop(executor);
        let (epoch, outcome) = waiting.join().unwrap();
        assert_eq!((epoch, outcome.status), (2, RunStatus::Success));
        assert_eq!(outcome.steps.materialized, 1, "{outcome:?}");
    });
    let verified = Catalog::postgres(&schema.url()).unwrap().verify(None);
    assert!(verified.unwrap().is_sound());
}

#[test]
fn an_executor_goes_on_when_the_server_has_ended_its_sessions() {
    let Some(schema) = Schema::new() else { return };
    let executor = Executor::postgres(&schema.url(), ExecutorOptions::default()).unwrap();
    executor
        .run(RunRequest::new("before", graph(false)))
        .unwrap();
    schema.end_sessions();
    let after = executor
        .run(RunRequest::new("after", graph(false)))
        .unwrap();
    assert_eq!(after.status, RunStatus::Success);
    assert_eq!(executor.epoch(), 1);
    // It has the lock again.
    let other = Executor::postgres(&schema.url(), ExecutorOptions::default()).map(drop);
    assert!(
        matches!(other, Err(CatalogError::Locked { .. })),
        "{other:?}"
    );
}

#[test]
fn an_executor_whose_lock_somebody_has_taken_meanwhile_stops() {
    let Some(schema) = Schema::new() else { return };
    let old = Executor::postgres(&schema.url(), ExecutorOptions::default()).unwrap();
    schema.end_sessions();
    let new = Executor::postgres(&schema.url(), ExecutorOptions::default()).unwrap();
    let stopped = old.run(RunRequest::new("old", graph(false))).unwrap_err();
    assert!(
        matches!(&stopped, EngineError::Catalog(error)
            if matches!(**error, CatalogError::Fenced { .. } | CatalogError::Locked { .. })),
        "{stopped}"
    );
    let outcome = new.run(RunRequest::new("new", graph(false))).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
}

/// Its owner dies with a step under way, which nothing but the table of starts tells of.
#[test]
fn an_attempt_that_began_and_whose_executor_died_counts() {
    let Some(schema) = Schema::new() else { return };
    let executor = Executor::postgres(&schema.url(), ExecutorOptions::default()).unwrap();
    executor.submit(RunRequest::new("run", hanging())).unwrap();
    until("the step is under way", || schema.count("starts") == 1);
    schema.end_sessions();
    let next = Executor::postgres(&schema.url(), ExecutorOptions::default()).unwrap();
    let attempts: Vec<u32> = next
        .catalog()
        .events("run")
        .unwrap()
        .into_iter()
        .filter_map(|record| match record.event {
            Event::AttemptInterrupted(attempt) => Some(attempt.attempt),
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [1]);
    assert_eq!(schema.count("starts"), 0);
    // Its step never ends.
    std::mem::forget(executor);
}

/// A step that is given up and does not end keeps its thread, and nothing else.
#[test]
fn an_executor_that_is_dropped_lets_the_lock_go_whatever_its_steps_do() {
    let Some(schema) = Schema::new() else { return };
    let hangs = RunRequest::new("run", hanging());
    let executor = Executor::postgres(&schema.url(), ExecutorOptions::default()).unwrap();
    executor.submit(hangs).unwrap();
    until("the step is under way", || schema.count("starts") == 1);
    executor.abort("run").unwrap();
    drop(executor);
    until("the lock is free", || {
        Executor::postgres(&schema.url(), ExecutorOptions::default()).is_ok()
    });
}

fn hanging() -> Arc<AssetGraph> {
    let hangs = |cx: &StepContext<'_>| {
        // Until the test is over.
        while !cx.stop.is_stopped() || cx.attempt > 0 {
            std::thread::park();
        }
        Ok(Materialized::new("1"))
    };
    Arc::new(AssetGraph::new(vec![Asset::new(key("a"), hangs)]).unwrap())
}

/// Looks until something is so, at most for a minute.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "within a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_only_read_is_not_made() {
    let Some(schema) = Schema::new() else { return };
    let absent = Catalog::postgres(&schema.url()).map(drop).unwrap_err();
    assert!(matches!(absent, CatalogError::Absent { .. }), "{absent}");
    drop(schema.open());
    assert!(Catalog::postgres(&schema.url()).is_ok());
}

#[test]
fn a_catalog_is_not_put_into_another_schema_than_the_first() {
    let Some(schema) = Schema::new() else { return };
    let url = schema
        .url()
        .replace("search_path%3D", "search_path%3Dnowhere,");
    let refused = PostgresStore::open(&url, Durability::ProcessCrash).map(drop);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("\"nowhere\""), "{refused}");
}

#[test]
fn what_a_role_or_server_sets_otherwise_does_not_count() {
    let Some(schema) = Schema::new() else { return };
    let strict = "-c lock_timeout=1 -c statement_timeout=5000 -c synchronous_commit=off
                  -c default_transaction_isolation=serializable";
    let strict = strict.split_whitespace().collect::<Vec<_>>().join("%20");
    let url = schema
        .url()
        .replace("options=", &format!("options={strict}%20"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut store = PostgresStore::open(&url, Durability::PowerLoss).unwrap();
                for number in 0..20 {
                    let event = made("a", &number.to_string());
                    store
                        .commit_on(Terms::Beside(None), &[draft(event)])
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(schema.open().head().unwrap().seq, 80);
}

#[test]
fn whatever_is_changed_behind_its_back_is_found() {
    let Some(schema) = Schema::new() else { return };
    let mut store = schema.open();
    let epoch = store.next_epoch().unwrap();
    let mut heads: Vec<Head> = Vec::new();
    for version in ["1", "2", "3"] {
        store.commit(epoch, &[draft(made("a", version))]).unwrap();
        heads.push(store.head().unwrap());
    }
    assert!(store.verify(heads.last()).unwrap().is_sound());
    for (change, back, named) in [
        (
            "UPDATE events SET at_ms = at_ms + 1 WHERE seq = 2",
            "UPDATE events SET at_ms = at_ms - 1 WHERE seq = 2",
            "event 2",
        ),
        (
            "UPDATE events SET body = replace(body, '\"2\"', '\"4\"') WHERE seq = 2",
            "UPDATE events SET body = replace(body, '\"4\"', '\"2\"') WHERE seq = 2",
            "event 2",
        ),
        (
            "UPDATE latest SET seq = 2",
            "UPDATE latest SET seq = 3",
            "table latest",
        ),
        (
            "UPDATE latest SET piece = piece + 1",
            "UPDATE latest SET piece = piece - 1",
            "table latest",
        ),
        (
            "UPDATE head SET seq = 2",
            "UPDATE head SET seq = 3",
            "table head",
        ),
        (
            "UPDATE head SET epoch = 0",
            "UPDATE head SET epoch = 1",
            "epoch",
        ),
        (
            "UPDATE events SET seq = 9 WHERE seq = 3",
            "UPDATE events SET seq = 3 WHERE seq = 9",
            "event 3",
        ),
    ] {
        schema.within(change);
        let found = store.verify(None).unwrap_err().to_string();
        assert!(found.contains(named), "{change}: {found}");
        schema.within(back);
        assert!(store.verify(heads.last()).unwrap().is_sound(), "{back}");
    }
}

#[test]
fn what_cannot_be_opened_is_said_without_a_password() {
    for url in [
        "postgres://me:secret@127.0.0.1:1/none",
        "postgres://me:secret@127.0.0.1:port/none",
        "postgres://me:half@secret@127.0.0.1:1/none",
        "postgres://me:half@half/secret@127.0.0.1/none",
    ] {
        let refused = Catalog::postgres(url).map(drop).unwrap_err().to_string();
        assert!(refused.starts_with("catalog postgres://"), "{refused}");
        assert!(!refused.contains("secret"), "{refused}");
    }
    let Some(schema) = Schema::new() else { return };
    drop(schema.open());
    schema.within("UPDATE head SET version = 99");
    let refused = Catalog::postgres(&schema.url()).map(drop).unwrap_err();
    assert!(
        matches!(refused, CatalogError::FutureVersion { found: 99, .. }),
        "{refused}"
    );
}
