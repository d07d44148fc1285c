//! The key above a plot: what each colour and marker is.

use super::drawing::{Anchor, Drawing, LINE_PX, Shape, WIDTH, text_width};
use super::palette::{Style, part};

const MARGIN: i32 = 8;
/// From an entry's left to its words.
const SAMPLE: i32 = 30;
/// Between entries.
const GAP: i32 = 14;

/// An entry: its style and words.
pub(super) type Entry<'a> = (Style, &'a str);

/// The same of parts, which have their styles by their places.
pub(super) fn key_of_parts(drawing: &mut Drawing, names: &[&str]) -> i32 {
    let names = names.iter().enumerate();
    let entries: Vec<_> = names.map(|(place, words)| (part(place), *words)).collect();
    key(drawing, &entries)
}

/// Places the entries in lines and gives the first pixel below them.
pub(super) fn key(drawing: &mut Drawing, entries: &[Entry<'_>]) -> i32 {
    let mut x = MARGIN;
    let mut y = MARGIN + LINE_PX / 2;
    for (style, words) in entries {
        let width = SAMPLE + text_width(words).ceil() as i32;
        if x > MARGIN && x + width > WIDTH - MARGIN {
            x = MARGIN;
            y += LINE_PX + 3;
        }
        let line = vec![(x, y), (x + SAMPLE - 8, y)];
        drawing.shapes.push(Shape::Curve(line, style.colour));
        let middle = (x + (SAMPLE - 8) / 2, y);
        drawing.shapes.push(Shape::Dot(middle, *style));
        drawing.words((x + SAMPLE, y), Anchor::Left, *words);
        x += width + GAP;
    }
    y + LINE_PX / 2 + MARGIN
}
