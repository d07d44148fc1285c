//! Order and circles.

use std::collections::{HashMap, VecDeque};

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
            let waits = &mut waits[down as usize];
            *waits -= 1;
            if *waits == 0 {
                order.push(down);
            }
        }
    }
    order
}

/// A circle, by asset; `order` is what [`topological_order`] found and `upstream` lists the edges
/// (from, to) of the graph.
pub(super) fn cycle(
    readers: &Readers,
    order: &[u32],
    edges: impl Iterator<Item = (u32, u32)>,
) -> Vec<u32> {
    let mut left: Vec<bool> = vec![true; readers.node_count()];
    for index in order {
        left[*index as usize] = false;
    }
    // Whatever is left waits for something that is left, so a walk up from it comes to a circle.
    let mut waits_for: HashMap<u32, u32> = HashMap::new();
    for (up, down) in edges {
        if left[up as usize] && left[down as usize] {
            waits_for.insert(down, up);
        }
    }
    let Some(mut at) = waits_for.keys().min().copied() else {
        return Vec::new();
    };
    let mut passed = vec![false; readers.node_count()];
    while !std::mem::replace(&mut passed[at as usize], true) {
        at = waits_for[&at];
    }
    cycle_through(readers, at)
}

/// A circle through `start`, which lies on one: a breadth-first search back to it, so the circle
/// shown is a shortest one.
fn cycle_through(readers: &Readers, start: u32) -> Vec<u32> {
    let mut came_from: HashMap<u32, u32> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in readers.neighbors_slice(node) {
            if next == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    match came_from.get(&at) {
                        Some(previous) => at = *previous,
                        None => break,
                    }
                    path.push(at);
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
    vec![start]
}
