//! Lines with interval bars, a line an engine and setting; both axes logarithmic.

use std::collections::BTreeMap;

use super::axis::{Axis, Scale};
use super::caption::{Notes, Point, Unit, caption};
use super::drawing::{Anchor, Drawing, LINE_PX, Shape, WIDTH, text_width};
use super::key::key;
use super::palette::{Palette, Style};
use super::{Name, figure};
use crate::document::{Block, number};
use crate::record::Measurement;

/// Height of the plot itself, px.
const PLOT: i32 = 280;
/// Right margin, px.
const RIGHT: i32 = 28;
/// How many times the largest estimate, or what part of the smallest, an interval may reach
/// before it is cut: a line's shape would drown in a wider axis.
const REACH: f64 = 10.0;
/// Sideways shift from one line to the next, px, so that bars at one abscissa stay apart, and
/// from the first to the last, so that the abscissa stays true.
const SHIFT: (i32, i32) = (4, 24);

/// A line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    label: String,
    style: Style,
    /// By abscissa.
    points: Vec<(f64, Point)>,
}

impl Line {
    /// A line an engine and setting, from the measurements to keep; `x` is the factor that
    /// gives the abscissa. What is not above zero has no place on a logarithmic axis and is
    /// left out.
    pub fn gather(
        measurements: &[Measurement],
        palette: &Palette,
        x: &str,
        keep: impl Fn(&Measurement) -> bool,
    ) -> Vec<Self> {
        let mut lines: BTreeMap<(&str, &str), Vec<(f64, Point)>> = BTreeMap::new();
        for each in measurements.iter().filter(|each| keep(each)) {
            let abscissa = each.factors.get(x).and_then(|text| text.parse().ok());
            let Some(at) = abscissa.filter(|at: &f64| *at > 0.0) else {
                continue;
            };
            if each.estimate.value > 0.0 {
                let key = (each.engine.as_str(), each.settings.as_str());
                lines.entry(key).or_default().push((at, Point::of(each)));
            }
        }
        lines
            .into_iter()
            .map(|((engine, settings), mut points)| {
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                Self {
                    label: format!("{engine} ({settings})"),
                    style: palette.style(engine, settings),
                    points,
                }
            })
            .collect()
    }
}

/// Draws lines; nothing when there is no point. The axes' words are x's and y's.
///
/// # Errors
/// When the SVG cannot be written.
pub fn lines(name: Name<'_>, axes: [&str; 2], lines: &[Line]) -> anyhow::Result<Option<Block>> {
    let Some((drawing, cut)) = layout(axes, lines) else {
        return Ok(None);
    };
    let notes = Notes {
        cut,
        ..Notes::default()
    };
    let points = lines.iter().flat_map(|line| &line.points);
    let points = points.map(|(_, point)| point);
    let caption = caption(name, points, Unit::Trials, notes);
    figure(name, caption, &drawing).map(Some)
}

/// The drawing, and whether bars were cut.
fn layout(names: [&str; 2], lines: &[Line]) -> Option<(Drawing, bool)> {
    let (x, y) = ranges(lines)?;
    let mut drawing = Drawing::new(0);
    let entries: Vec<_> = lines
        .iter()
        .map(|line| (line.style, line.label.as_str()))
        .collect();
    let below_key = key(&mut drawing, &entries);
    drawing.words((8, below_key + LINE_PX / 2), Anchor::Left, names[1]);
    let top = below_key + LINE_PX + 12;
    let bottom = top + PLOT;
    let upright = Axis {
        scale: Scale::Log,
        low: y.0,
        high: y.1,
        start: bottom,
        end: top,
    };
    // The labels stay clear of the axis' name above and of the abscissa's labels below.
    let ticks = upright.ticks(|_| f64::from(LINE_PX), (top - 10, bottom + 10));
    let widest = ticks.iter().map(|tick| text_width(&tick.text));
    let left = 16 + widest.fold(0.0, f64::max).ceil() as i32;
    let right = WIDTH - RIGHT;
    for tick in ticks {
        let grid = Shape::Grid((left, tick.at), (right, tick.at));
        drawing.shapes.push(grid);
        drawing.words((left - 8, tick.at), Anchor::Right, tick.text);
    }
    // The bars' shifts stay within the plot.
    let inset = SHIFT.1 / 2;
    let lying = Axis {
        scale: Scale::Log,
        low: x.0,
        high: x.1,
        start: left + inset,
        end: right - inset,
    };
    for tick in lying.ticks(text_width, (left, WIDTH)) {
        let grid = Shape::Grid((tick.at, top), (tick.at, bottom));
        drawing.shapes.push(grid);
        drawing.words((tick.at, bottom + LINE_PX), Anchor::Middle, tick.text);
    }
    drawing.words(
        (i32::midpoint(left, right), bottom + 2 * LINE_PX + 4),
        Anchor::Middle,
        names[0],
    );
    drawing.shapes.extend([
        Shape::Axis((left, top), (left, bottom)),
        Shape::Axis((left, bottom), (right, bottom)),
    ]);
    let others = lines.len() as i32 - 1;
    let whole = SHIFT.1.min(others * SHIFT.0);
    let mut cut = false;
    for (index, line) in lines.iter().enumerate() {
        let shift = index as i32 * whole / others.max(1) - whole / 2;
        cut |= draw(&mut drawing, line, &lying, &upright, shift);
    }
    drawing.height = bottom + 3 * LINE_PX + 4;
    Some((drawing, cut))
}

/// What the axes span: all abscissas, and all intervals as far as they reach.
fn ranges(lines: &[Line]) -> Option<((f64, f64), (f64, f64))> {
    let points = || lines.iter().flat_map(|line| &line.points);
    points().next()?;
    let least = |of: &dyn Fn(&(f64, Point)) -> f64| points().map(of).fold(f64::MAX, f64::min);
    let most = |of: &dyn Fn(&(f64, Point)) -> f64| points().map(of).fold(0.0, f64::max);
    let x = (least(&|(at, _)| *at) / 1.2, most(&|(at, _)| *at) * 1.2);
    let values = (
        least(&|(_, point)| point.value) / REACH,
        most(&|(_, point)| point.value) * REACH,
    );
    let low = least(&|(_, point)| point.ends().0).max(values.0);
    let high = most(&|(_, point)| point.ends().1).min(values.1);
    Some((x, (low / 1.3, high * 1.3)))
}

/// One line; whether one of its bars was cut.
fn draw(drawing: &mut Drawing, line: &Line, lying: &Axis, upright: &Axis, shift: i32) -> bool {
    let places: Vec<_> = line
        .points
        .iter()
        .map(|(at, point)| ((lying.at(*at) + shift, upright.at(point.value)), point))
        .collect();
    let colour = line.style.colour;
    let curve = places.iter().map(|(at, _)| *at).collect();
    drawing.shapes.push(Shape::Curve(curve, colour));
    let mut cut = false;
    for ((x, y), point) in places {
        if let Some((low, high)) = point.interval {
            let (from, to) = (upright.at(low), upright.at(high));
            drawing
                .shapes
                .push(Shape::Interval((x, from), (x, to), colour));
            for (end, edge, beyond) in [
                (low, from, low < upright.low),
                (high, to, high > upright.high),
            ] {
                if beyond {
                    cut = true;
                    let inwards = if edge == to { 1 } else { -1 };
                    let at = edge + 12 * inwards;
                    drawing.shapes.push(Shape::Break((x, at), colour));
                    drawing.words_where_free(&beside(x, at, inwards), &number(end));
                }
            }
        }
        drawing.shapes.push(Shape::Dot((x, y), line.style));
    }
    cut
}

/// Places beside a break: right and left of it, then further into the plot.
fn beside(x: i32, y: i32, inwards: i32) -> Vec<((i32, i32), Anchor)> {
    (0..8)
        .flat_map(|line| {
            let y = y + line * LINE_PX * inwards;
            [((x + 10, y), Anchor::Left), ((x - 10, y), Anchor::Right)]
        })
        .collect()
}

#[cfg(test)]
mod tests;
