//! A simple model of what is stale, over names and versions, and the graph that it is a model of.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::executor::tests::fixture::{key, made, piece};
use crate::{
    Asset, AssetGraph, Mapping, Materialized, Mode, Partitions, StepContext, StepFailure,
    UNOBSERVED,
};

pub const DAYS: [&str; 3] = ["2013-01-01", "2013-01-02", "2013-01-03"];
pub const ORIGINS: [&str; 2] = ["EWR", "JFK"];
/// Around a midnight; of the third day there is none.
const HOURS: [&str; 4] = [
    "2013-01-01-22:00",
    "2013-01-01-23:00",
    "2013-01-02-00:00",
    "2013-01-02-01:00",
];
/// Keys that come and go.
pub const FRUITS: [&str; 3] = ["plum", "apple", "pear"];
/// The name of their set.
pub const SET: &str = "fruits";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Whole,
    Days,
    DaysAndOrigins,
    Hours,
    /// Keys that come and go.
    Fruits,
    FruitsAndOrigins,
    /// Days that come with the time.
    DaysSoFar,
}

impl Cut {
    /// Whether pieces of one can read those of the other by what their keys have in common.
    pub fn goes_with(self, other: Self) -> bool {
        let of_days = |cut| matches!(cut, Self::Days | Self::DaysAndOrigins);
        let of_fruits = |cut| matches!(cut, Self::Fruits | Self::FruitsAndOrigins);
        self == other
            || self == Self::Whole
            || other == Self::Whole
            || of_days(self) && of_days(other)
            || of_fruits(self) && of_fruits(other)
            || matches!(
                (self, other),
                (Self::Days, Self::Hours) | (Self::Hours, Self::Days)
            )
    }
}

#[derive(Debug, Clone)]
pub struct Node {
    pub cut: Cut,
    pub external: bool,
    /// Whether its data version stays what it is when its inputs change.
    pub pinned: bool,
    /// Whether one attempt makes all its partitions of a run.
    pub ranged: bool,
    pub reads: Vec<(usize, Mapping)>,
}

/// What the model knows of a piece: the versions of code and data, and of what was read.
pub type Record = (u32, String, Vec<(String, String)>);

/// Asset and partition of a piece.
pub type Piece = (usize, Option<String>);

/// What is defined, and which keys there are.
#[derive(Debug, Clone)]
pub struct World {
    pub nodes: Vec<Node>,
    /// How often each was given another name.
    pub renamed: Vec<u32>,
    /// The fruits that there are, in the order in which they came.
    pub fruits: Vec<&'static str>,
    /// The first day of those that come with the time, and how many are over.
    pub first_day: Date,
    pub days_over: i64,
}

impl World {
    pub fn new(nodes: Vec<Node>) -> Self {
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        Self {
            renamed: vec![0; nodes.len()],
            nodes,
            fruits: Vec::new(),
            first_day: today.saturating_sub(20.days()),
            days_over: 0,
        }
    }

    /// When it is.
    pub fn now(&self) -> Timestamp {
        let day = self.first_day.saturating_add(self.days_over.days());
        TimeZone::UTC.to_timestamp(day.into()).unwrap()
    }

    pub fn name(&self, index: usize) -> String {
        format!("a{index}{}", "x".repeat(self.renamed[index] as usize))
    }

    pub fn named(&self, index: usize, partition: &Option<String>) -> String {
        piece(&key(&self.name(index)), partition.as_deref())
    }

    pub fn keys(&self, index: usize) -> Vec<Option<String>> {
        let by_origin = |keys: &[&str]| {
            let of = |key: &&str| ORIGINS.map(|origin| Some(format!("{key}|{origin}")));
            keys.iter().flat_map(of).collect()
        };
        let each = |keys: &[&str]| keys.iter().map(|key| Some((*key).to_owned())).collect();
        match self.nodes[index].cut {
            Cut::Whole => vec![None],
            Cut::Days => each(&DAYS),
            Cut::DaysAndOrigins => by_origin(&DAYS),
            Cut::Hours => each(&HOURS),
            Cut::Fruits => each(&self.fruits),
            Cut::FruitsAndOrigins => by_origin(&self.fruits),
            Cut::DaysSoFar => (0..self.days_over)
                .map(|day| Some(self.first_day.saturating_add(day.days()).to_string()))
                .collect(),
        }
    }

    /// The pieces that a piece reads, in order, with their assets.
    pub fn reads(&self, index: usize, own: &Option<String>) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        for (up, mapping) in &self.nodes[index].reads {
            let upstream = self.keys(*up);
            let wanted = |at: usize, found: &Option<String>| match (mapping, own, found) {
                (_, _, None) | (Mapping::All, ..) => true,
                (Mapping::Last(last), ..) => at + *last as usize >= upstream.len(),
                (_, None, _) => true,
                (
                    Mapping::TimeWindow {
                        start_offset,
                        end_offset,
                    },
                    Some(_),
                    _,
                ) => {
                    let place = |at: usize| i32::try_from(at).unwrap();
                    let own = place(upstream.iter().position(|key| key == own).unwrap());
                    (own + start_offset..=own + end_offset).contains(&place(at))
                }
                (Mapping::Keys(list), Some(own), Some(found)) => {
                    let listed = list.get(own.as_str()).into_iter().flatten();
                    listed.into_iter().any(|key| key.as_ref() == found)
                }
                (Mapping::Identity, Some(own), Some(found)) => {
                    let begins = |long: &str, short: &str| {
                        let rest = long.strip_prefix(short);
                        rest.is_some_and(|rest| rest.starts_with(['|', '-']))
                    };
                    own == found || begins(own, found) || begins(found, own)
                }
            };
            let found = upstream
                .iter()
                .enumerate()
                .filter(|(at, found)| wanted(*at, found));
            all.extend(found.map(|(_, found)| (*up, self.named(*up, found))));
        }
        all
    }
}

#[derive(Debug, Clone)]
pub struct Model {
    pub world: World,
    pub code: Vec<u32>,
    pub data: Vec<u32>,
    pub records: BTreeMap<String, Record>,
    /// The version that was observed first of each external piece.
    pub firsts: BTreeMap<String, String>,
}

fn version(name: &str, data: u32, inputs: &[(String, String)]) -> String {
    let mut hasher = DefaultHasher::new();
    (name, data, inputs).hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

impl Model {
    pub fn new(nodes: Vec<Node>) -> Self {
        Self {
            code: vec![1; nodes.len()],
            data: vec![1; nodes.len()],
            world: World::new(nodes),
            records: BTreeMap::new(),
            firsts: BTreeMap::new(),
        }
    }

    fn inputs(&self, index: usize, own: &Option<String>) -> Vec<Option<(String, String)>> {
        let newest = |(up, read): (usize, String)| {
            let known = self
                .records
                .get(&read)
                .map(|(_, version, _)| version.clone());
            let unseen = || self.world.nodes[up].external.then(|| UNOBSERVED.to_owned());
            Some((read, known.or_else(unseen)?))
        };
        let reads = self.world.reads(index, own).into_iter();
        reads.map(newest).collect()
    }

    pub fn is_stale(&self, index: usize, own: &Option<String>) -> bool {
        let inputs: Vec<_> = self.inputs(index, own).into_iter().flatten().collect();
        let Some((code, _, read)) = self.records.get(&self.world.named(index, own)) else {
            return true;
        };
        // The first look at what was read unobserved is no change.
        let same = |now: &(String, String), then: &(String, String)| {
            let first_look = then.1 == UNOBSERVED && self.firsts.get(&now.0) == Some(&now.1);
            now == then || (now.0 == then.0 && first_look)
        };
        // In whatever order: a key that went and came again comes behind the others.
        let was_read = |now| read.iter().any(|then| same(now, then));
        *code != self.code[index] || inputs.len() != read.len() || !inputs.iter().all(was_read)
    }

    /// Runs pieces as the engine should; returns what was executed.
    pub fn run(&mut self, mode: Mode, pieces: &[Piece]) -> BTreeSet<String> {
        let mut executed = BTreeSet::new();
        let mut blocked = BTreeSet::new();
        let nodes = &self.world.nodes;
        let together = |a: &Piece, b: &Piece| a.0 == b.0 && nodes[a.0].ranged;
        let attempts: Vec<&[Piece]> = pieces.chunk_by(together).collect();
        for attempt in attempts {
            let is_held = |(index, own): &Piece| {
                let reads = self.world.reads(*index, own);
                reads.iter().any(|(_, read)| blocked.contains(read))
            };
            let is_complete =
                |(index, own): &Piece| self.inputs(*index, own).iter().all(Option::is_some);
            let is_wanted = |piece: &&Piece| {
                mode == Mode::All || !is_complete(piece) || self.is_stale(piece.0, &piece.1)
            };
            let names = |pieces: &[&Piece]| -> Vec<String> {
                let name = |(index, own): &&Piece| self.world.named(*index, own);
                pieces.iter().map(name).collect()
            };
            let wanted: Vec<&Piece> = if attempt.iter().any(is_held) {
                blocked.extend(names(&attempt.iter().collect::<Vec<_>>()));
                continue;
            } else {
                attempt.iter().filter(is_wanted).collect()
            };
            if !wanted.iter().all(|piece| is_complete(piece)) {
                blocked.extend(names(&wanted));
                continue;
            }
            for (index, own) in wanted {
                let name = self.world.named(*index, own);
                let inputs: Vec<_> = self.inputs(*index, own).into_iter().flatten().collect();
                let pinned = self.world.nodes[*index].pinned;
                let seen: &[_] = if pinned { &[] } else { &inputs };
                let data = version(&name, self.data[*index], seen);
                self.records
                    .insert(name.clone(), (self.code[*index], data, inputs));
                executed.insert(name);
            }
        }
        executed
    }

    /// The definitions; each step leaves the name of what it makes in the log.
    pub fn graph(&self, log: &Arc<Mutex<Vec<String>>>) -> Arc<AssetGraph> {
        let days = Partitions::daily(DAYS[0], DAYS[2]).unwrap();
        let origins = Partitions::static_keys(ORIGINS).unwrap();
        let fruits = Partitions::dynamic(SET).unwrap();
        let by_origin = |name, keys: &Partitions| {
            Partitions::product([(name, keys.clone()), ("origin", origins.clone())]).unwrap()
        };
        let (days_and_origins, fruits_and_origins) =
            (by_origin("date", &days), by_origin("fruit", &fruits));
        let hours = Partitions::hourly(HOURS[0], HOURS[3]).unwrap();
        let so_far = Partitions::daily_since(&self.world.first_day.to_string()).unwrap();
        let asset = |index: usize| {
            let node = &self.world.nodes[index];
            let name = key(&self.world.name(index));
            let mut asset = if node.external {
                Asset::external(name)
            } else {
                self.made(index, name, log)
            };
            asset = asset.code_version(self.code[index].to_string());
            asset = asset.partitions(match node.cut {
                Cut::Whole => Partitions::Unpartitioned,
                Cut::Days => days.clone(),
                Cut::DaysAndOrigins => days_and_origins.clone(),
                Cut::Hours => hours.clone(),
                Cut::Fruits => fruits.clone(),
                Cut::FruitsAndOrigins => fruits_and_origins.clone(),
                Cut::DaysSoFar => so_far.clone(),
            });
            for (up, mapping) in &node.reads {
                asset = asset.depends_on_mapped(key(&self.world.name(*up)), mapping.clone());
            }
            asset
        };
        let assets = (0..self.world.nodes.len()).rev().map(asset);
        Arc::new(AssetGraph::new(assets.collect()).unwrap())
    }

    fn made(&self, index: usize, name: crate::AssetKey, log: &Arc<Mutex<Vec<String>>>) -> Asset {
        let (log, data, world) = (Arc::clone(log), self.data[index], self.world.clone());
        let Node {
            pinned,
            ranged,
            cut,
            ..
        } = world.nodes[index];
        let make = move |cx: &StepContext<'_>, partition: Option<&str>| {
            let own = piece(cx.asset, partition);
            log.lock().unwrap().push(own.clone());
            let read = |input: &Arc<crate::Materialization>| {
                let name = piece(&input.asset, input.partition.as_deref());
                (name, input.data_version.clone())
            };
            let all: BTreeMap<String, String> = cx.inputs.iter().map(read).collect();
            let reads = world
                .reads(index, &partition.map(str::to_owned))
                .into_iter();
            let inputs = reads.map(|(_, name)| (name.clone(), all[&name].clone()));
            let inputs: Vec<_> = inputs.filter(|_| !pinned).collect();
            made(&version(&own, data, &inputs))
        };
        if ranged && cut != Cut::Whole {
            let step = move |cx: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
                let keys = cx.partition_keys.iter();
                Ok(keys.map(|partition| make(cx, Some(partition))).collect())
            };
            Asset::ranged(name, step)
        } else {
            let step = move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
                Ok(make(cx, cx.partition))
            };
            Asset::new(name, step)
        }
    }
}
