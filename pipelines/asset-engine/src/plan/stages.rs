//! A plan as stages of lanes, for whoever asks for its steps one by one and cannot hold the plan.
//!
//! A lane is a short list of steps that are executed one after the other; the lanes of a stage have nothing to do
//! with each other, and read nothing but what their own lane and the stages before make. What is cut into the same
//! partitions and reads only its own partition stays in one lane a partition; whatever reads across partitions
//! begins a later stage. An asset that reads its own past is one lane, in as many stages as it takes.

use std::fmt;
use std::ops::Range;

use petgraph::unionfind::UnionFind;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::Plan;
use crate::asset::Making;
use crate::graph::{AssetGraph, Link};
use crate::key::AssetKey;

/// Most partitions in a lane of an asset that reads its own past.
const PAST_LANE_STEPS_MAX: u32 = 128;

/// Steps that are executed one after the other: of each partition in turn, each asset in turn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Lane {
    /// What is made; of what one attempt makes together, the first.
    pub assets: Vec<AssetKey>,
    /// Of which partitions; that of what has none is `None`.
    pub partitions: Vec<Option<String>>,
}

impl Lane {
    /// The steps in their order.
    pub fn steps(&self) -> impl Iterator<Item = (&AssetKey, Option<&str>)> {
        let partitions = self.partitions.iter();
        partitions.flat_map(|key| self.assets.iter().map(move |asset| (asset, key.as_deref())))
    }
}

impl fmt::Display for Lane {
    /// By its first asset and partition, and how many more there are of each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(asset) = self.assets.first() {
            write!(f, "{asset}")?;
        }
        if let Some(Some(partition)) = self.partitions.first() {
            write!(f, " {partition}")?;
        }
        let more = self.steps().count();
        match more {
            0 | 1 => Ok(()),
            more => write!(f, " and {} more", more - 1),
        }
    }
}

/// The stages of a plan.
#[derive(Debug)]
pub(crate) struct Stages(Vec<Vec<Block>>);

/// Lanes that are alike.
#[derive(Debug)]
struct Block {
    /// Of what one attempt makes, the first stands for all.
    assets: Vec<u32>,
    /// The steps of each asset that are in the one lane there is; `None` = each has a lane of its own.
    one: Option<Range<u32>>,
}

/// What one attempt makes of one partition, or of all: where it is made.
struct Unit {
    asset: u32,
    first: usize,
    last: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Each partition by itself, after what else is made of that partition.
    Partition,
    /// Each partition after those before it.
    Past,
    /// In one step.
    Whole,
}

impl Stages {
    pub fn of(graph: &AssetGraph, plan: &Plan) -> Self {
        let mut units: Vec<Unit> = Vec::new();
        let mut by_asset: FxHashMap<u32, usize> = FxHashMap::default();
        let mut joined: Vec<(usize, usize)> = Vec::new();
        for asset in plan.assets() {
            if by_asset.contains_key(&asset) {
                continue;
            }
            let number = units.len();
            for made in made_with(graph, plan, asset) {
                by_asset.insert(made, number);
            }
            let kind = kind(graph, asset, |upstream| {
                by_asset.get(&upstream) == Some(&number)
            });
            let mut first = 0;
            let mut same: Vec<usize> = Vec::new();
            for (_, edge) in graph.deps(asset) {
                let upstream = by_asset.get(&edge.upstream).copied();
                let Some(at) = upstream.filter(|at| *at != number) else {
                    continue;
                };
                let unit: &Unit = &units[at];
                let beside = kind == Kind::Partition && unit.kind == kind;
                if beside && matches!(edge.link, Link::Same) {
                    first = first.max(unit.last);
                    same.push(at);
                } else {
                    first = first.max(unit.last + 1);
                }
            }
            same.retain(|at| units[*at].last == first);
            joined.extend(same.into_iter().map(|at| (at, number)));
            let further = match kind {
                Kind::Past => (plan.steps_of(asset).len() - 1) / PAST_LANE_STEPS_MAX as usize,
                Kind::Partition | Kind::Whole => 0,
            };
            units.push(Unit {
                asset,
                first,
                last: first + further,
                kind,
            });
        }
        Self(stages(plan, &units, &joined))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The lanes of a stage from one on, each as its steps in the plan.
    pub fn lanes(&self, plan: &Plan, stage: usize, from: u32) -> impl Iterator<Item = Vec<u32>> {
        let mut before = 0;
        self.0
            .get(stage)
            .into_iter()
            .flatten()
            .flat_map(move |block| {
                let first = from.max(before) - before;
                let count = block.lanes(plan);
                before += count;
                (first..count).map(move |lane| block.lane(plan, lane))
            })
    }

    /// How many lanes a stage has.
    pub fn count(&self, plan: &Plan, stage: usize) -> u32 {
        let blocks = self.0.get(stage).into_iter().flatten();
        blocks.map(|block| block.lanes(plan)).sum()
    }
}

impl Block {
    fn lanes(&self, plan: &Plan) -> u32 {
        match self.one {
            Some(_) => 1,
            // All of its assets have the same partitions.
            None => plan
                .steps_of(self.assets[0])
                .len()
                .try_into()
                .unwrap_or(u32::MAX),
        }
    }

    fn lane(&self, plan: &Plan, lane: u32) -> Vec<u32> {
        let steps = self.one.clone().unwrap_or(lane..lane + 1);
        let at = |step: u32| {
            let assets = self.assets.iter();
            assets.map(move |asset| plan.steps_of(*asset).start + step)
        };
        steps.flat_map(at).collect()
    }
}

/// All assets of which one attempt makes pieces with those of an asset, itself included.
fn made_with(graph: &AssetGraph, plan: &Plan, asset: u32) -> Vec<u32> {
    let outputs = graph.outputs(asset).unwrap_or(std::slice::from_ref(&asset));
    let made = outputs.iter().filter(|output| plan.makes(**output));
    made.copied().collect()
}

fn kind(graph: &AssetGraph, asset: u32, of_unit: impl Fn(u32) -> bool) -> Kind {
    if matches!(graph.asset(asset).making, Making::Range(_)) {
        return Kind::Whole;
    }
    // Assets of one step read the same.
    let reads_own = graph.deps(asset).any(|(_, edge)| of_unit(edge.upstream));
    match graph.kind(asset).partitioned {
        true if reads_own => Kind::Past,
        true => Kind::Partition,
        false => Kind::Whole,
    }
}

/// Lays units out in their stages: those that are joined in one block.
fn stages(plan: &Plan, units: &[Unit], joined: &[(usize, usize)]) -> Vec<Vec<Block>> {
    let count = units.iter().map(|unit| unit.last + 1).max().unwrap_or(0);
    let mut stages: Vec<Vec<Block>> = (0..count).map(|_| Vec::new()).collect();
    let mut together = UnionFind::<usize>::new(units.len());
    for (a, b) in joined {
        together.union(*a, *b);
    }
    let mut places: FxHashMap<usize, usize> = FxHashMap::default();
    for (number, unit) in units.iter().enumerate() {
        let steps = plan.steps_of(unit.asset).len();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let one = |range| Block {
            assets: vec![unit.asset],
            one: Some(range),
        };
        match unit.kind {
            Kind::Whole => stages[unit.first].push(one(0..1)),
            Kind::Past => {
                let starts = (0..steps).step_by(PAST_LANE_STEPS_MAX as usize);
                for (stage, start) in (unit.first..).zip(starts) {
                    let end = steps.min(start + PAST_LANE_STEPS_MAX);
                    stages[stage].push(one(start..end));
                }
            }
            Kind::Partition => {
                let stage = &mut stages[unit.first];
                let place = places.entry(together.find(number)).or_insert(stage.len());
                match stage.get_mut(*place) {
                    Some(block) => block.assets.push(unit.asset),
                    None => stage.push(Block {
                        assets: vec![unit.asset],
                        one: None,
                    }),
                }
            }
        }
    }
    stages
}
