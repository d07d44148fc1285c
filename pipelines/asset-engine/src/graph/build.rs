//! The checks that make a graph of definitions.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::link::link;
use super::{AssetGraph, Edge, GraphError, Identity, Index, Kind, Link, Readers, find, order};
use crate::asset::{Asset, Check, Making};
use crate::key::AssetKey;

/// Checks the definitions and builds the graph.
pub(super) fn build(assets: Vec<Asset>) -> Result<AssetGraph, GraphError> {
    let count = index_of("assets", assets.len())?;
    let Survey {
        by_key,
        kinds,
        edge_count,
        makers,
        ranges,
        dynamic,
    } = Survey::of(&assets, count)?;
    let outputs = if makers {
        outputs(&assets, count, &by_key)?
    } else {
        FxHashMap::default()
    };
    index_of("edges", edge_count)?;
    // Apart from what follows, so that the look-ups, which wait for memory, overlap.
    let deps = assets.iter().flat_map(|asset| &asset.deps);
    let upstream: Vec<Option<u32>> = deps.map(|dep| find(&by_key, &assets, &dep.key)).collect();
    let mut upstream = upstream.into_iter();
    let mut edges: Vec<Edge> = Vec::with_capacity(edge_count);
    let mut first_edge = Vec::with_capacity(assets.len() + 1);
    // By asset, the last one found to read it; u32::MAX is no asset.
    let mut last_reader = vec![u32::MAX; assets.len()];
    for downstream in 0..count {
        first_edge.push(index_of("edges", edges.len())?);
        let kind = kinds[downstream as usize];
        for number in 0..kind.deps {
            // Definitions are large: they are looked at only where they are needed.
            let named = || {
                let asset = &assets[downstream as usize];
                (asset, &asset.deps[number as usize])
            };
            let upstream = upstream.next().flatten().ok_or_else(|| {
                let (asset, dep) = named();
                GraphError::MissingDependency {
                    asset: asset.key.clone(),
                    dep: dep.key.clone(),
                }
            })?;
            if std::mem::replace(&mut last_reader[upstream as usize], downstream) == downstream {
                let (asset, dep) = named();
                return Err(GraphError::DuplicateDependency {
                    asset: asset.key.clone(),
                    dep: dep.key.clone(),
                });
            }
            let link = match (kinds[upstream as usize].partitioned, kind.partitioned) {
                (false, false) => Link::Same,
                (false, true) => Link::Broadcast,
                (true, _) => {
                    let (asset, dep) = named();
                    link(&assets[upstream as usize], asset, dep)?
                }
            };
            let edge = Edge {
                upstream,
                downstream,
                link,
            };
            if ranges && edge.is_own_past() {
                one_at_a_time(&assets[downstream as usize])?;
            }
            edges.push(edge);
        }
    }
    first_edge.push(index_of("edges", edges.len())?);
    let readers = readers(count, &edges);
    let order = in_order(count, &edges).map_err(|circle| {
        let key = |index: u32| assets[index as usize].key.clone();
        GraphError::Cycle {
            path: circle.path.into_iter().map(key).collect(),
            others: circle.others.into_iter().map(key).collect(),
        }
    })?;
    Ok(AssetGraph {
        assets,
        kinds,
        by_key,
        readers,
        edges,
        first_edge,
        order,
        grouped: ranges || !outputs.is_empty(),
        outputs,
        dynamic,
        parts: Identity::new(),
        identity: OnceLock::new(),
    })
}

/// What one look at each definition tells.
struct Survey {
    by_key: Index,
    kinds: Vec<Kind>,
    edge_count: usize,
    /// Whether there are steps that make several assets.
    makers: bool,
    /// Whether there are steps that make several partitions.
    ranges: bool,
    /// Assets whose partitions come and go.
    dynamic: Vec<u32>,
}

impl Survey {
    fn of(assets: &[Asset], count: u32) -> Result<Self, GraphError> {
        let mut survey = Self {
            by_key: Index::with_capacity(assets.len()),
            kinds: Vec::with_capacity(assets.len()),
            edge_count: 0,
            makers: false,
            ranges: false,
            dynamic: Vec::new(),
        };
        let hash = |index: &u32| assets[*index as usize].key.hash_code();
        for (index, asset) in (0..count).zip(assets) {
            if find(&survey.by_key, assets, &asset.key).is_some() {
                return Err(GraphError::DuplicateName(asset.key.clone()));
            }
            let hash_code = asset.key.hash_code();
            survey.by_key.insert_unique(hash_code, index, hash);
            check_definition(asset)?;
            survey.kinds.push(Kind {
                count: asset.partitions.count(),
                deps: index_of("edges", asset.deps.len())?,
                partitioned: asset.partitions.is_partitioned(),
                external: asset.is_external(),
            });
            survey.edge_count += asset.deps.len();
            if asset.partitions.changes() {
                survey.dynamic.push(index);
            }
            survey.makers |= matches!(asset.making, Making::Together(_));
            survey.ranges |= matches!(asset.making, Making::Range(_));
        }
        Ok(survey)
    }
}

/// Checks what can be told of a definition without the others.
fn check_definition(asset: &Asset) -> Result<(), GraphError> {
    if let (Making::External(_), Some(dep)) = (&asset.making, asset.deps.first()) {
        return Err(GraphError::ExternalDependency {
            asset: asset.key.clone(),
            dep: dep.key.clone(),
        });
    }
    for (at, check) in asset.checks.iter().enumerate() {
        let same = |other: &Check| other.name == check.name;
        if asset.checks[..at].iter().any(same) {
            return Err(GraphError::DuplicateCheck {
                asset: asset.key.clone(),
                check: check.name.to_string(),
            });
        }
    }
    Ok(())
}

/// Checks of what reads earlier partitions of its own that its step makes one at a time.
fn one_at_a_time(asset: &Asset) -> Result<(), GraphError> {
    match asset.making {
        Making::Range(_) => Err(GraphError::RangeOfOwnPast {
            asset: asset.key.clone(),
        }),
        _ => Ok(()),
    }
}

/// By asset whose step makes several, all of them in the order of the step's results.
fn outputs(
    assets: &[Asset],
    count: u32,
    by_key: &Index,
) -> Result<FxHashMap<u32, Box<[u32]>>, GraphError> {
    let mut outputs = FxHashMap::default();
    for (index, asset) in (0..count).zip(assets) {
        let Making::Together(together) = &asset.making else {
            continue;
        };
        let find = |key: &AssetKey| {
            find(by_key, assets, key)
                .filter(|other| {
                    let same = &assets[*other as usize].making;
                    matches!(same, Making::Together(other) if std::sync::Arc::ptr_eq(other, together))
                })
                .ok_or_else(|| GraphError::MissingOutput {
                    asset: asset.key.clone(),
                    missing: key.clone(),
                })
        };
        let all = together
            .keys
            .iter()
            .map(find)
            .collect::<Result<Box<[u32]>, _>>()?;
        for &other in &all {
            let other = &assets[other as usize];
            let unlike = if other.deps != asset.deps {
                "dependencies"
            } else if other.partitions != asset.partitions {
                "partitions"
            } else {
                continue;
            };
            return Err(GraphError::UnlikeOutputs {
                asset: asset.key.clone(),
                other: other.key.clone(),
                what: unlike,
            });
        }
        outputs.insert(index, all);
    }
    Ok(outputs)
}

/// The assets, dependencies first: a piece that reads earlier ones of its own asset comes after them by
/// its position.
fn in_order(count: u32, edges: &[Edge]) -> Result<Vec<u32>, order::Circle> {
    let of_others = edges.iter().filter(|edge| !edge.is_own_past());
    order::topological_order(
        count,
        of_others.map(|edge| (edge.upstream, edge.downstream)),
    )
}

/// The edges by upstream asset.
fn readers(count: u32, edges: &[Edge]) -> Readers {
    let mut next = vec![0_u32; count as usize + 1];
    for edge in edges {
        next[edge.upstream as usize + 1] += 1;
    }
    for index in 1..next.len() {
        next[index] += next[index - 1];
    }
    // A stable counting sort: edges come by downstream asset, so they end up by both.
    let mut sorted = vec![(0, 0, 0); edges.len()];
    for (number, edge) in (0..).zip(edges) {
        let at = &mut next[edge.upstream as usize];
        sorted[*at as usize] = (edge.upstream, edge.downstream, number);
        *at += 1;
    }
    // Sorted as they are, and each pair once, they cannot be refused.
    let mut readers = Readers::from_sorted_edges(&sorted).unwrap_or_default();
    while readers.node_count() < count as usize {
        readers.add_node(());
    }
    readers
}

fn index_of(what: &'static str, found: usize) -> Result<u32, GraphError> {
    u32::try_from(found)
        .ok()
        .filter(|index| *index < u32::MAX)
        .ok_or(GraphError::TooLarge {
            what,
            found,
            max: u32::MAX - 1,
        })
}
