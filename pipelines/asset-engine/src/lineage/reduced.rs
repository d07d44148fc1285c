//! A lineage without what follows from the rest of it.

use petgraph::algo::tred::{dag_to_toposorted_adjacency_list, dag_transitive_reduction_closure};
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Lineage, LineageEdge};

impl Lineage {
    /// The same, to be drawn, without the edges that follow from others (the transitive reduction):
    /// where a report reads raw and clean data, and the clean data read the raw, the edge from raw
    /// data to report is left out. One that is labelled, as what was read has been replaced since,
    /// stays.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        let mut graph = DiGraph::<(), (), usize>::default();
        for _ in &self.nodes {
            graph.add_node(());
        }
        for edge in &self.edges {
            graph.add_edge(NodeIndex::new(edge.from), NodeIndex::new(edge.to), ());
        }
        // What is read lies before what reads it.
        let order: Vec<NodeIndex<usize>> = graph.node_indices().collect();
        let (sorted, _) = dag_to_toposorted_adjacency_list::<_, usize>(&graph, &order);
        let (reduced, _) = dag_transitive_reduction_closure(&sorted);
        let edges = std::mem::take(&mut self.edges).into_iter();
        let stays = |edge: &LineageEdge| {
            reduced.contains_edge(edge.from, edge.to) || self.label(edge).is_some()
        };
        self.edges = edges.filter(stays).collect();
        self
    }
}
