//! Timelines: what happened one after the other, lane under lane, on one axis around one instant.

use super::axis::{Axis, Scale};
use super::drawing::{Anchor, Drawing, LINE_PX, Shape, WIDTH, text_width};
use super::key::key_of_parts;
use super::palette::part;
use super::{Name, figure};
use crate::document::{Block, Text, number};

/// Height of a row of bars, px.
const ROW: i32 = 14;
const LEFT: i32 = 28;
/// The right margin holds when each lane ended.
const RIGHT: i32 = 84;
/// The shortest bar, px.
const SHORTEST: i32 = 2;

/// One lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// What it is about.
    pub label: String,
    /// Its bars: from, to, and which of the kinds.
    pub bars: Vec<(f64, f64, usize)>,
    /// Where all was over; `None` where it never was.
    pub ended: Option<f64>,
}

/// Draws lanes around 0, which is called `instant`; nothing when there are none. What began earlier than the
/// longest lane is long after 0 is drawn at the edge.
///
/// # Errors
/// When the SVG cannot be written.
pub fn timelines(
    name: Name<'_>,
    (unit, instant): (&str, &str),
    kinds: &[&str],
    lanes: &[Lane],
    caption: Text,
) -> anyhow::Result<Option<Block>> {
    match layout(unit, instant, kinds, lanes) {
        Some(drawing) => figure(name, caption, &drawing).map(Some),
        None => Ok(None),
    }
}

fn layout(unit: &str, instant: &str, kinds: &[&str], lanes: &[Lane]) -> Option<Drawing> {
    let axis = axis(lanes)?;
    let ticks = axis.ticks(text_width, (0, WIDTH));
    let mut drawing = Drawing::new(0);
    let mut y = key_of_parts(&mut drawing, kinds);
    drawing.words((axis.at(0.0), y + LINE_PX / 2), Anchor::Middle, instant);
    y += LINE_PX + 2;
    for lane in lanes {
        y = drawing.label(y, &lane.label);
        y = bars(&mut drawing, &axis, y, lane);
    }
    drawing.end(&axis, ticks, y, unit);
    Some(drawing)
}

fn axis(lanes: &[Lane]) -> Option<Axis> {
    let bars = || lanes.iter().flat_map(|lane| &lane.bars);
    let ends = bars().map(|(_, to, _)| *to);
    let ends = ends.chain(lanes.iter().filter_map(|lane| lane.ended));
    let high = ends.max_by(f64::total_cmp)?.max(1e-3);
    let low = bars().map(|(from, ..)| *from).min_by(f64::total_cmp)?;
    let margin = high * 0.03;
    Some(Axis {
        scale: Scale::Linear,
        low: low.min(0.0).max(-high) - margin,
        high: high + margin,
        start: LEFT,
        end: WIDTH - RIGHT,
    })
}

/// A lane's bars from `y` on, what overlaps below each other; gives the first pixel below them.
fn bars(drawing: &mut Drawing, axis: &Axis, y: i32, lane: &Lane) -> i32 {
    // From when on each row is free.
    let mut rows: Vec<f64> = Vec::new();
    let mut drawn = Vec::new();
    for (from, to, kind) in &lane.bars {
        let free = rows.iter().position(|free| free <= from);
        let row = free.unwrap_or(rows.len());
        match rows.get_mut(row) {
            Some(free) => *free = *to,
            None => rows.push(*to),
        }
        let from = axis.at(*from);
        let to = axis.at(*to).max(from + SHORTEST);
        let top = y + row as i32 * ROW;
        let corners = ((from, top + 2), (to, top + ROW - 2));
        let bar = Shape::Bar(corners.0, corners.1, part(*kind).colour);
        drawn.push((*kind, bar));
    }
    // The kinds that are rare above the others, where all are narrow.
    drawn.sort_by_key(|(kind, _)| *kind);
    drawing.shapes.extend(drawn.into_iter().map(|(_, bar)| bar));
    let below = y + rows.len().max(1) as i32 * ROW;
    let middle = i32::midpoint(y, below);
    let at = axis.at(0.0);
    drawing
        .shapes
        .push(Shape::Axis((at, y - 1), (at, below + 1)));
    let ended = match lane.ended {
        Some(ended) => number(ended),
        None => "no end".to_owned(),
    };
    drawing.words((axis.end + 12, middle), Anchor::Left, ended);
    below + 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::chart::drawing::assert_legible;

    fn drawn(lanes: &[Lane]) -> Drawing {
        let kinds = ["ended well", "lost", "made again"];
        layout("seconds since the kill", "kill", &kinds, lanes).expect("there are bars")
    }

    fn lane(bars: &[(f64, f64, usize)], ended: Option<f64>) -> Lane {
        Lane {
            label: "An engine (tuned), in a place of a long name of its own, killed at a point"
                .into(),
            bars: bars.to_vec(),
            ended,
        }
    }

    fn bars(drawing: &Drawing) -> Vec<((i32, i32), (i32, i32))> {
        let shapes = drawing.shapes.iter();
        let bars = shapes.filter_map(|shape| match shape {
            Shape::Bar(from, to, _) => Some((*from, *to)),
            _ => None,
        });
        bars.collect()
    }

    #[test]
    fn what_overlaps_is_below_each_other_and_what_is_short_is_seen() {
        let drawing = drawn(&[lane(
            &[
                (-1.0, -0.5, 0),
                (-0.5, 0.0, 1),
                (2.0, 6.0, 2),
                (3.0, 4.0, 2),
                (7.0, 7.0001, 2),
            ],
            Some(7.5),
        )]);
        assert_legible(&drawing);
        let bars = bars(&drawing);
        assert_eq!(bars.len(), 5);
        assert!(bars[3].0.1 > bars[2].0.1, "{bars:?}");
        assert_eq!(bars[0].0.1, bars[2].0.1);
        assert!(bars[4].1.0 - bars[4].0.0 >= SHORTEST);
    }

    #[test]
    fn a_long_way_to_the_instant_does_not_press_what_comes_after_it_together() {
        let drawing = drawn(&[
            lane(&[(-100.0, -99.0, 0), (0.5, 1.0, 2)], None),
            lane(&[], None),
        ]);
        assert_legible(&drawing);
        let bars = bars(&drawing);
        assert!(bars[0].0.0 <= LEFT + 12, "{bars:?}");
        assert!(bars[1].1.0 - bars[1].0.0 > 40, "{bars:?}");
    }

    #[test]
    fn nothing_is_no_chart() {
        assert_eq!(layout("s", "kill", &[], &[]), None);
    }
}
