//! Order and circles.
//!
//! Circles are found by petgraph's algorithms. The order is not: its `toposort` needs a graph that
//! knows both directions, and does not keep the order of definition among what does not depend on
//! each other. The bench `scale` holds what it would cost against the whole of build and plan.

use petgraph::algo::{astar, kosaraju_scc};
use petgraph::graph::{DiGraph, NodeIndex};

use super::Readers;

/// Dependencies first, else in the order of definition (Kahn's algorithm), so that a run takes up
/// its steps in the order in which a reader of the definitions expects them. Assets on or below a
/// circle are missing from it. `waits` = by asset, the edges that lead to it.
pub(super) fn topological_order(readers: &Readers, mut waits: Vec<u32>) -> Vec<u32> {
    let mut order: Vec<u32> = Vec::with_capacity(waits.len());
    order.extend(
        (0..)
            .zip(&waits)
            .filter(|(_, waits)| **waits == 0)
            .map(|(index, _)| index),
    );
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        for &down in readers.neighbors_slice(index) {
            if down == index {
                continue;
            }
            let waits = &mut waits[down as usize];
            *waits -= 1;
            if *waits == 0 {
                order.push(down);
            }
        }
    }
    order
}

/// Assets that depend on each other in circles: a strongly connected component.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Circle {
    /// A shortest circle through the first of them.
    pub path: Vec<u32>,
    /// The others, ascending.
    pub others: Vec<u32>,
}

/// The circle of the first asset that lies on one; `edges` leads from what is read to what reads.
pub(super) fn circle(edges: impl Iterator<Item = (u32, u32)>) -> Circle {
    let graph: DiGraph<(), (), u32> = DiGraph::from_edges(edges);
    let on_circle = |assets: &Vec<NodeIndex>| {
        assets.len() > 1
            || assets
                .iter()
                .any(|asset| graph.contains_edge(*asset, *asset))
    };
    // Without recursion, unlike Tarjan's.
    let components = kosaraju_scc(&graph).into_iter().filter(on_circle);
    let first = components.filter_map(|assets| Some((assets.iter().min().copied()?, assets)));
    let Some((start, assets)) = first.min_by_key(|(start, _)| *start) else {
        return Circle::default();
    };
    let closes = |asset| graph.contains_edge(asset, start);
    let way = astar(&graph, start, closes, |_| 1_u32, |_| 0);
    let path = way.map_or_else(|| vec![start], |(_, path)| path);
    let index = |asset: NodeIndex| u32::try_from(asset.index()).unwrap_or(u32::MAX);
    let others = assets.into_iter().filter(|asset| !path.contains(asset));
    let mut others: Vec<u32> = others.map(index).collect();
    others.sort_unstable();
    Circle {
        path: path.into_iter().map(index).collect(),
        others,
    }
}
