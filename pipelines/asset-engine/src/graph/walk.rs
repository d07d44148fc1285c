//! Walks up and down the graph.

use super::AssetGraph;

/// Which way a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what is read.
    Up,
    /// To what reads.
    Down,
}

impl AssetGraph {
    /// What is at most `depth` layers away from any of `start`, with them; by asset.
    pub(crate) fn reach(&self, start: &[bool], direction: Direction, depth: u32) -> Vec<bool> {
        let mut reached = start.to_vec();
        let mut layer: Vec<u32> = marked(start).collect();
        let mut left = depth;
        while left > 0 && !layer.is_empty() {
            left -= 1;
            let mut next = Vec::new();
            for index in layer {
                self.visit(index, direction, |neighbour| {
                    if !std::mem::replace(&mut reached[neighbour as usize], true) {
                        next.push(neighbour);
                    }
                });
            }
            layer = next;
        }
        reached
    }

    /// Those of `among` that read, or are read by, none of the others.
    pub(crate) fn ends(&self, among: &[bool], direction: Direction) -> Vec<bool> {
        let mut ends = among.to_vec();
        for index in marked(among) {
            self.visit(index, direction, |neighbour| {
                if neighbour != index && among[neighbour as usize] {
                    ends[index as usize] = false;
                }
            });
        }
        ends
    }

    /// Calls for every direct neighbour.
    fn visit(&self, index: u32, direction: Direction, mut call: impl FnMut(u32)) {
        match direction {
            Direction::Up => self.deps(index).for_each(|(_, edge)| call(edge.upstream)),
            Direction::Down => self
                .dependents(index)
                .for_each(|(_, edge)| call(edge.downstream)),
        }
    }
}

/// The marked positions.
pub(crate) fn marked(marks: &[bool]) -> impl Iterator<Item = u32> {
    (0..)
        .zip(marks)
        .filter(|(_, mark)| **mark)
        .map(|(index, _)| index)
}
