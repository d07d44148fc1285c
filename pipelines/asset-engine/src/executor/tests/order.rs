//! Order, isolation and counts, on random graphs.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use proptest::prelude::*;

use super::fixture::{Script, asset, graph, key, memory, piece, pipeline, request, selected};
use crate::{AssetGraph, Event, Executor, Mapping, Mode, Partitions, RunStatus, Selection};

/// A random graph: per asset whether it is partitioned, and which earlier assets it reads.
#[derive(Debug, Clone)]
struct Shape {
    partitioned: Vec<bool>,
    reads: Vec<BTreeSet<usize>>,
    fails: BTreeSet<usize>,
    concurrency: usize,
}

fn shapes() -> impl Strategy<Value = Shape> {
    (1_usize..14).prop_flat_map(|count| {
        let reads = (0..count)
            .map(|index| proptest::collection::btree_set(0..index.max(1), 0..=index.min(3)));
        (
            proptest::collection::vec(any::<bool>(), count),
            reads.collect::<Vec<_>>(),
            proptest::collection::btree_set(0..count, 0..3),
            prop_oneof![1_usize..6, Just(16), Just(64)],
        )
            .prop_map(|(partitioned, mut reads, fails, concurrency)| {
                reads[0].clear();
                Shape {
                    partitioned,
                    reads,
                    fails,
                    concurrency,
                }
            })
    })
}

const KEYS: [&str; 3] = ["x", "y", "z"];

fn name(index: usize) -> String {
    format!("a{index:02}")
}

/// The pieces of an asset.
fn pieces(shape: &Shape, index: usize) -> Vec<String> {
    if shape.partitioned[index] {
        let of = |partition| piece(&key(&name(index)), Some(partition));
        KEYS.into_iter().map(of).collect()
    } else {
        vec![name(index)]
    }
}

/// The pieces that a piece reads, by a simple model.
fn reads(shape: &Shape, index: usize, own: &str) -> Vec<String> {
    let upstream = |up: &usize| {
        if shape.partitioned[index] && shape.partitioned[*up] {
            vec![own.replace(&name(index), &name(*up))]
        } else {
            pieces(shape, *up)
        }
    };
    shape.reads[index].iter().flat_map(upstream).collect()
}

fn build(shape: &Shape, script: &Arc<Script>) -> Arc<AssetGraph> {
    let partitions = Partitions::static_keys(KEYS).unwrap();
    let mut assets = Vec::new();
    for index in 0..shape.reads.len() {
        let mut one = asset(&name(index), script);
        if shape.partitioned[index] {
            one = one.partitions(partitions.clone());
        }
        for up in &shape.reads[index] {
            one = one.depends_on(key(&name(*up)));
        }
        assets.push(one);
    }
    // The engine must not lean on the order of definition.
    assets.reverse();
    graph(assets)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_piece_runs_once_after_what_it_reads_and_not_below_a_failure(shape in shapes()) {
        let failing: Vec<String> =
            shape.fails.iter().map(|index| pieces(&shape, *index)[0].clone()).collect();
        let failing: Vec<(&str, u32)> = failing.iter().map(|piece| (piece.as_str(), 9)).collect();
        let script = Arc::new(Script::failing(&failing));
        let graph = build(&shape, &script);
        let executor = memory(shape.concurrency);
        let outcome = executor.run(request("run", &graph)).unwrap();

        // The model: what is reachable from a failure is skipped, everything else runs once.
        let mut blocked: BTreeSet<String> = BTreeSet::new();
        let mut expected: BTreeSet<String> = BTreeSet::new();
        let mut good = 0_u64;
        for index in 0..shape.reads.len() {
            for own in pieces(&shape, index) {
                if reads(&shape, index, &own).iter().any(|up| blocked.contains(up)) {
                    blocked.insert(own);
                } else {
                    if failing.iter().any(|(piece, _)| *piece == own) {
                        blocked.insert(own.clone());
                    } else {
                        good += 1;
                    }
                    expected.insert(own);
                }
            }
        }
        let executions = script.pieces();
        let executed: BTreeSet<String> = executions.iter().cloned().collect();
        prop_assert_eq!(executions.len(), executed.len());
        prop_assert_eq!(&executed, &expected);
        prop_assert_eq!(outcome.steps.materialized, good);
        prop_assert_eq!(outcome.materializations.len() as u64, good);
        let failed = expected.iter().filter(|own| blocked.contains(*own)).count() as u64;
        prop_assert_eq!(outcome.steps.failed, failed);
        prop_assert_eq!(outcome.steps.skipped, blocked.len() as u64 - failed);
        let status = if failed > 0 { RunStatus::Failure } else { RunStatus::Success };
        prop_assert_eq!(outcome.status, status);
        check_log(&shape, &executor)?;
        let again = executor.wait("run").unwrap();
        prop_assert_eq!(again.steps, outcome.steps);
    }
}

/// In the log, what a piece reads was materialized before it began, and in the version it names.
fn check_log(shape: &Shape, executor: &Executor) -> Result<(), TestCaseError> {
    let index_of = |asset: &str| asset[1..].parse::<usize>().unwrap();
    let mut versions: HashMap<String, String> = HashMap::new();
    for (position, record) in executor.catalog().events("run").unwrap().iter().enumerate() {
        prop_assert_eq!(record.seq, position as u64 + 1);
        match &record.event {
            Event::AttemptStarted(attempt) => {
                let own = piece(&attempt.asset, attempt.partition.as_deref());
                for up in reads(shape, index_of(attempt.asset.as_str()), &own) {
                    prop_assert!(versions.contains_key(&up), "{} began before {}", own, up);
                }
            }
            Event::Materialized(made) => {
                let own = piece(&made.asset, made.partition.as_deref());
                let read: BTreeSet<String> = made
                    .inputs
                    .iter()
                    .map(|input| piece(&input.asset, input.partition.as_deref()))
                    .collect();
                let expected: BTreeSet<String> = reads(shape, index_of(made.asset.as_str()), &own)
                    .into_iter()
                    .collect();
                prop_assert_eq!(read, expected);
                for input in &made.inputs {
                    let up = piece(&input.asset, input.partition.as_deref());
                    prop_assert_eq!(&versions[&up], &input.data_version);
                }
                versions.insert(own, made.data_version.clone());
            }
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn partitions_of_a_selection_read_the_rest_from_the_catalog() {
    let script = Arc::new(Script::default());
    let graph = pipeline(&script, 3);
    let executor = memory(2);
    let one_day = |run| {
        let mut request = request(run, &graph);
        request.selection = Selection::parse("raw, joined")
            .unwrap()
            .with_partitions(["2013-01-02"]);
        request
    };
    let outcome = executor.run(one_day("early")).unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    assert_eq!(
        outcome.failures[0].failure.message,
        "input lookup is not part of the run and was never materialized"
    );
    executor.run(request("whole", &graph)).unwrap();
    let before = script.pieces().len();
    let outcome = executor.run(one_day("late")).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(
        script.pieces()[before..],
        ["raw@2013-01-02", "joined@2013-01-02"]
    );

    let mut unknown = request("unknown", &graph);
    unknown.selection = Selection::all().with_partitions(["2014-01-01"]);
    assert_eq!(
        executor.run(unknown).unwrap_err().to_string(),
        "selection: no selected asset has a partition \"2014-01-01\""
    );
}

#[test]
fn a_run_says_of_what_it_made_which_windows_were_cut() {
    let script = Arc::new(Script::default());
    let days = Partitions::daily("2013-01-01", "2013-01-03").unwrap();
    let yesterday = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: 0,
    };
    let graph = graph(vec![
        asset("raw", &script).partitions(days.clone()),
        asset("both", &script)
            .partitions(days)
            .depends_on_mapped(key("raw"), yesterday),
    ]);
    let executor = memory(2);
    let cut = |run: &str, days: &[&str]| {
        let mut request = request(run, &graph);
        request.selection = request.selection.with_partitions(days.iter().copied());
        let outcome = executor.run(request).unwrap();
        let cut = outcome.cut_windows.iter();
        cut.map(ToString::to_string).collect::<Vec<_>>()
    };
    let first = ["both 2013-01-01 reads 1 of 2 partitions of raw: 1 would lie before its first"];
    assert_eq!(cut("first", &["2013-01-01", "2013-01-02"]), first);
    assert_eq!(cut("last", &["2013-01-03"]), [""; 0]);
}

#[test]
fn a_run_id_stands_for_one_request() {
    let script = Arc::new(Script::default());
    let graph = pipeline(&script, 1);
    let executor = memory(2);
    executor.submit(request("run", &graph)).unwrap();
    executor.submit(request("run", &graph)).unwrap();
    let first = executor.wait("run").unwrap();
    executor.submit(request("run", &graph)).unwrap();
    let second = executor.wait("run").unwrap();
    assert_eq!(first.steps, second.steps);
    assert_eq!(script.pieces().len(), 6);
    let mut other = request("run", &graph);
    other.config = serde_json::json!({"source": "all"});
    assert_eq!(
        executor.submit(other).unwrap_err().to_string(),
        "run run: submitted before with another config: null, now {\"source\":\"all\"}"
    );
    assert_eq!(
        executor.wait("never").unwrap_err().to_string(),
        "run never: not in the catalog"
    );
}

#[test]
fn a_few_assets_of_many_are_laid_out_and_run_in_order() {
    let script = Arc::new(Script::default());
    let days = Partitions::daily("2013-01-01", "2013-01-03").unwrap();
    let mut assets = vec![asset("step0", &script)];
    for number in 1..40 {
        let before = key(&format!("step{}", number - 1));
        let next = asset(&format!("step{number}"), &script).partitions(days.clone());
        assets.push(next.depends_on(before));
    }
    let graph = graph(assets);
    let executor = memory(1);
    executor.run(request("all", &graph)).unwrap();
    let before = script.pieces().len();
    let mut few = selected("few", &graph, "step7 or step8", Mode::All);
    few.selection = few.selection.with_partitions(["2013-01-02", "2013-01-03"]);
    let plan = crate::Plan::new(&graph, &few.selection).unwrap();
    let steps: Vec<String> = plan
        .iter(&graph)
        .map(|(asset, key)| format!("{asset}@{}", key.unwrap()))
        .collect();
    let expected = [
        "step7@2013-01-02",
        "step7@2013-01-03",
        "step8@2013-01-02",
        "step8@2013-01-03",
    ];
    assert_eq!(steps, expected);
    assert_eq!(executor.run(few).unwrap().steps.materialized, 4);
    let executed = &script.pieces()[before..];
    let at = |name: &str| executed.iter().position(|made| made == name).unwrap();
    assert_eq!(executed.len(), 4);
    assert!(at(expected[0]) < at(expected[2]) && at(expected[1]) < at(expected[3]));
}
