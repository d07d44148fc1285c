//! `--stale` against a simple model: on random graphs, partitions, mappings and histories it runs what
//! has to run, nothing else, each piece after what it reads; and whether a catalog is in memory or in a
//! file makes no difference, nor whether an executor runs it or each step is asked for by itself.

mod model;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::super::PageLimits;
use super::fixture::{key, memory, piece, request};
use crate::{
    AssetGraph, Durability, Executor, ExecutorOptions, Mapping, Mode, Observation, PartitionChange,
    Plan, Report, RunRequest, Selection, StepEnd, StepWorker, Stop, staleness, why,
};
use model::{Cut, DAYS, FRUITS, Model, Node, Piece, SET};

/// What happens to the assets, one after the other.
#[derive(Debug, Clone)]
enum Change {
    Code(usize),
    /// The step will return other data, which nobody can know beforehand.
    Data(usize),
    Observe(usize),
    /// What was made of its first piece counts no longer.
    Wipe(usize),
    /// It gets another name.
    Rename(usize),
    /// A key comes, or goes if it is there.
    Fruit(usize),
    /// A day is over.
    Day,
    /// The executor on the file is another one.
    Restart,
    /// Materializes some assets, and perhaps only the first partitions of them.
    Run {
        mode: Mode,
        assets: BTreeSet<usize>,
        partitions: Option<usize>,
    },
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    // Few kinds in one graph, so that its assets have to do with each other.
    let cuts = [
        Cut::Whole,
        Cut::Days,
        Cut::DaysAndOrigins,
        Cut::Hours,
        Cut::Fruits,
        Cut::FruitsAndOrigins,
        Cut::DaysSoFar,
    ];
    let cuts = proptest::sample::subsequence(cuts.to_vec(), 2..=3);
    let mapping = prop_oneof![
        3 => Just(Mapping::Identity),
        1 => Just(Mapping::All),
        1 => Just(Mapping::Last(2)),
        2 => Just(Mapping::TimeWindow { start_offset: -1, end_offset: 0 }),
        2 => Just(Mapping::TimeWindow { start_offset: -2, end_offset: -1 }),
        1 => Just(Mapping::keys([(DAYS[0], [DAYS[2]])])),
    ];
    let reads = proptest::collection::btree_map(0_usize..8, mapping, 0..4);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let node = (any::<prop::sample::Index>(), flags, reads);
    (cuts, proptest::collection::vec(node, 2..8)).prop_map(|(kinds, raw)| {
        let cuts: Vec<Cut> = raw.iter().map(|(cut, ..)| *cut.get(&kinds)).collect();
        let node = |(index, (_, flags, reads)): (usize, (_, _, _))| {
            let (external, pinned, ranged): (bool, bool, bool) = flags;
            let reads: Vec<(usize, Mapping)> = std::collections::BTreeMap::into_iter(reads)
                .filter_map(|(up, mapping)| Some((up, possible(index, up, &cuts, mapping)?)))
                .collect();
            Node {
                cut: cuts[index],
                external: external && reads.is_empty(),
                pinned,
                ranged: ranged && reads.iter().all(|(up, _)| *up != index),
                reads,
            }
        };
        raw.into_iter().enumerate().map(node).collect()
    })
}

/// The mapping, or one that is possible between the two assets; `None` = there is none.
fn possible(index: usize, up: usize, cuts: &[Cut], mapping: Mapping) -> Option<Mapping> {
    let cut = cuts[index];
    let by_days = matches!(cut, Cut::Days | Cut::DaysSoFar);
    let timed = up < cuts.len() && by_days && cuts[up] == cut;
    if up >= index {
        let past = matches!(mapping, Mapping::TimeWindow { end_offset, .. } if end_offset < 0);
        return (up == index && timed && past).then_some(mapping);
    }
    let identity = if cut.goes_with(cuts[up]) {
        Mapping::Identity
    } else {
        Mapping::All
    };
    Some(match mapping {
        Mapping::TimeWindow { .. } if timed => mapping,
        Mapping::Keys(_) if (cut, cuts[up]) == (Cut::Days, Cut::Days) => {
            let (first, last) = (vec![DAYS[2]], vec![DAYS[1], DAYS[0]]);
            Mapping::keys([(DAYS[0], first), (DAYS[2], last)])
        }
        Mapping::Keys(_) if (cut, cuts[up]) == (Cut::Fruits, Cut::Fruits) => {
            let (first, last) = (vec![FRUITS[1]], vec![FRUITS[2], FRUITS[0]]);
            Mapping::keys([(FRUITS[0], first), (FRUITS[2], last)])
        }
        Mapping::Keys(_) if (cut, cuts[up]) == (Cut::Days, Cut::Fruits) => {
            Mapping::keys([(DAYS[1], [FRUITS[0], FRUITS[1]])])
        }
        Mapping::All | Mapping::Last(_) => mapping,
        Mapping::Identity | Mapping::TimeWindow { .. } | Mapping::Keys(_) => identity,
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
        1 => (0_usize..8).prop_map(Change::Code),
        1 => (0_usize..8).prop_map(Change::Data),
        1 => (0_usize..8).prop_map(Change::Observe),
        1 => (0_usize..8).prop_map(Change::Wipe),
        1 => (0_usize..8).prop_map(Change::Rename),
        2 => (0_usize..3).prop_map(Change::Fruit),
        2 => Just(Change::Day),
        1 => Just(Change::Restart),
        2 => some,
        3 => whole,
    ];
    proptest::collection::vec(change, 4..20)
}

/// The pieces of a run in an order in which they could be made, and the request for them.
fn wanted(
    model: &Model,
    assets: &BTreeSet<usize>,
    partitions: Option<usize>,
) -> Option<(Vec<Piece>, Selection)> {
    let world = &model.world;
    let is_made = |index: &&usize| world.nodes.get(**index).is_some_and(|node| !node.external);
    let assets: Vec<usize> = assets.iter().filter(is_made).copied().collect();
    let mut selection = Selection::assets(assets.iter().map(|index| key(&world.name(*index))));
    let mut chosen: Option<BTreeSet<String>> = None;
    if let Some(count) = partitions {
        let keys = world.keys(*assets.first()?).into_iter();
        let first: BTreeSet<String> = keys.flatten().take(count).collect();
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
        let keys = world.keys(*index).into_iter();
        keys.filter(is_chosen)
            .map(|key| (*index, key))
            .collect::<Vec<_>>()
    });
    let pieces: Vec<_> = pieces.collect();
    (!assets.is_empty()).then_some((pieces, selection))
}

/// Who executes the steps of a run.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Executor,
    /// One step after the other is asked for, as a workflow does.
    StepWorker,
}

/// An executor, where its catalog is, and what its steps leave.
struct Side {
    by: By,
    /// `None` only while it is replaced.
    executor: Option<Executor>,
    file: Option<PathBuf>,
    options: ExecutorOptions,
    log: Arc<Mutex<Vec<String>>>,
}

impl Side {
    fn new(by: By, concurrency: usize, file: Option<PathBuf>) -> Self {
        let options = ExecutorOptions::default()
            .concurrency(concurrency)
            .durability(Durability::ProcessCrash);
        let mut side = Self {
            by,
            executor: Some(memory(concurrency)),
            file,
            options,
            log: Arc::default(),
        };
        side.restart();
        side
    }

    /// Only what is in a file outlives that.
    fn restart(&mut self) {
        if let Some(file) = &self.file {
            self.executor = None;
            self.executor = Some(Executor::open(file, self.options.clone()).unwrap());
        }
    }

    fn executor(&self) -> &Executor {
        self.executor.as_ref().unwrap()
    }

    /// The graph as it is now.
    fn graph(&self, model: &Model) -> Arc<AssetGraph> {
        let defined = model.graph(&self.log);
        let now = model.world.now();
        defined.current_at(self.executor().catalog(), now).unwrap()
    }

    fn report(&self, report: impl Into<Report>) {
        self.executor().record_all([report.into()]).unwrap();
    }

    fn change_keys(&self, key: &str, added: bool) {
        let change = if added {
            PartitionChange::added(SET, key)
        } else {
            PartitionChange::removed(SET, key)
        };
        self.executor().change_partitions([change]).unwrap();
    }

    /// Runs a selection on the graph as it is now; what was executed, in order.
    fn run(&self, model: &Model, id: &str, mode: Mode, selection: &Selection) -> Vec<String> {
        let graph = self.graph(model);
        self.log.lock().unwrap().clear();
        let run = RunRequest {
            mode,
            selection: selection.clone(),
            ..request(id, &graph)
        };
        if self.by == By::StepWorker {
            self.run_step_by_step(run, model);
            return self.log.lock().unwrap().clone();
        }
        // Submitted alone, it would take the time from the clock.
        for submitted in self.executor().submit_all([run]) {
            submitted.unwrap();
        }
        self.executor().wait(id).unwrap();
        self.log.lock().unwrap().clone()
    }
}

impl Side {
    /// Asks for the lanes of one stage after the other, a few at a time and the last ones first, and executes their steps.
    fn run_step_by_step(&self, request: RunRequest, model: &Model) {
        let file = self.file.as_ref().unwrap();
        let graph = Arc::clone(&request.graph);
        let worker = StepWorker::open(file, Durability::ProcessCrash, graph);
        // So small that a few partitions are more than a page has, and more than is looked at together.
        let limits = PageLimits {
            page: 4,
            look: 8,
            fresh: 12,
        };
        let worker = worker.unwrap().at(model.world.now()).limits(limits);
        let run = request.run.clone();
        let submission = worker.submit(request).unwrap();
        let (mut fresh, mut steps) = (0, 0);
        for stage in 0..submission.stages {
            let mut next = Some(0);
            while let Some(after) = next {
                let page = worker.lanes(&run, stage, after, 3).unwrap();
                for lane in page.lanes.iter().rev() {
                    let mut failed = false;
                    for step in lane.steps() {
                        let stop = Stop::default();
                        let end = worker.execute(&run, step, failed, &stop).unwrap();
                        let StepEnd::Ended { counts, failure } = end else {
                            panic!("no step fails for a while: {end:?}");
                        };
                        failed |= failure.is_some() || counts.skipped > 0;
                        fresh += counts.fresh;
                        steps += counts.materialized + counts.skipped + counts.failed;
                    }
                }
                fresh += page.fresh;
                next = page.next;
            }
        }
        worker.end(&run, fresh, None).unwrap();
        assert!(fresh + steps <= submission.steps, "{fresh} + {steps}");
    }
}

/// What the engine calls stale, and why() as well, is what the model calls stale; gives the reasons.
fn check_staleness(model: &Model, side: &Side) -> Result<Vec<String>, TestCaseError> {
    let mut told = Vec::new();
    if model.world.nodes.iter().all(|node| node.external) {
        return Ok(told);
    }
    let graph = side.graph(model);
    let catalog = side.executor().catalog();
    let plan = Plan::new(&graph, &Selection::all()).unwrap();
    let stale: BTreeSet<String> = staleness(&graph, catalog, &plan)
        .unwrap()
        .iter()
        .map(|step| piece(&step.asset, step.partition.as_deref()))
        .collect();
    let nodes = model.world.nodes.iter().enumerate();
    for (index, _) in nodes.filter(|(_, node)| !node.external) {
        for own in model.world.keys(index) {
            let expected = model.is_stale(index, &own);
            let name = model.world.named(index, &own);
            prop_assert_eq!(stale.contains(&name), expected, "{}", &name);
            let asset = key(&model.world.name(index));
            let reasons = why(&graph, catalog, &asset, own.as_deref()).unwrap();
            prop_assert_eq!(reasons.is_empty(), !expected, "{}", &name);
            told.push(format!("{name}: {reasons:?}"));
        }
    }
    Ok(told)
}

/// Everything was executed after what it reads.
fn check_order(model: &Model, executed: &[String]) -> Result<(), TestCaseError> {
    let at = |name: &String| executed.iter().position(|found| found == name);
    for index in 0..model.world.nodes.len() {
        for own in model.world.keys(index) {
            let name = model.world.named(index, &own);
            for (_, read) in model.world.reads(index, &own) {
                if let (Some(read_at), Some(own_at)) = (at(&read), at(&name)) {
                    prop_assert!(read_at < own_at, "{} before {}: {:?}", name, read, executed);
                }
            }
        }
    }
    Ok(())
}

/// Does to the model and to all sides what happens; what is not possible does not.
fn happen(
    number: usize,
    change: Change,
    model: &mut Model,
    sides: &mut [Side],
) -> Result<(), TestCaseError> {
    let count = model.world.nodes.len();
    match change {
        Change::Code(index) if index < count => model.code[index] += 1,
        Change::Data(index) if index < count => model.data[index] += 1,
        Change::Rename(index) if index < count => model.world.renamed[index] += 1,
        Change::Day if model.world.days_over < 8 => model.world.days_over += 1,
        Change::Restart => sides.iter_mut().for_each(Side::restart),
        Change::Fruit(fruit) => {
            let (fruit, fruits) = (FRUITS[fruit], &mut model.world.fruits);
            let before = fruits.len();
            fruits.retain(|key| *key != fruit);
            let comes = fruits.len() == before;
            fruits.extend(comes.then_some(fruit));
            sides.iter().for_each(|side| side.change_keys(fruit, comes));
        }
        Change::Observe(index) if index < count && model.world.nodes[index].external => {
            let Some(own) = model.world.keys(index).into_iter().next() else {
                return Ok(());
            };
            // So few that a source comes back to its first one now and then.
            let seen = format!("seen {}", number % 4);
            for side in sides.iter() {
                let asset = key(&model.world.name(index));
                side.report(Observation::new(asset, own.as_deref(), seen.clone()));
            }
            let piece = model.world.named(index, &own);
            let first = model.firsts.entry(piece.clone());
            first.or_insert_with(|| seen.clone());
            model.records.insert(piece, (1, seen, Vec::new()));
        }
        Change::Wipe(index) if index < count && !model.world.nodes[index].external => {
            let own = model.world.keys(index).into_iter().next();
            let Some(own) = own else { return Ok(()) };
            if model
                .records
                .remove(&model.world.named(index, &own))
                .is_some()
            {
                for side in sides.iter() {
                    side.report(Report::Wiped {
                        asset: key(&model.world.name(index)),
                        partition: own.as_deref().map(Arc::from),
                    });
                }
            }
        }
        Change::Run {
            mode,
            assets,
            partitions,
        } => {
            let Some((pieces, selection)) = wanted(model, &assets, partitions) else {
                return Ok(());
            };
            let id = format!("run-{number}");
            let ran = sides
                .iter()
                .map(|side| side.run(model, &id, mode, &selection));
            let ran: Vec<Vec<String>> = ran.collect();
            let expected = model.run(mode, &pieces);
            for executed in ran {
                prop_assert_eq!(executed.len(), expected.len());
                let once: BTreeSet<String> = executed.iter().cloned().collect();
                prop_assert_eq!(&once, &expected);
                check_order(model, &executed)?;
            }
        }
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn a_stale_run_is_minimal_and_complete(
        nodes in nodes(),
        changes in changes(),
        concurrency in 1_usize..4,
    ) {
        check_history(nodes, changes, concurrency)?;
    }
}

/// Whether model and engine agree after each of the changes, on all catalogs alike.
fn check_history(
    nodes: Vec<Node>,
    changes: Vec<Change>,
    concurrency: usize,
) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().unwrap();
    let file = |name| dir.path().join(name);
    let mut model = Model::new(nodes);
    let mut sides = [
        Side::new(By::Executor, concurrency, None),
        Side::new(By::Executor, concurrency, Some(file("executor.db"))),
        Side::new(By::StepWorker, concurrency, Some(file("steps.db"))),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        happen(number, change, &mut model, &mut sides)?;
        let [memory, file, steps] = &sides;
        let told = check_staleness(&model, memory)?;
        prop_assert_eq!(&told, &check_staleness(&model, file)?);
        prop_assert_eq!(&told, &check_staleness(&model, steps)?);
    }
    Ok(())
}

/// Its pieces still count, and that they now come behind the others is no change.
#[test]
fn a_key_that_goes_and_comes_again_makes_nothing_stale() {
    let node = |cut, reads| Node {
        cut,
        external: false,
        pinned: false,
        ranged: false,
        reads,
    };
    for (of_fruits, of_days) in [
        (Cut::Fruits, Cut::Days),
        (Cut::FruitsAndOrigins, Cut::DaysAndOrigins),
    ] {
        let nodes = vec![
            node(of_fruits, Vec::new()),
            node(of_days, vec![(0, Mapping::All)]),
        ];
        let all = Change::Run {
            mode: Mode::Stale,
            assets: (0..8).collect(),
            partitions: None,
        };
        // Two keys are there at least when it runs, whichever there were before.
        let fruits = [2, 0].map(Change::Fruit);
        let again = [2, 2, 0, 0].map(Change::Fruit);
        let changes = fruits.into_iter().chain([all.clone()]).chain(again);
        check_history(nodes, changes.collect(), 1).unwrap();
    }
}
