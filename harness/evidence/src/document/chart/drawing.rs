//! A chart as shapes in pixels, before plotters writes them as SVG.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Tick};
use super::palette::{Marker, Style};

/// Width of every chart, px. On a phone of 390 px, margins apart, it shows at three quarters.
pub(super) const WIDTH: i32 = 480;
/// Height of letters, px: 11 px on that phone.
pub(super) const TEXT_PX: f64 = 15.0;
/// From one line of text to the next, px.
pub(super) const LINE_PX: i32 = 19;
/// plotters divides the size that it is given by this before it writes it.
const PLOTTERS_SIZE: f64 = 1.24;
const INK: RGBColor = RGBColor(0x10, 0x14, 0x18);
const GRID: RGBColor = RGBColor(0xD7, 0xDC, 0xE1);

/// A point, px from left and from top.
pub(super) type At = (i32, i32);

/// Where a text's point is: at its left, middle or right; always half its height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// A rectangle, px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// Something drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A line of the grid.
    Grid(At, At),
    /// An axis.
    Axis(At, At),
    /// A line through points.
    Curve(Vec<At>, RGBColor),
    /// An interval, from end to end; upright or lying.
    Interval(At, At, RGBColor),
    /// What lasts, from its upper left to its lower right.
    Bar(At, At, RGBColor),
    /// Where an interval was cut: two strokes across it.
    Break(At, RGBColor),
    /// An estimate.
    Dot(At, Style),
    /// Words.
    Words(At, Anchor, String),
}

/// Shapes on a ground of [`WIDTH`] and this height.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawing {
    pub height: i32,
    pub shapes: Vec<Shape>,
}

/// A text's width, px, as the widest usual sans-serif (DejaVu Sans) has it or wider.
pub(super) fn text_width(text: &str) -> f64 {
    let em: f64 = text
        .chars()
        .map(|each| match each {
            'i' | 'j' | 'l' | 'f' | 't' | 'r' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '('
            | ')' | '[' | ']' | '/' | ' ' | '-' => 0.42,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 1.02,
            'A'..='Z' | '=' | '+' | '<' | '>' | '→' | '×' | '±' => 0.86,
            _ => 0.66,
        })
        .sum();
    em * TEXT_PX
}

/// The ground that a text covers.
pub(super) fn ground(at: At, anchor: Anchor, text: &str) -> Area {
    let width = text_width(text);
    let left = f64::from(at.0)
        - match anchor {
            Anchor::Left => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::Right => width,
        };
    let half = f64::from(LINE_PX) / 2.0;
    Area {
        left,
        top: f64::from(at.1) - half,
        right: left + width,
        bottom: f64::from(at.1) + half,
    }
}

/// A text in lines no wider than `width`, px, broken between words.
pub(super) fn wrapped(text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line) + text_width(" ") + text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

impl Drawing {
    pub fn new(height: i32) -> Self {
        Self {
            height,
            shapes: Vec::new(),
        }
    }

    pub fn words(&mut self, at: At, anchor: Anchor, text: impl Into<String>) {
        self.shapes.push(Shape::Words(at, anchor, text.into()));
    }

    /// Writes a row's label in as many lines as it takes; gives the first pixel below it.
    pub fn label(&mut self, mut y: i32, text: &str) -> i32 {
        for words in wrapped(text, f64::from(WIDTH - 16)) {
            self.words((8, y + LINE_PX / 2), Anchor::Left, words);
            y += LINE_PX;
        }
        y
    }

    /// Ends with a lying axis from `y` on, its ticks and its unit.
    pub fn end(&mut self, axis: &Axis, ticks: Vec<Tick>, mut y: i32, unit: &str) {
        self.shapes
            .push(Shape::Axis((axis.start, y), (axis.end, y)));
        for tick in ticks {
            self.words((tick.at, y + LINE_PX / 2 + 5), Anchor::Middle, tick.text);
        }
        y += LINE_PX + 8;
        let middle = i32::midpoint(axis.start, axis.end);
        self.words((middle, y + LINE_PX / 2), Anchor::Middle, unit);
        self.height = y + LINE_PX + 6;
    }

    /// Writes words at the first of these places where they meet no others and do not leave the
    /// chart, else at the last of them.
    pub fn words_where_free(&mut self, places: &[(At, Anchor)], text: &str) {
        let free = |(at, anchor): &&(At, Anchor)| {
            let wanted = ground(*at, *anchor, text);
            let inside = wanted.left >= 0.0 && wanted.right <= f64::from(WIDTH);
            inside
                && !self.shapes.iter().any(|shape| match shape {
                    Shape::Words(at, anchor, text) => ground(*at, *anchor, text).overlaps(&wanted),
                    _ => false,
                })
        };
        if let Some((at, anchor)) = places.iter().find(free).or(places.last()) {
            self.words(*at, *anchor, text);
        }
    }

    /// The SVG element.
    pub fn svg(&self) -> anyhow::Result<String> {
        let mut svg = String::new();
        {
            let size = (WIDTH as u32, self.height as u32);
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            for shape in &self.shapes {
                draw(&area, shape).map_err(failed)?;
            }
            area.present().map_err(failed)?;
        }
        Ok(svg)
    }
}

/// A drawing's error, whatever the backend calls it.
fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("a chart could not be drawn: {error}")
}

type Ground<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn draw(area: &Ground<'_>, shape: &Shape) -> Drawn {
    let line = |points: &[At], colour: RGBColor, width: u32| {
        area.draw(&PathElement::new(
            points.to_vec(),
            colour.stroke_width(width),
        ))
    };
    match shape {
        Shape::Grid(from, to) => line(&[*from, *to], GRID, 1),
        Shape::Axis(from, to) => line(&[*from, *to], INK, 1),
        Shape::Curve(points, colour) => line(points, *colour, 2),
        Shape::Interval(from, to, colour) => {
            line(&[*from, *to], *colour, 2)?;
            for (x, y) in [*from, *to] {
                // A cap across each end, wider than a dot, so that a short interval shows.
                let (dx, dy) = if from.0 == to.0 { (7, 0) } else { (0, 7) };
                line(&[(x - dx, y - dy), (x + dx, y + dy)], *colour, 2)?;
            }
            Ok(())
        }
        Shape::Bar(from, to, colour) => area.draw(&Rectangle::new([*from, *to], colour.filled())),
        Shape::Break((x, y), colour) => {
            for shift in [-3, 3] {
                line(
                    &[(x - 4 + shift, y + 6), (x + 4 + shift, y - 6)],
                    *colour,
                    2,
                )?;
            }
            Ok(())
        }
        Shape::Dot(at, style) => dot(area, *at, *style),
        Shape::Words(at, anchor, text) => {
            let horizontal = match anchor {
                Anchor::Left => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::Right => HPos::Right,
            };
            let font = ("sans-serif", TEXT_PX * PLOTTERS_SIZE).into_font();
            let style = font.color(&INK).pos(Pos::new(horizontal, VPos::Center));
            area.draw(&Text::new(text.clone(), *at, style))
        }
    }
}

fn dot(area: &Ground<'_>, (x, y): At, style: Style) -> Drawn {
    let fill = style.colour.filled();
    match style.marker {
        Marker::Circle => area.draw(&Circle::new((x, y), 4, fill)),
        Marker::Square => area.draw(&Rectangle::new([(x - 4, y - 4), (x + 4, y + 4)], fill)),
        Marker::Diamond => area.draw(&Polygon::new(
            vec![(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)],
            fill,
        )),
        Marker::Triangle => area.draw(&Polygon::new(
            vec![(x, y - 5), (x + 5, y + 4), (x - 5, y + 4)],
            fill,
        )),
    }
}

/// What tests of every chart hold: words are apart and within the chart.
#[cfg(test)]
pub(super) fn assert_legible(drawing: &Drawing) {
    let grounds: Vec<(Area, &str)> = drawing
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Words(at, anchor, text) => Some((ground(*at, *anchor, text), text.as_str())),
            _ => None,
        })
        .collect();
    for (index, (one, words)) in grounds.iter().enumerate() {
        assert!(
            one.left >= 0.0
                && one.right <= f64::from(WIDTH)
                && one.top >= 0.0
                && one.bottom <= f64::from(drawing.height),
            "{words:?} leaves the chart: {one:?}"
        );
        for (other, others) in &grounds[index + 1..] {
            assert!(!one.overlaps(other), "{words:?} meets {others:?}");
        }
    }
}
