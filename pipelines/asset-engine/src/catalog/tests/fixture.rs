//! A small catalog with an event of every kind, and a look at all that can be read from one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::catalog::Draft;
use crate::catalog::schema::APPLICATION_ID;
use crate::{
    Asset, AssetGraph, AssetKey, BackfillRecord, Catalog, CatalogError, CheckResult, Event,
    Executor, ExecutorOptions, Head, Materialized, Observation, PartitionChange, Partitions,
    Report, RetryPolicy, RunRequest, RunStatus, Selection, StepContext, StepFailure, Tick,
    Verified,
};

pub fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

/// An event to commit.
pub fn draft(event: Event) -> Draft {
    Draft {
        t_ns: 1,
        at_ms: 1000,
        event,
    }
}

/// Fails as the run's configuration says.
fn step(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    let planned = |message| StepFailure::retryable("Planned", message);
    match (cx.asset.as_str(), cx.attempt, cx.config["mode"].as_str()) {
        ("shop/flaky", 1, _) => Err(planned("first attempt")),
        ("shop/report", _, Some("fail")) => Err(planned("no \"report\" today")),
        _ => Ok(Materialized {
            data_version: format!("{}-{}", cx.run, cx.partition.unwrap_or("whole")),
            metadata: json!({"rows": 3}),
        }),
    }
}

/// The assets of every catalog here, that of version 1 included.
pub fn graph() -> Arc<AssetGraph> {
    let days = Partitions::daily("2013-01-01", "2013-01-02").unwrap();
    let asset = |name| Asset::new(key(name), step).retry(RetryPolicy::constant(1, 0));
    let assets = vec![
        asset("shop/orders").partitions(days),
        asset("shop/flaky"),
        asset("shop/report")
            .depends_on_all(key("shop/orders"))
            .depends_on(key("shop/flaky"))
            .blocking_check(),
        asset("shop/sent").depends_on(key("shop/report")),
    ];
    Arc::new(AssetGraph::new(assets).unwrap())
}

pub fn request(run: &str, mode: &str) -> RunRequest {
    RunRequest {
        config: json!({"mode": mode}),
        ..RunRequest::new(run, graph())
    }
}

/// Records a catalog on small pages, so that there are many; gives the head after each thing done.
/// The write-ahead log is as the executor left it.
pub fn record(path: &Path) -> (Executor, Vec<Head>) {
    let (executor, mut heads) = record_older(path);
    let changes = [
        PartitionChange::added("fruits", "apple"),
        PartitionChange::added("fruits", "plum"),
        PartitionChange::removed("fruits", "apple"),
    ];
    assert_eq!(executor.change_partitions(changes).unwrap(), 3);
    heads.push(executor.catalog().head().unwrap());
    (executor, heads)
}

/// The same without what only later versions of the schema than 6 have.
pub fn record_older(path: &Path) -> (Executor, Vec<Head>) {
    let empty = rusqlite::Connection::open(path).unwrap();
    empty.pragma_update(None, "page_size", 512).unwrap();
    empty
        .pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    drop(empty);
    let executor = Executor::open(path, ExecutorOptions::default().concurrency(1)).unwrap();
    let mut heads = vec![executor.catalog().head().unwrap()];
    for mode in ["good", "fail"] {
        executor.run(request(mode, mode)).unwrap();
        heads.push(executor.catalog().head().unwrap());
        let check = CheckResult::new(key("shop/report"), None, "counts", mode == "good");
        let seen = Observation::new(key("shop/source"), Some("2013-01-01"), mode);
        executor
            .record_all([Report::from(check), seen.into()])
            .unwrap();
        heads.push(executor.catalog().head().unwrap());
    }
    executor.append(automation_events()).unwrap();
    heads.push(executor.catalog().head().unwrap());
    (executor, heads)
}

/// A tick whose order is not yet submitted, and two backfills.
fn automation_events() -> Vec<Event> {
    let backfill = |id: &str| BackfillRecord::new(id, Selection::all(), ["2013-01-01"]);
    let orders = backfill("sensor").runs().into_iter();
    let orders = orders.map(|run| Arc::new(run.record)).collect();
    vec![
        Event::Ticked(Arc::new(Tick {
            automation: Arc::from("sensor"),
            for_ms: 7,
            cursor: Some("2".to_owned()),
            orders,
            note: Some("two".to_owned()),
        })),
        Event::BackfillRequested(Arc::new(backfill("first"))),
        Event::BackfillRequested(Arc::new(backfill("second"))),
        Event::BackfillEnded {
            id: Arc::from("first"),
            status: RunStatus::Canceled,
        },
    ]
}

/// Moves everything from the write-ahead log into the file.
pub fn checkpoint(path: &Path) {
    rusqlite::Connection::open(path)
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
}

/// Everything that can be read from a catalog, as text.
pub fn read_all(catalog: &Catalog) -> Result<String, CatalogError> {
    let mut text = format!("{:?}\n{:?}\n", catalog.all_events()?, catalog.runs()?);
    for run in ["good", "fail", "never"] {
        text += &format!("{:?}\n{:?}\n", catalog.run(run)?, catalog.events(run)?);
    }
    for asset in graph().assets() {
        text += &format!("{:?}\n", catalog.latest_of(&asset.key)?);
        text += &format!("{:?}\n", catalog.latest(&asset.key, None)?);
        text += &format!("{:?}\n", catalog.checks_of(&asset.key)?);
    }
    for status in [RunStatus::Success, RunStatus::Failure] {
        text += &format!("{:?}\n", catalog.ended(status, 0)?);
    }
    let (ticks, orders) = (catalog.ticks()?, catalog.orders()?);
    text += &format!("{ticks:?}\n{orders:?}\n{:?}\n", catalog.backfills()?);
    text += &format!("{:?}\n", catalog.partitions("fruits")?);
    text += &format!("{:?}\n", catalog.stamps_of(&key("shop/report"))?);
    text += &format!("{:?}\n", catalog.observations_of(&key("shop/source"))?);
    Ok(text)
}

/// Verifies a file against a noted head, then reads all of it.
pub fn verify_and_read(
    path: &Path,
    noted: Option<&Head>,
) -> Result<(Verified, String), CatalogError> {
    let catalog = Catalog::open(path)?;
    Ok((catalog.verify(noted)?, read_all(&catalog)?))
}

/// A fresh place for the next file of a test.
pub fn place(dir: &Path, number: usize) -> PathBuf {
    dir.join(format!("copy-{number}.db"))
}
