//! Charts, drawn by plotters' SVG backend: lines, and rows of dots; every point with its interval.
//!
//! A chart is laid out in pixels as a `Drawing`, so that tests can see what
//! overlaps what; the key stands above the plot, never in it. An engine has the
//! same colour in every chart, by [`Palette`]. Text and axes are drawn in [`Figure::INK`], the grid
//! in [`Figure::GRID`], which the HTML replaces by its own.

mod axis;
mod caption;
mod drawing;
mod key;
mod lineage;
mod lines;
mod palette;
mod rows;
mod timelines;

pub use caption::{Point, Unit};
pub use lineage::{Lineage, Node, lineage};
pub use lines::{Line, lines};
pub use palette::{Palette, is_legible};
pub use rows::{Dot, Parts, dots, parts};
pub use timelines::{Lane, timelines};

use super::{Block, Figure, Text};
use drawing::Drawing;

/// What a chart is called.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// File name below `charts/`, without ending.
    pub file: &'a str,
    /// What it shows, as a title.
    pub title: &'a str,
}

fn figure(name: Name<'_>, caption: Text, drawing: &Drawing) -> anyhow::Result<Block> {
    Ok(Block::Figure(Figure {
        name: name.file.to_owned(),
        title: name.title.to_owned(),
        caption,
        svg: drawing.svg()?,
    }))
}
