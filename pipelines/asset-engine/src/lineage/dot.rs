//! Lineage as DOT, for Graphviz.

use std::fmt::Write;

use super::Lineage;

impl Lineage {
    /// The lineage in Graphviz's language, drawn from left to right.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut dot = "digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
        for (at, node) in self.nodes.iter().enumerate() {
            let mut label = escaped(&node.title());
            if let Some(version) = node.version() {
                // Between the lines stands DOT's own line break.
                label = format!("{label}\\n{}", escaped(&version));
            }
            let style = match (node.focus, node.external) {
                (true, _) => ", style=bold",
                (false, true) => ", style=dashed",
                (false, false) => "",
            };
            // Writing to a string cannot fail.
            let _ = writeln!(dot, "  n{at} [label=\"{label}\"{style}];");
        }
        for edge in &self.edges {
            let label = self.label(edge).map_or(String::new(), |label| {
                format!(" [label=\"{}\", style=dashed]", escaped(&label))
            });
            let _ = writeln!(dot, "  n{} -> n{}{label};", edge.from, edge.to);
        }
        dot.push_str("}\n");
        dot
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
