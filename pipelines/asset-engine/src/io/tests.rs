//! Values that go through a run.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::{Asset, AssetGraph, Executor, ExecutorOptions, Partitions, RunRequest, RunStatus};

fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

/// Two days of numbers and their sum.
fn graph(store: &Arc<dyn DataStore>, wrong: bool) -> Arc<AssetGraph> {
    let days = Partitions::daily("2013-01-01", "2013-01-02").unwrap();
    let numbers = typed(Arc::clone(store), |values: &Values<'_>| {
        let day = values.cx.partition.unwrap_or_default();
        Ok(vec![day.len() as u64, u64::from(day.ends_with('2'))])
    });
    let sum = typed(Arc::clone(store), move |values: &Values<'_>| {
        if wrong {
            values.one::<u64>("shop/numbers")?;
        }
        let days = values.all::<Vec<u64>>("shop/numbers")?;
        Ok(days.iter().flat_map(|(_, numbers)| numbers).sum::<u64>())
    });
    let twice = typed(Arc::clone(store), |values: &Values<'_>| {
        Ok(2 * values.one::<u64>("sum")?)
    });
    let assets = vec![
        Asset::new(key("shop/numbers"), numbers).partitions(days),
        Asset::new(key("sum"), sum).depends_on(key("shop/numbers")),
        Asset::new(key("twice"), twice).depends_on(key("sum")),
    ];
    Arc::new(AssetGraph::new(assets).unwrap())
}

fn run(store: &Arc<dyn DataStore>, wrong: bool) -> (Executor, crate::RunOutcome) {
    let executor = Executor::memory(ExecutorOptions::default());
    let outcome = executor
        .run(RunRequest::new("run", graph(store, wrong)))
        .unwrap();
    (executor, outcome)
}

#[test]
fn values_pass_from_step_to_step() {
    let dir = tempfile::tempdir().unwrap();
    let stores: [Arc<dyn DataStore>; 2] = [
        Arc::new(MemoryStore::default()),
        Arc::new(FolderStore::new(dir.path().join("data"))),
    ];
    let mut versions = Vec::new();
    for store in &stores {
        let (executor, outcome) = run(store, false);
        assert_eq!(outcome.status, RunStatus::Success, "{:?}", outcome.failures);
        let made = executor
            .catalog()
            .latest(&key("twice"), None)
            .unwrap()
            .unwrap();
        let address = Address {
            asset: &made.asset,
            partition: None,
            data_version: &made.data_version,
        };
        assert_eq!(store.get(&address).unwrap(), b"42");
        versions.push(made.data_version.clone());
    }
    assert_eq!(versions[0], versions[1]);
}

#[test]
fn data_that_is_not_what_it_was_is_told_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn DataStore> = Arc::new(FolderStore::new(dir.path()));
    let (executor, _) = run(&store, false);
    let sum = executor.catalog().latest(&key("sum"), None).unwrap();
    let version = sum.unwrap().data_version.clone();
    let file = dir.path().join("sum").join(&version);
    assert_eq!(std::fs::read(&file).unwrap(), b"21");
    // A number still, so that the type says nothing.
    std::fs::write(&file, "22").unwrap();
    let again = RunRequest {
        selection: crate::Selection::assets([key("twice")]),
        ..RunRequest::new("again", graph(&store, false))
    };
    let outcome = executor.run(again).unwrap();
    let failure = outcome.failures[0].failure.to_string();
    let expected = format!("Store: input sum: expected data of version {version}, found ");
    assert!(failure.starts_with(&expected), "{failure}");
}

#[test]
fn a_wrong_type_names_the_input() {
    let store: Arc<dyn DataStore> = Arc::new(MemoryStore::default());
    let (_, outcome) = run(&store, true);
    assert_eq!(
        outcome.failures[0].failure.to_string(),
        "WrongType: input shop/numbers: expected 1 piece, found 2"
    );
}

#[test]
fn odd_names_stay_in_their_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = FolderStore::new(dir.path().join("data"));
    let asset = key("../up");
    for partition in ["../../out", "a|b", "..", "ä"] {
        let address = Address {
            asset: &asset,
            partition: Some(partition),
            data_version: "v/1",
        };
        store.put(&address, partition.as_bytes()).unwrap();
        assert_eq!(store.get(&address).unwrap(), partition.as_bytes());
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    let missing = Address {
        asset: &asset,
        partition: None,
        data_version: "v1",
    };
    let error = store.get(&missing).unwrap_err().to_string();
    assert!(error.ends_with("/data/%2e./up/v1: no such data"), "{error}");
}
