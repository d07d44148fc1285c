//! `--stale` against a simple model: on random graphs, partitions, mappings and versions it runs
//! what has to run, nothing else, each piece after what it reads.

mod model;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::fixture::{key, memory, piece, request};
use crate::{
    AssetGraph, Executor, Mapping, Mode, Observation, Plan, RunRequest, Selection, staleness, why,
};
use model::{Cut, DAYS, Model, Node, Piece, keys, name, named, reads};

/// What happens to the assets, one after the other.
#[derive(Debug, Clone)]
enum Change {
    Code(usize),
    /// The step will return other data, which nobody can know beforehand.
    Data(usize),
    Observe(usize),
    /// Materializes some assets, and perhaps only the first partitions of them.
    Run {
        mode: Mode,
        assets: BTreeSet<usize>,
        partitions: Option<usize>,
    },
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let cut = prop_oneof![Just(Cut::Whole), Just(Cut::Days), Just(Cut::DaysAndOrigins)];
    let mapping = prop_oneof![
        3 => Just(Mapping::Identity),
        1 => Just(Mapping::All),
        1 => Just(Mapping::Last(2)),
        2 => Just(Mapping::TimeWindow { start_offset: -1, end_offset: 0 }),
        2 => Just(Mapping::TimeWindow { start_offset: -2, end_offset: -1 }),
        1 => Just(Mapping::keys([(DAYS[0], vec![DAYS[2]]), (DAYS[2], vec![DAYS[1], DAYS[0]])])),
    ];
    let reads = proptest::collection::btree_map(0_usize..8, mapping, 0..4);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let node = (cut, flags, reads);
    proptest::collection::vec(node, 1..8).prop_map(|raw| {
        let cuts: Vec<Cut> = raw.iter().map(|(cut, ..)| *cut).collect();
        let nodes = raw
            .into_iter()
            .enumerate()
            .map(|(index, (cut, (external, pinned, ranged), reads))| {
                let timed = |up: usize| cut == Cut::Days && cuts[up] == Cut::Days;
                let past = |mapping: &Mapping| {
                    matches!(mapping, Mapping::TimeWindow { end_offset, .. } if *end_offset < 0)
                };
                let own_past = |up: usize, mapping: &Mapping| up == index && timed(up) && past(mapping);
                let reads = reads.into_iter();
                let reads = reads.filter(|(up, mapping)| *up < index || own_past(*up, mapping));
                let reads: Vec<(usize, Mapping)> = reads
                    .map(|(up, mapping)| match mapping {
                        Mapping::TimeWindow { .. } | Mapping::Keys(_) if !timed(up) => {
                            (up, Mapping::Identity)
                        }
                        mapping => (up, mapping),
                    })
                    .collect();
                let external = external && reads.is_empty();
                Node {
                    cut,
                    external,
                    pinned,
                    ranged: ranged && reads.iter().all(|(up, _)| *up != index),
                    reads,
                }
            });
        nodes.collect()
    })
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let mode = prop_oneof![2 => Just(Mode::Stale), 1 => Just(Mode::All)];
    let assets = proptest::collection::btree_set(0_usize..8, 1..8);
    let some =
        (mode, assets, proptest::option::of(1_usize..4)).prop_map(|(mode, assets, partitions)| {
            Change::Run {
                mode,
                assets,
                partitions,
            }
        });
    let whole = Just(Change::Run {
        mode: Mode::Stale,
        assets: (0..8).collect(),
        partitions: None,
    });
    let change = prop_oneof![
        (0_usize..8).prop_map(Change::Code),
        (0_usize..8).prop_map(Change::Data),
        (0_usize..8).prop_map(Change::Observe),
        some,
        whole,
    ];
    proptest::collection::vec(change, 1..10)
}

/// The pieces of a run in an order in which they could be made, and the request for them.
fn wanted(
    model: &Model,
    assets: &BTreeSet<usize>,
    partitions: Option<usize>,
) -> Option<(Vec<Piece>, Selection)> {
    let is_made = |index: &&usize| model.nodes.get(**index).is_some_and(|node| !node.external);
    let assets: Vec<usize> = assets.iter().filter(is_made).copied().collect();
    let mut selection = Selection::assets(assets.iter().map(|index| key(&name(*index))));
    let mut chosen: Option<BTreeSet<String>> = None;
    if let Some(count) = partitions {
        let cut = model.nodes[*assets.first()?].cut;
        let first: BTreeSet<String> = keys(cut).into_iter().flatten().take(count).collect();
        if !first.is_empty() {
            selection = selection.with_partitions(first.iter().cloned());
            chosen = Some(first);
        }
    }
    let is_chosen = |key: &Option<String>| match (key, &chosen) {
        (Some(key), Some(chosen)) => chosen.contains(key),
        _ => true,
    };
    let pieces = assets.iter().flat_map(|index| {
        let keys = keys(model.nodes[*index].cut).into_iter();
        keys.filter(is_chosen)
            .map(|key| (*index, key))
            .collect::<Vec<_>>()
    });
    let pieces: Vec<_> = pieces.collect();
    (!assets.is_empty()).then_some((pieces, selection))
}

/// What the engine calls stale, and why() as well, is what the model calls stale.
fn check_staleness(
    model: &Model,
    executor: &Executor,
    graph: &AssetGraph,
) -> Result<(), TestCaseError> {
    if model.nodes.iter().all(|node| node.external) {
        return Ok(());
    }
    let plan = Plan::new(graph, &Selection::all()).unwrap();
    let stale: BTreeSet<String> = staleness(graph, executor.catalog(), &plan)
        .unwrap()
        .iter()
        .map(|step| piece(&step.asset, step.partition.as_deref()))
        .collect();
    for (index, node) in model
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| !node.external)
    {
        for own in keys(node.cut) {
            let expected = model.is_stale(index, &own);
            let name = named(index, &own);
            prop_assert_eq!(stale.contains(&name), expected, "{}", &name);
            let reasons = why(
                graph,
                executor.catalog(),
                &key(&self::name(index)),
                own.as_deref(),
            );
            prop_assert_eq!(reasons.unwrap().is_empty(), !expected, "{}", &name);
        }
    }
    Ok(())
}

/// Everything was executed after what it reads.
fn check_order(model: &Model, executed: &[String]) -> Result<(), TestCaseError> {
    let at = |name: &String| executed.iter().position(|found| found == name);
    for (index, node) in model.nodes.iter().enumerate() {
        for own in keys(node.cut) {
            let name = named(index, &own);
            for read in reads(&model.nodes, index, &own) {
                if let (Some(read_at), Some(own_at)) = (at(&read), at(&name)) {
                    prop_assert!(read_at < own_at, "{} before {}: {:?}", name, read, executed);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_stale_run_is_minimal_and_complete(
        nodes in nodes(),
        changes in changes(),
        concurrency in 1_usize..4,
    ) {
        let count = nodes.len();
        let mut model = Model { code: vec![1; count], data: vec![1; count], nodes, ..Model::default() };
        for (index, node) in model.nodes.iter().enumerate().filter(|(_, node)| node.external) {
            for own in keys(node.cut) {
                let unseen = (1, crate::UNOBSERVED.to_owned(), Vec::new());
                model.records.insert(named(index, &own), unseen);
            }
        }
        let executor = memory(concurrency);
        let log = Arc::new(Mutex::new(Vec::new()));
        for (number, change) in changes.into_iter().enumerate() {
            match change {
                Change::Code(index) if index < count => model.code[index] += 1,
                Change::Data(index) if index < count => model.data[index] += 1,
                Change::Observe(index) if index < count && model.nodes[index].external => {
                    let own = keys(model.nodes[index].cut).swap_remove(0);
                    // So few that a source comes back to its first one now and then.
                    let seen = format!("seen {}", number % 4);
                    let look = Observation::new(key(&name(index)), own.as_deref(), seen.clone());
                    executor.record_all([look]).unwrap();
                    let piece = named(index, &own);
                    model.firsts.entry(piece.clone()).or_insert_with(|| seen.clone());
                    model.records.insert(piece, (1, seen, Vec::new()));
                }
                Change::Run { mode, assets, partitions } => {
                    let Some((pieces, selection)) = wanted(&model, &assets, partitions) else {
                        continue;
                    };
                    let graph = model.graph(&log);
                    log.lock().unwrap().clear();
                    let run = request(&format!("run-{number}"), &graph);
                    executor.run(RunRequest { mode, selection, ..run }).unwrap();
                    let executed = log.lock().unwrap().clone();
                    let expected = model.run(mode, &pieces);
                    prop_assert_eq!(executed.len(), expected.len());
                    prop_assert_eq!(executed.iter().cloned().collect::<BTreeSet<_>>(), expected);
                    check_order(&model, &executed)?;
                }
                Change::Code(_) | Change::Data(_) | Change::Observe(_) => {}
            }
            check_staleness(&model, &executor, &model.graph(&log))?;
        }
    }
}
