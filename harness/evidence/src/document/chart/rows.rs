//! Estimates as dots with their intervals along one axis: a row a condition, a line in it for each
//! part of what was measured.
//!
//! Where the largest estimate is more than twenty times the smallest, the axis is logarithmic: a
//! small one stays visible beside a large one, as it would not in a bar.

use super::axis::{Axis, Scale};
use super::caption::{Notes, Point, Unit, caption};
use super::drawing::{Anchor, Drawing, LINE_PX, Shape, WIDTH, text_width};
use super::key::key_of_parts;
use super::palette::{Palette, Style, part};
use super::{Name, figure};
use crate::document::{Block, number};
use crate::record::Measurement;

/// Height of a dot's line, px.
const BAND: i32 = 24;
const LEFT: i32 = 28;
/// The right margin holds the estimates' figures.
const RIGHT: i32 = 104;
/// Largest over smallest estimate from which on the axis is logarithmic.
const SPREAD: f64 = 20.0;
/// How many times the largest estimate an interval may reach on a linear axis before it is cut.
const REACH: f64 = 3.0;
/// The same on a logarithmic axis, there for the smallest as well.
const LOG_REACH: f64 = 10.0;

/// A row of one dot.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    row: Row,
}

/// A row of one dot a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// What it is about.
    pub label: String,
    /// Its parts, in order; `None` where one is not known.
    pub points: Vec<Option<Point>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    label: String,
    dots: Vec<(Style, Option<Point>)>,
}

impl Dot {
    /// A measurement's estimate; `what` is what sets it apart besides engine and settings.
    pub fn of(each: &Measurement, palette: &Palette, what: &str) -> Self {
        let style = palette.style(&each.engine, &each.settings);
        let row = Row {
            label: format!("{} ({}), {what}", each.engine, each.settings),
            dots: vec![(style, Some(Point::of(each)))],
        };
        Self { row }
    }
}

/// Draws measurements, a row each; nothing when there are none.
///
/// # Errors
/// When the SVG cannot be written.
pub fn dots(name: Name<'_>, unit: &str, dots: &[Dot]) -> anyhow::Result<Option<Block>> {
    let rows: Vec<Row> = dots.iter().map(|dot| dot.row.clone()).collect();
    chart(name, unit, &[], &rows, Unit::Trials)
}

/// Draws conditions, a row each with a line for each part; nothing when there are none.
///
/// # Errors
/// When the SVG cannot be written.
pub fn parts(
    name: Name<'_>,
    unit: &str,
    names: &[&str],
    conditions: &[Parts],
    counted: Unit,
) -> anyhow::Result<Option<Block>> {
    let rows: Vec<Row> = conditions
        .iter()
        .map(|each| Row {
            label: each.label.clone(),
            dots: each
                .points
                .iter()
                .enumerate()
                .map(|(place, point)| (part(place), point.clone()))
                .collect(),
        })
        .collect();
    chart(name, unit, names, &rows, counted)
}

fn chart(
    name: Name<'_>,
    unit: &str,
    parts: &[&str],
    rows: &[Row],
    counted: Unit,
) -> anyhow::Result<Option<Block>> {
    let Some((drawing, notes)) = layout(unit, parts, rows) else {
        return Ok(None);
    };
    let caption = caption(name, points(rows), counted, notes);
    figure(name, caption, &drawing).map(Some)
}

fn points(rows: &[Row]) -> impl Iterator<Item = &Point> {
    rows.iter()
        .flat_map(|row| &row.dots)
        .filter_map(|(_, point)| point.as_ref())
}

fn layout(unit: &str, parts: &[&str], rows: &[Row]) -> Option<(Drawing, Notes)> {
    let axis = axis(rows)?;
    let mut notes = Notes {
        figures: true,
        logarithmic: axis.scale == Scale::Log,
        ..Notes::default()
    };
    let ticks = axis.ticks(text_width, (0, WIDTH));
    let mut drawing = Drawing::new(0);
    let mut y = if parts.is_empty() {
        8
    } else {
        key_of_parts(&mut drawing, parts)
    };
    for row in rows {
        y = drawing.label(y, &row.label);
        let top = y;
        let (grid, mut dots) = (drawing.shapes.len(), Drawing::new(0));
        for (style, point) in &row.dots {
            y = line(&mut dots, &axis, (y, *style), point.as_ref(), &mut notes);
        }
        drawing.shapes.append(&mut dots.shapes);
        let lines = ticks
            .iter()
            .map(|tick| Shape::Grid((tick.at, top), (tick.at, y)));
        // Below the dots, and not across the labels.
        drawing.shapes.splice(grid..grid, lines);
        y += 8;
    }
    drawing.end(&axis, ticks, y, unit);
    Some((drawing, notes))
}

/// The axis of all rows: linear from zero, or logarithmic.
fn axis(rows: &[Row]) -> Option<Axis> {
    let largest = points(rows)
        .map(|point| point.value)
        .max_by(f64::total_cmp)?;
    let positive = points(rows).map(|point| point.value).filter(|v| *v > 0.0);
    let smallest = positive.min_by(f64::total_cmp);
    let low = points(rows).map(|point| point.ends().0);
    let high = points(rows).map(|point| point.ends().1);
    let low = low.min_by(f64::total_cmp)?;
    let high = high.max_by(f64::total_cmp)?;
    let span = |scale, low: f64, high: f64| Axis {
        scale,
        low,
        high,
        start: LEFT,
        end: WIDTH - RIGHT,
    };
    Some(match smallest {
        Some(smallest) if largest > SPREAD * smallest => span(
            Scale::Log,
            low.max(smallest / LOG_REACH) / 1.3,
            high.min(largest * LOG_REACH) * 1.3,
        ),
        _ => {
            let most = points(rows).map(|point| point.value.abs());
            let most = most.fold(0.0, f64::max).max(1e-9);
            let low = low.min(0.0).max(-most * REACH);
            let high = high.max(0.0).min(most * REACH);
            let margin = (high - low).max(1e-9) * 0.04;
            let below = if low < 0.0 { margin } else { 0.0 };
            span(Scale::Linear, low - below, high + margin)
        }
    })
}

/// One dot's line from `y` on; gives the first pixel below it.
fn line(
    drawing: &mut Drawing,
    axis: &Axis,
    (mut y, style): (i32, Style),
    point: Option<&Point>,
    notes: &mut Notes,
) -> i32 {
    let figures = axis.end + 12;
    let Some(point) = point else {
        drawing.words((figures, y + BAND / 2), Anchor::Left, "–");
        return y + BAND;
    };
    let (low, high) = point.ends();
    // Where a logarithmic axis has no place for the value itself, the low end is not cut but the
    // value is below the axis.
    let below = point.value < axis.low;
    let cuts = [
        (low, axis.start + 14, Anchor::Left, low < axis.low && !below),
        (high, axis.end - 14, Anchor::Right, high > axis.high),
    ];
    if cuts.iter().any(|(.., cut)| *cut) {
        y += LINE_PX - 4;
    }
    let middle = y + BAND / 2;
    if point.interval.is_some() {
        let ends = ((axis.at(low), middle), (axis.at(high), middle));
        let bar = Shape::Interval(ends.0, ends.1, style.colour);
        drawing.shapes.push(bar);
    }
    for (end, x, anchor, cut) in cuts {
        if cut {
            notes.cut = true;
            drawing.shapes.push(Shape::Break((x, middle), style.colour));
            let edge = if anchor == Anchor::Left {
                axis.start
            } else {
                axis.end
            };
            drawing.words((edge, middle - LINE_PX + 2), anchor, number(end));
        }
    }
    notes.below |= below;
    let dot = Shape::Dot((axis.at(point.value), middle), style);
    drawing.shapes.push(dot);
    drawing.words((figures, middle), Anchor::Left, number(point.value));
    y + BAND
}

#[cfg(test)]
mod tests;
