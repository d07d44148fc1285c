//! Lineage: what something was made of and what is made of it, graph under graph.

use super::drawing::{Anchor, Drawing, LINE_PX, Shape, WIDTH, text_width};
use super::key::key_of_parts;
use super::palette::part;
use super::{Name, figure};
use crate::document::{Block, Text};

/// Where the nodes stand, px from the left: what is up- and downstream beside the line that joins it to
/// what it is about.
const ABOUT: i32 = 20;
const BESIDE: i32 = 48;
/// From a node to its words, px.
const GAP: i32 = 14;

/// A node: its name, and which of the kinds it is.
pub type Node = (String, usize);

/// One graph; without nodes up- and downstream one of which nothing is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Lineage {
    /// Who says so.
    pub label: String,
    /// What it was made of.
    pub upstream: Vec<Node>,
    /// What it is about.
    pub about: Node,
    /// What is made of it, directly or not.
    pub downstream: Vec<Node>,
}

/// Draws graphs; nothing when there are none.
///
/// # Errors
/// When the SVG cannot be written.
pub fn lineage(
    name: Name<'_>,
    kinds: &[&str],
    graphs: &[Lineage],
    caption: Text,
) -> anyhow::Result<Option<Block>> {
    if graphs.is_empty() {
        return Ok(None);
    }
    figure(name, caption, &layout(kinds, graphs)).map(Some)
}

fn layout(kinds: &[&str], graphs: &[Lineage]) -> Drawing {
    let mut drawing = Drawing::new(0);
    let mut y = key_of_parts(&mut drawing, kinds);
    for graph in graphs {
        y = drawing.label(y, &graph.label);
        y = nodes(&mut drawing, y, graph) + LINE_PX / 2;
    }
    drawing.height = y;
    drawing
}

/// A graph's nodes from `y` on, a line each, in the direction of the data; gives the first pixel below.
fn nodes(drawing: &mut Drawing, y: i32, graph: &Lineage) -> i32 {
    if graph.upstream.is_empty() && graph.downstream.is_empty() {
        drawing.words((ABOUT, y + LINE_PX / 2), Anchor::Left, "no answer");
        return y + LINE_PX;
    }
    let upstream = graph.upstream.iter().map(|node| (BESIDE, node));
    let downstream = graph.downstream.iter().map(|node| (BESIDE, node));
    let all = upstream.chain([(ABOUT, &graph.about)]).chain(downstream);
    let rows: Vec<_> = all
        .zip((y + LINE_PX / 2..).step_by(LINE_PX as usize))
        .collect();
    let line = |from, to| Shape::Axis(from, to);
    let ends = [rows.first(), rows.last()].map(|row| row.map_or(y, |(_, middle)| *middle));
    drawing
        .shapes
        .push(line((ABOUT, ends[0]), (ABOUT, ends[1])));
    for ((x, _), middle) in &rows {
        drawing.shapes.push(line((ABOUT, *middle), (*x, *middle)));
    }
    for ((x, (name, kind)), middle) in &rows {
        drawing.shapes.push(Shape::Dot((*x, *middle), part(*kind)));
        let room = f64::from(WIDTH - x - GAP);
        drawing.words((x + GAP, *middle), Anchor::Left, shortened(name, room));
    }
    ends[1] + LINE_PX / 2
}

/// A name that is too long loses its end.
fn shortened(name: &str, width: f64) -> String {
    if text_width(name) <= width {
        return name.to_owned();
    }
    let mut kept = name.to_owned();
    while kept.pop().is_some() && text_width(&kept) + text_width("…") > width {}
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::chart::drawing::assert_legible;

    fn node(name: &str) -> Node {
        (name.to_owned(), 0)
    }

    #[test]
    fn each_node_has_a_line_and_nobodys_words_meet() {
        let long = "a name that is far longer than what a chart of this width can ever hold of it";
        let graphs = [
            Lineage {
                label: "An engine of a long name (default), by its own records and nothing else"
                    .into(),
                upstream: vec![node("extract_flights/2013-01-03"), node(long)],
                about: ("transform/2013-01-03".to_owned(), 1),
                downstream: vec![("load/2013-01-03".to_owned(), 1)],
            },
            Lineage {
                label: "Another (tuned)".into(),
                upstream: Vec::new(),
                about: node("transform/2013-01-03"),
                downstream: Vec::new(),
            },
        ];
        let drawing = layout(&["as it is", "to be made again"], &graphs);
        assert_legible(&drawing);
        let words = |wanted: &str| {
            let words = drawing.shapes.iter().filter(
                |shape| matches!(shape, Shape::Words(_, _, words) if words.starts_with(wanted)),
            );
            words.count()
        };
        assert_eq!(words("transform/2013-01-03"), 1);
        assert_eq!(words("no answer"), 1);
        assert_eq!(words("a name that is far longer"), 1);
        let dots = drawing
            .shapes
            .iter()
            .filter(|shape| matches!(shape, Shape::Dot(..)));
        // Two of them in the key.
        assert_eq!(dots.count(), 2 + 4);
    }

    #[test]
    fn nothing_is_no_chart() -> anyhow::Result<()> {
        let name = Name {
            file: "f",
            title: "t",
        };
        assert_eq!(lineage(name, &[], &[], Text::default())?, None);
        Ok(())
    }
}
