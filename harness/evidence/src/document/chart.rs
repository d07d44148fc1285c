//! Charts, drawn by plotters' SVG backend: lines, dots with intervals, stacked bars.
//!
//! An engine under a setting has the same colour in every chart. Text and axes are drawn in
//! [`Figure::INK`], the grid in [`Figure::GRID`], which the HTML replaces by its own.

mod dots;
mod lines;
mod stacks;

pub use dots::{Dot, dots};
pub use lines::{Line, Scale, lines};
pub use stacks::{Stack, stacks};

use plotters::style::RGBColor;

use super::{Block, Figure};

/// Width of every chart; a phone shows it at about three quarters.
const WIDTH: u32 = 560;
const INK: RGBColor = RGBColor(0x10, 0x14, 0x18);
const GRID: RGBColor = RGBColor(0xD7, 0xDC, 0xE1);
const FONT: &str = "sans-serif";
const TEXT_PX: i32 = 14;

/// The colour of an engine under a setting: grey, green, and one of blue to red for
/// Temporal's settings; each legible on light and on dark.
fn colour(engine: &str, settings: &str) -> RGBColor {
    match (engine, settings) {
        ("direct", _) => RGBColor(0x7C, 0x87, 0x91),
        ("asset-engine", _) => RGBColor(0x12, 0x92, 0x6A),
        ("temporal", "default") => RGBColor(0x2F, 0x6F, 0xDE),
        ("temporal", "tuned") => RGBColor(0xD9, 0x6A, 0x0B),
        ("temporal", _) => RGBColor(0x9B, 0x51, 0xC9),
        _ => RGBColor(0xC2, 0x3B, 0x54),
    }
}

/// A drawing's error, whatever the backend calls it.
fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("a chart could not be drawn: {error}")
}

fn figure(name: &str, title: &str, svg: String) -> Block {
    Block::Figure(Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        svg,
    })
}
