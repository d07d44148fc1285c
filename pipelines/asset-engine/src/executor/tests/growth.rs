//! What is asked of a few pieces costs the same whatever others there are.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::fixture::{Script, asset, graph, key};
use crate::catalog::steps;
use crate::plan::{Plan, staleness, why};
use crate::{
    Asset, AssetGraph, Check, CheckResult, Checked, Durability, Executor, ExecutorOptions,
    InputVersion, Lineage, Mapping, Materialization, Mode, Observation, Partitions, Report,
    RunRequest, RunStatus, Selection, StepContext, UNOBSERVED,
};

fn partition(number: usize) -> String {
    format!("p{number:05}")
}

/// One root, pieces that read it and a source, pieces of these with a blocking check, and a reader
/// of the last two.
fn wide(pieces: usize) -> Arc<AssetGraph> {
    let step = Arc::new(Script::default());
    let keys = Partitions::static_keys((0..pieces).map(partition)).unwrap();
    let passes = |_: &Materialization, _: &StepContext<'_>| {
        Ok(Checked {
            passed: true,
            metadata: serde_json::Value::Null,
        })
    };
    graph(vec![
        asset("root", &step),
        Asset::external(key("source")).partitions(keys.clone()),
        asset("raw", &step)
            .partitions(keys.clone())
            .depends_on(key("root"))
            .depends_on(key("source")),
        asset("clean", &step)
            .partitions(keys)
            .depends_on(key("raw"))
            .checked_by(Check::blocking("passes", passes)),
        asset("newest", &step).depends_on_mapped(key("clean"), Mapping::Last(2)),
    ])
}

/// Reports all that the runs here do not make: pieces made from a source that was not yet looked at.
fn report(executor: &Executor, pieces: usize) {
    let read = |asset: &str, partition: Option<&str>, version: &str| InputVersion {
        asset: key(asset),
        partition: partition.map(str::to_owned),
        data_version: version.to_owned(),
    };
    let of_piece = |number: usize| {
        let partition = partition(number);
        let partition = Some(partition.as_str());
        let made = |asset: &str, inputs: Vec<InputVersion>| {
            Report::from(Materialization {
                inputs,
                ..Materialization::reported(key(asset), partition, "1", "1")
            })
        };
        let source = read("source", partition, UNOBSERVED);
        [
            made("raw", vec![read("root", None, "1"), source]),
            made("clean", vec![read("raw", partition, "1")]),
            Observation::new(key("source"), partition, "1").into(),
            CheckResult::new(key("clean"), partition, "passes", true).into(),
        ]
    };
    let root = Materialization::reported(key("root"), None, "1", "1");
    let pieces = (0..pieces).flat_map(of_piece);
    executor
        .record_all(pieces.chain([Report::from(root)]))
        .unwrap();
}

/// What may be asked of the second piece, or of the last two.
type Asked = fn(&Executor, &Arc<AssetGraph>);

fn run(executor: &Executor, graph: &Arc<AssetGraph>, selection: &str, mode: Mode) {
    let selection = Selection::parse(selection).unwrap();
    let partitioned = selection.clone().with_partitions([partition(1)]);
    let whole = Plan::new(graph, &partitioned).is_err();
    let outcome = executor.run(RunRequest {
        selection: if whole { selection } else { partitioned },
        mode,
        ..RunRequest::new(format!("{graph:p} {mode:?}"), Arc::clone(graph))
    });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.status, RunStatus::Success, "{:?}", outcome.failures);
}

const ASKED: [(&str, Asked); 8] = [
    ("a run of one piece", |executor, graph| {
        run(executor, graph, "clean", Mode::All);
    }),
    ("a run of a piece that reads a source", |executor, graph| {
        run(executor, graph, "raw", Mode::All);
    }),
    ("a run of what is stale of one piece", |executor, graph| {
        run(executor, graph, "raw or clean", Mode::Stale);
    }),
    (
        "a run of what all read, with one piece",
        |executor, graph| {
            run(executor, graph, "root or raw", Mode::All);
        },
    ),
    ("a run that reads the last two", |executor, graph| {
        run(executor, graph, "newest", Mode::Stale);
    }),
    ("why a piece is stale", |executor, graph| {
        let piece = partition(1);
        let raw = why(graph, executor.catalog(), &key("raw"), Some(&piece));
        assert_eq!(raw.unwrap(), []);
    }),
    ("whether a piece is stale", |executor, graph| {
        let selection = Selection::parse("raw or clean").unwrap();
        let plan = Plan::new(graph, &selection.with_partitions([partition(1)])).unwrap();
        assert_eq!(staleness(graph, executor.catalog(), &plan).unwrap(), []);
    }),
    ("the lineage of a piece", |executor, graph| {
        let (catalog, piece) = (executor.catalog(), partition(1));
        let lineage = Lineage::of_piece(graph, catalog, (&key("raw"), Some(&piece)), 1, 1);
        assert_eq!(lineage.unwrap().nodes.len(), 4);
    }),
];

/// Steps of SQLite that something takes among so many pieces.
fn steps_of(folder: &Path, number: usize, pieces: usize) -> u64 {
    let path = folder.join(format!("{number}-{pieces}.db"));
    let steps = steps::watch(&path);
    let options = ExecutorOptions::default()
        .concurrency(1)
        .durability(Durability::ProcessCrash);
    let executor = Executor::open(&path, options).unwrap();
    report(&executor, pieces);
    let graph = wide(pieces);
    let before = steps.load(Ordering::Relaxed);
    ASKED[number].1(&executor, &graph);
    // What its threads do at the end belongs to it.
    drop(executor);
    steps.load(Ordering::Relaxed) - before
}

#[test]
fn what_is_asked_of_a_few_pieces_costs_the_same_among_many() {
    let dir = tempfile::tempdir().unwrap();
    for (number, (what, _)) in ASKED.iter().enumerate() {
        let [few, many] = [10, 1000].map(|pieces| steps_of(dir.path(), number, pieces));
        assert!(few > 0, "{what}");
        assert!(
            many <= 2 * few,
            "{what}: {few} steps among 10, {many} among 1000"
        );
    }
}
