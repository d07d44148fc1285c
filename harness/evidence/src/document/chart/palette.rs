//! Colours and markers: series apart by both, on a light ground and on a dark one.

use std::collections::BTreeSet;

use plotters::style::RGBColor;

use crate::record::Measurement;

/// A shape, so that colour is never all that sets two series apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Diamond,
    Triangle,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub colour: RGBColor,
    pub marker: Marker,
}

const MARKERS: [Marker; 4] = [
    Marker::Circle,
    Marker::Square,
    Marker::Diamond,
    Marker::Triangle,
];

/// Colours of engines under their settings. Chosen by search for a contrast of 3 on both grounds
/// and for the largest distance (CIE 1976) as seen with and without protanopia and deuteranopia,
/// simulated after Machado and others (2009).
const SERIES: [RGBColor; 8] = [
    RGBColor(0x2F, 0x6F, 0xDE),
    RGBColor(0xD9, 0x6A, 0x0B),
    RGBColor(0x12, 0x92, 0x6A),
    RGBColor(0x87, 0x0F, 0xFF),
    RGBColor(0x7C, 0x87, 0x91),
    RGBColor(0xD2, 0x00, 0x3C),
    RGBColor(0x69, 0x87, 0xC3),
    RGBColor(0xF0, 0x00, 0xFF),
];

/// Colours of parts that follow one another, chosen likewise.
const PARTS: [RGBColor; 4] = [
    RGBColor(0x2F, 0x6F, 0xDE),
    RGBColor(0xBE, 0x7F, 0x00),
    RGBColor(0x0B, 0x8F, 0x6B),
    RGBColor(0xB0, 0x43, 0x9A),
];

/// The style of each engine under each setting: by its place in the order of all of them in the
/// results, so that it is the same in every chart of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    order: Vec<(String, String)>,
}

impl Palette {
    /// The palette of these results; give it all measurements, not those of one chart.
    pub fn of(measurements: &[Measurement]) -> Self {
        let all: BTreeSet<(String, String)> = measurements
            .iter()
            .map(|each| (each.engine.clone(), each.settings.clone()))
            .collect();
        Self {
            order: all.into_iter().collect(),
        }
    }

    /// What is not in the palette looks as its last.
    pub(super) fn style(&self, engine: &str, settings: &str) -> Style {
        let place = self
            .order
            .iter()
            .position(|(one, other)| one == engine && other == settings)
            .unwrap_or(self.order.len().saturating_sub(1));
        // The markers move on by one with every round of the colours.
        styled(&SERIES, place, place + place / SERIES.len())
    }
}

/// The style of a part, by its place.
pub(super) fn part(place: usize) -> Style {
    styled(&PARTS, place, place)
}

fn styled(colours: &[RGBColor], colour: usize, marker: usize) -> Style {
    Style {
        colour: colours[colour % colours.len()],
        marker: MARKERS[marker % MARKERS.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn every_colour_is_legible_on_light_and_on_dark() {
        let style = include_str!("../style.css");
        assert!(style.contains("--ground: #ffffff") && style.contains("--ground: #12161a"));
        for colour in SERIES.into_iter().chain(PARTS) {
            for ground in [RGBColor(0xFF, 0xFF, 0xFF), RGBColor(0x12, 0x16, 0x1A)] {
                assert!(contrast(colour, ground) >= 3.0, "{colour:?} on {ground:?}");
            }
        }
    }

    #[test]
    fn four_parts_have_four_colours_and_sixteen_series_sixteen_looks() {
        let distinct = |styles: &[Style]| {
            styles
                .iter()
                .enumerate()
                .all(|(index, style)| !styles[..index].contains(style))
        };
        let colours: BTreeSet<_> = (0..4)
            .map(|place| part(place).colour)
            .map(|RGBColor(red, green, blue)| (red, green, blue))
            .collect();
        assert_eq!(colours.len(), 4);
        let order: Vec<_> = (0..16)
            .map(|each| (format!("{each:02}"), "default".to_owned()))
            .collect();
        let palette = Palette {
            order: order.clone(),
        };
        let styles: Vec<Style> = order
            .iter()
            .map(|(engine, settings)| palette.style(engine, settings))
            .collect();
        assert!(distinct(&styles));
    }

    #[test]
    fn a_series_looks_the_same_whatever_the_chart_and_the_name() {
        let order = |names: [&str; 2]| Palette {
            order: names
                .map(|name| (name.to_owned(), "default".to_owned()))
                .into(),
        };
        let (one, other) = (order(["a", "b"]), order(["x", "y"]));
        assert_eq!(one.style("b", "default"), other.style("y", "default"));
        assert_ne!(one.style("a", "default"), one.style("b", "default"));
    }
}
