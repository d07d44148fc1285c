//! Lineage as Mermaid, for Markdown.

use std::fmt::Write;

use super::Lineage;

impl Lineage {
    /// The lineage as a Mermaid flowchart, drawn from left to right.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut mermaid = "flowchart LR\n".to_owned();
        for (at, node) in self.nodes.iter().enumerate() {
            let mut label = escaped(&node.title());
            if let Some(version) = node.version() {
                label = format!("{label}<br/>{}", escaped(&version));
            }
            let (open, close) = if node.external {
                ("([", "])")
            } else {
                ("[", "]")
            };
            // Writing to a string cannot fail.
            let _ = writeln!(mermaid, "  n{at}{open}\"{label}\"{close}");
        }
        for edge in &self.edges {
            let arrow = self.label(edge).map_or("-->".to_owned(), |label| {
                format!("-. \"{}\" .->", escaped(&label))
            });
            let _ = writeln!(mermaid, "  n{} {arrow} n{}", edge.from, edge.to);
        }
        for (at, _) in self.nodes.iter().enumerate().filter(|(_, node)| node.focus) {
            let _ = writeln!(mermaid, "  style n{at} stroke-width:3px");
        }
        mermaid
    }
}

/// Mermaid reads entities in quoted labels, with `#` in the place of `&`.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
        .replace('\n', " ")
}
