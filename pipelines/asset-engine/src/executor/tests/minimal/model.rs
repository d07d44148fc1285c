//! A simple model of what is stale, over names and versions, and the graph that it is a model of.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use crate::executor::tests::fixture::{graph, key, made, piece};
use crate::{
    Asset, AssetGraph, Mapping, Materialized, Mode, Partitions, StepContext, StepFailure,
    UNOBSERVED,
};

pub const DAYS: [&str; 3] = ["2013-01-01", "2013-01-02", "2013-01-03"];
pub const ORIGINS: [&str; 2] = ["EWR", "JFK"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Whole,
    Days,
    DaysAndOrigins,
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

#[derive(Debug, Clone, Default)]
pub struct Model {
    pub nodes: Vec<Node>,
    pub code: Vec<u32>,
    pub data: Vec<u32>,
    pub records: BTreeMap<String, Record>,
    /// The version that was observed first of each external piece.
    pub firsts: BTreeMap<String, String>,
}

/// Asset and partition of a piece.
pub type Piece = (usize, Option<String>);

pub fn name(index: usize) -> String {
    format!("a{index}")
}

pub fn keys(cut: Cut) -> Vec<Option<String>> {
    match cut {
        Cut::Whole => vec![None],
        Cut::Days => DAYS.iter().map(|day| Some((*day).to_owned())).collect(),
        Cut::DaysAndOrigins => DAYS
            .iter()
            .flat_map(|day| {
                ORIGINS
                    .iter()
                    .map(move |origin| Some(format!("{day}|{origin}")))
            })
            .collect(),
    }
}

pub fn named(index: usize, partition: &Option<String>) -> String {
    piece(&key(&name(index)), partition.as_deref())
}

/// The pieces that a piece reads, in order.
pub fn reads(nodes: &[Node], index: usize, own: &Option<String>) -> Vec<String> {
    let mut all = Vec::new();
    for (up, mapping) in &nodes[index].reads {
        let upstream = keys(nodes[*up].cut);
        let wanted = |at: usize, found: &Option<String>| match (mapping, own, found) {
            (_, _, None) | (Mapping::All, ..) => true,
            (Mapping::Last(last), ..) => at + *last as usize >= upstream.len(),
            (_, None, _) => true,
            (
                Mapping::TimeWindow {
                    start_offset,
                    end_offset,
                },
                Some(own),
                _,
            ) => {
                let day = |at: usize| i32::try_from(at).unwrap();
                let own = day(DAYS.iter().position(|day| day == own).unwrap());
                (own + start_offset..=own + end_offset).contains(&day(at))
            }
            (Mapping::Keys(list), Some(own), Some(found)) => {
                let listed = list.get(own.as_str()).into_iter().flatten();
                listed.into_iter().any(|key| key.as_ref() == found)
            }
            (Mapping::Identity, Some(own), Some(found)) => {
                own == found
                    || own.starts_with(&format!("{found}|"))
                    || found.starts_with(&format!("{own}|"))
            }
        };
        let found = upstream
            .iter()
            .enumerate()
            .filter(|(at, found)| wanted(*at, found));
        all.extend(found.map(|(_, found)| named(*up, found)));
    }
    all
}

pub fn version(name: &str, data: u32, inputs: &[(String, String)]) -> String {
    let mut hasher = DefaultHasher::new();
    (name, data, inputs).hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

impl Model {
    pub fn inputs(&self, index: usize, own: &Option<String>) -> Vec<Option<(String, String)>> {
        let newest = |read: String| {
            let (_, version, _) = self.records.get(&read)?;
            Some((read, version.clone()))
        };
        reads(&self.nodes, index, own)
            .into_iter()
            .map(newest)
            .collect()
    }

    pub fn is_stale(&self, index: usize, own: &Option<String>) -> bool {
        let inputs: Vec<_> = self.inputs(index, own).into_iter().flatten().collect();
        let Some((code, _, read)) = self.records.get(&named(index, own)) else {
            return true;
        };
        // The first look at what was read unobserved is no change.
        let same = |(now, then): (&(String, String), &(String, String))| {
            let first_look = then.1 == UNOBSERVED && self.firsts.get(&now.0) == Some(&now.1);
            now == then || (now.0 == then.0 && first_look)
        };
        *code != self.code[index]
            || inputs.len() != read.len()
            || !inputs.iter().zip(read).all(same)
    }

    /// Runs pieces as the engine should; returns what was executed.
    pub fn run(&mut self, mode: Mode, pieces: &[Piece]) -> BTreeSet<String> {
        let mut executed = BTreeSet::new();
        let mut blocked = BTreeSet::new();
        let together = |a: &Piece, b: &Piece| a.0 == b.0 && self.nodes[a.0].ranged;
        let attempts: Vec<&[Piece]> = pieces.chunk_by(together).collect();
        for attempt in attempts {
            let is_held = |(index, own): &Piece| {
                let reads = reads(&self.nodes, *index, own);
                reads.iter().any(|read| blocked.contains(read))
            };
            let is_complete =
                |(index, own): &Piece| self.inputs(*index, own).iter().all(Option::is_some);
            let is_wanted = |piece: &&Piece| {
                mode == Mode::All || !is_complete(piece) || self.is_stale(piece.0, &piece.1)
            };
            let wanted: Vec<&Piece> = if attempt.iter().any(is_held) {
                blocked.extend(attempt.iter().map(|(index, own)| named(*index, own)));
                continue;
            } else {
                attempt.iter().filter(is_wanted).collect()
            };
            if !wanted.iter().all(|piece| is_complete(piece)) {
                blocked.extend(wanted.iter().map(|(index, own)| named(*index, own)));
                continue;
            }
            for (index, own) in wanted {
                let name = named(*index, own);
                let inputs: Vec<_> = self.inputs(*index, own).into_iter().flatten().collect();
                let pinned = self.nodes[*index].pinned;
                let seen: &[_] = if pinned { &[] } else { &inputs };
                let data = version(&name, self.data[*index], seen);
                self.records
                    .insert(name.clone(), (self.code[*index], data, inputs));
                executed.insert(name);
            }
        }
        executed
    }

    pub fn graph(&self, log: &Arc<Mutex<Vec<String>>>) -> Arc<AssetGraph> {
        let days = Partitions::daily(DAYS[0], DAYS[2]).unwrap();
        let origins = Partitions::static_keys(ORIGINS).unwrap();
        let both = Partitions::product([("date", days.clone()), ("origin", origins)]).unwrap();
        let asset = |(index, node): (usize, &Node)| {
            let (log, data, pinned) = (Arc::clone(log), self.data[index], node.pinned);
            let nodes = self.nodes.clone();
            let make = move |cx: &StepContext<'_>, partition: Option<&str>| {
                let own = piece(cx.asset, partition);
                log.lock().unwrap().push(own.clone());
                let read = |input: &Arc<crate::Materialization>| {
                    let name = piece(&input.asset, input.partition.as_deref());
                    (name, input.data_version.clone())
                };
                let all: BTreeMap<String, String> = cx.inputs.iter().map(read).collect();
                let names = reads(&nodes, index, &partition.map(str::to_owned)).into_iter();
                let inputs = names.map(|name| (name.clone(), all[&name].clone()));
                let inputs: Vec<_> = inputs.filter(|_| !pinned).collect();
                made(&version(&own, data, &inputs))
            };
            let mut asset = if node.external {
                Asset::external(key(&name(index)))
            } else if node.ranged && node.cut != Cut::Whole {
                let step = move |cx: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
                    let keys = cx.partition_keys.iter();
                    Ok(keys.map(|partition| make(cx, Some(partition))).collect())
                };
                Asset::ranged(key(&name(index)), step)
            } else {
                let step = move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
                    Ok(make(cx, cx.partition))
                };
                Asset::new(key(&name(index)), step)
            };
            asset = asset.code_version(self.code[index].to_string());
            asset = asset.partitions(match node.cut {
                Cut::Whole => Partitions::Unpartitioned,
                Cut::Days => days.clone(),
                Cut::DaysAndOrigins => both.clone(),
            });
            for (up, mapping) in &node.reads {
                asset = asset.depends_on_mapped(key(&name(*up)), mapping.clone());
            }
            asset
        };
        let mut assets: Vec<Asset> = self.nodes.iter().enumerate().map(asset).collect();
        assets.reverse();
        graph(assets)
    }
}
