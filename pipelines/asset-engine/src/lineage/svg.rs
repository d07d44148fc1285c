//! Lineage as SVG: layers from left to right, an asset in the layer after the last that it reads.
//!
//! The layout is a plain function of the lineage: no measuring of text, no iteration to a limit, so
//! that the same lineage is always the same bytes.

use std::fmt::Write;

use super::{Lineage, LineageNode};

/// All in pixels. A character of the font below is at most this wide.
const CHARACTER_WIDTH: usize = 8;
const BOX_HEIGHT: usize = 44;
const ROW_HEIGHT: usize = 64;
const LAYER_GAP: usize = 72;
const MARGIN: usize = 16;

/// Where a node is drawn.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    x: usize,
    y: usize,
    width: usize,
}

impl Lineage {
    /// The lineage as a picture of its own.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let places = self.places();
        let right = places
            .iter()
            .map(|place| place.x + place.width)
            .max()
            .unwrap_or(0);
        let bottom = places
            .iter()
            .map(|place| place.y + BOX_HEIGHT)
            .max()
            .unwrap_or(0);
        let (width, height) = (right + MARGIN, bottom + MARGIN);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"12\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        );
        for edge in &self.edges {
            self.draw_edge(&mut svg, edge, places[edge.from], places[edge.to]);
        }
        for (node, place) in self.nodes.iter().zip(&places) {
            draw_node(&mut svg, node, *place);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_edge(&self, svg: &mut String, edge: &super::LineageEdge, from: Place, to: Place) {
        let (x1, y1) = (from.x + from.width, from.y + BOX_HEIGHT / 2);
        let (x2, y2) = (to.x, to.y + BOX_HEIGHT / 2);
        let middle = usize::midpoint(x1, x2);
        let label = self.label(edge);
        let dashes = if label.is_some() {
            " stroke-dasharray=\"4 3\""
        } else {
            ""
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<path d=\"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}\" fill=\"none\" stroke=\"#6b7280\"{dashes}/>"
        );
        if let Some(label) = label {
            let y = usize::midpoint(y1, y2);
            let label = escaped(&label);
            let _ = writeln!(
                svg,
                "<text x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\" fill=\"#b45309\">{label}</text>"
            );
        }
    }

    /// Where each node is drawn.
    fn places(&self) -> Vec<Place> {
        let layers = self.layers();
        let mut places = vec![Place::default(); self.nodes.len()];
        let mut x = MARGIN;
        for layer in layers {
            let width = layer
                .iter()
                .map(|at| box_width(&self.nodes[*at]))
                .max()
                .unwrap_or(0);
            for (row, at) in layer.into_iter().enumerate() {
                let y = MARGIN + row * ROW_HEIGHT;
                places[at] = Place { x, y, width };
            }
            x += width + LAYER_GAP;
        }
        places
    }

    /// The nodes by layer; in a layer, those whose inputs stand higher stand higher.
    fn layers(&self) -> Vec<Vec<usize>> {
        let mut layer_of = vec![0; self.nodes.len()];
        // Edges lie by reader, and nodes with what is read first, so one pass is enough.
        for edge in &self.edges {
            layer_of[edge.to] = layer_of[edge.to].max(layer_of[edge.from] + 1);
        }
        let count = layer_of.iter().max().map_or(0, |last| last + 1);
        let mut layers = vec![Vec::new(); count];
        for (at, layer) in layer_of.iter().enumerate() {
            layers[*layer].push(at);
        }
        let mut reads = vec![Vec::new(); self.nodes.len()];
        for edge in &self.edges {
            reads[edge.to].push(edge.from);
        }
        let mut rows = vec![0; self.nodes.len()];
        for layer in &mut layers {
            // Twice the mean row of the inputs, in whole numbers.
            let height = |at: &usize| {
                let inputs: &[usize] = &reads[*at];
                let sum: usize = inputs.iter().map(|from| rows[*from]).sum();
                (2 * sum).checked_div(inputs.len()).unwrap_or(0)
            };
            layer.sort_by_key(|at| (height(at), *at));
            for (row, at) in layer.iter().enumerate() {
                rows[*at] = row;
            }
        }
        layers
    }
}

fn box_width(node: &LineageNode) -> usize {
    let title = node.title().chars().count();
    let version = node.version().map_or(0, |version| version.chars().count());
    (title.max(version) + 2) * CHARACTER_WIDTH
}

fn draw_node(svg: &mut String, node: &LineageNode, Place { x, y, width }: Place) {
    let fill = if node.external { "#fef3c7" } else { "#eff6ff" };
    let stroke_width = if node.focus { 3 } else { 1 };
    let dashes = if node.external {
        " stroke-dasharray=\"4 3\""
    } else {
        ""
    };
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"6\" fill=\"{fill}\" stroke=\"#1f2937\" stroke-width=\"{stroke_width}\"{dashes}/>"
    );
    let left = x + CHARACTER_WIDTH;
    let version = node.version();
    let title_y = y + if version.is_some() { 18 } else { 26 };
    let title = escaped(&node.title());
    let _ = writeln!(
        svg,
        "<text x=\"{left}\" y=\"{title_y}\" fill=\"#111827\">{title}</text>"
    );
    if let Some(version) = version {
        let (version, version_y) = (escaped(&version), y + 36);
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"{version_y}\" fill=\"#6b7280\">{version}</text>"
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
