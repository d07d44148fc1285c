//! Order and circles.

use std::collections::{HashMap, VecDeque};

use petgraph::graph::{DiGraph, NodeIndex};

/// Dependencies first, else in the order of definition (Kahn's algorithm), so that a run takes up
/// its steps in the order in which a reader of the definitions expects them. Assets on or below a
/// circle are missing from it.
pub(super) fn topological_order(graph: &DiGraph<(), (), u32>) -> Vec<u32> {
    let mut waits: Vec<u32> = vec![0; graph.node_count()];
    for edge in graph.raw_edges() {
        waits[edge.target().index()] += 1;
    }
    let mut order: Vec<u32> = (0..)
        .zip(&waits)
        .filter(|(_, waits)| **waits == 0)
        .map(|(index, _)| index)
        .collect();
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        let first = order.len();
        for down in graph.neighbors(NodeIndex::new(index as usize)) {
            waits[down.index()] -= 1;
            if waits[down.index()] == 0 {
                order.push(position(down));
            }
        }
        // petgraph lists neighbours newest first.
        order[first..].reverse();
    }
    order
}

/// The assets on some circle, in order.
pub(super) fn cycle(graph: &DiGraph<(), (), u32>) -> Vec<usize> {
    match petgraph::algo::toposort(graph, None) {
        Ok(_) => Vec::new(),
        Err(found) => cycle_through(graph, found.node_id()),
    }
}

/// A circle through `start`, which lies on one: a breadth-first search back to it, so the circle
/// shown is a shortest one.
fn cycle_through(graph: &DiGraph<(), (), u32>, start: NodeIndex<u32>) -> Vec<usize> {
    let mut came_from: HashMap<NodeIndex<u32>, NodeIndex<u32>> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.neighbors(node) {
            if next == start {
                let mut path = vec![node.index()];
                let mut at = node;
                while at != start {
                    match came_from.get(&at) {
                        Some(previous) => at = *previous,
                        None => break,
                    }
                    path.push(at.index());
                }
                path.reverse();
                return path;
            }
            came_from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                node
            });
        }
    }
    vec![start.index()]
}

fn position(node: NodeIndex<u32>) -> u32 {
    // Node indices are u32 by the type of the graph.
    u32::try_from(node.index()).unwrap_or(u32::MAX)
}
