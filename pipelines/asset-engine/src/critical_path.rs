//! The critical path of a run: which of its steps it waited for.

use std::collections::HashMap;

use petgraph::algo::bellman_ford;
use petgraph::graph::{DiGraph, NodeIndex};
use serde::Serialize;

use crate::event::{Event, EventRecord};
use crate::key::AssetKey;

/// The chain of steps of a run, each reading what the one before made, that took longest: however
/// many steps were executed at once, the run could not have been shorter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CriticalPath {
    /// The steps, what is read before what reads it.
    pub steps: Vec<CriticalStep>,
    /// How long they took together, in nanoseconds.
    pub took_ns: u64,
}

/// A step of a critical path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CriticalStep {
    /// The asset that it made.
    pub asset: AssetKey,
    /// Its partition; `None` when it has none.
    pub partition: Option<String>,
    /// From the start of its first attempt to its materialization, with its retries, in nanoseconds.
    pub took_ns: u64,
}

impl CriticalPath {
    /// That of a run, by its events ([`crate::Catalog::events`]); empty when it has made nothing.
    #[must_use]
    pub fn of(events: &[EventRecord]) -> Self {
        let run = Run::of(events);
        // Lengths are negative, so that the shortest way is the longest. Nodes come in the order in
        // which they were made, so that all is found in one pass, and there is no circle.
        let Ok(ways) = bellman_ford(&run.graph, run.begin) else {
            return Self::default();
        };
        let length = |node: &NodeIndex| ways.distances[node.index()];
        let nodes = run.graph.node_indices();
        let mut last = nodes.min_by(|a, b| length(a).total_cmp(&length(b)));
        let mut steps = Vec::new();
        while let Some(node) = last {
            steps.extend(run.graph[node].clone());
            last = ways.predecessors[node.index()];
        }
        steps.reverse();
        Self {
            took_ns: steps.iter().map(|step| step.took_ns).sum(),
            steps,
        }
    }
}

/// An asset and a partition.
type Piece<'a> = (&'a AssetKey, Option<&'a str>);

/// The steps of a run and what they read of each other. An edge is as long as the step that it leads
/// to took, below zero.
struct Run {
    graph: DiGraph<Option<CriticalStep>, f64>,
    /// Before every step.
    begin: NodeIndex,
}

impl Run {
    fn of(events: &[EventRecord]) -> Self {
        let mut graph = DiGraph::new();
        let begin = graph.add_node(None);
        let mut begun: HashMap<Piece<'_>, u64> = HashMap::new();
        let mut made: HashMap<Piece<'_>, NodeIndex> = HashMap::new();
        // Of what one step makes besides, nothing says when it began: that follows the first.
        let mut before_ns = 0;
        for record in events {
            match &record.event {
                Event::AttemptStarted(attempt) => {
                    let piece = (&attempt.asset, attempt.partition.as_deref());
                    begun.entry(piece).or_insert(record.t_ns);
                }
                Event::Materialized(one) => {
                    let piece = (&one.asset, one.partition.as_deref());
                    before_ns = begun.get(&piece).copied().unwrap_or(before_ns);
                    // Another boot has another clock.
                    let took_ns = record.t_ns.saturating_sub(before_ns);
                    let node = graph.add_node(Some(CriticalStep {
                        asset: one.asset.clone(),
                        partition: piece.1.map(str::to_owned),
                        took_ns,
                    }));
                    let length = -(took_ns as f64);
                    graph.add_edge(begin, node, length);
                    for input in &one.inputs {
                        let read = (&input.asset, input.partition.as_deref());
                        if let Some(read) = made.get(&read) {
                            graph.add_edge(*read, node, length);
                        }
                    }
                    made.insert(piece, node);
                }
                _ => {}
            }
        }
        Self { graph, begin }
    }
}

#[cfg(test)]
mod tests;
