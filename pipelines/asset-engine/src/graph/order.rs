//! Order and circles, by petgraph's algorithms.

use petgraph::algo::{astar, kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

/// Assets, and edges that lead from what is read to what reads.
type Graph = DiGraph<(), (), u32>;

/// Dependencies first, else in the order of definition as far as that can be, so that a run takes up
/// its steps in the order in which a reader of the definitions expects them; or what stands in the
/// way. `edges` leads from what is read to what reads, by asset index.
pub(super) fn topological_order(
    count: u32,
    edges: impl Iterator<Item = (u32, u32)> + Clone,
) -> Result<Vec<u32>, Circle> {
    // A depth-first order puts last what was finished first, so the assets are taken from the last.
    let turned = |index: u32| count - 1 - index;
    let (_, most) = edges.size_hint();
    let mut graph = Graph::with_capacity(count as usize, most.unwrap_or(0));
    for _ in 0..count {
        graph.add_node(());
    }
    for (upstream, downstream) in edges.clone() {
        graph.add_edge(turned(upstream).into(), turned(downstream).into(), ());
    }
    match toposort(&graph, None) {
        Ok(order) => Ok(order.into_iter().map(|at| turned(index(at))).collect()),
        Err(_) => Err(circle(edges)),
    }
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
fn circle(edges: impl Iterator<Item = (u32, u32)>) -> Circle {
    let graph = Graph::from_edges(edges);
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
    let others = assets.into_iter().filter(|asset| !path.contains(asset));
    let mut others: Vec<u32> = others.map(index).collect();
    others.sort_unstable();
    Circle {
        path: path.into_iter().map(index).collect(),
        others,
    }
}

fn index(node: NodeIndex) -> u32 {
    // A node's index is one of an asset.
    u32::try_from(node.index()).unwrap_or(u32::MAX)
}
