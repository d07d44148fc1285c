//! Colours and markers: series apart by both, on a light ground and on a dark one.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::RGBColor;

use crate::record::{EngineRecord, Measurement};

/// A shape, so that colour is never all that sets two series apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Diamond,
    Triangle,
}

/// The page's grounds, light and dark.
const GROUNDS: [RGBColor; 2] = [RGBColor(0xFF, 0xFF, 0xFF), RGBColor(0x12, 0x16, 0x1A)];

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

/// Colours of parts that follow one another: a contrast of 3 on both grounds, and far apart (CIE
/// 1976) as seen with and without protanopia and deuteranopia, simulated after Machado and others
/// (2009).
const PARTS: [RGBColor; 4] = [
    RGBColor(0x2F, 0x6F, 0xDE),
    RGBColor(0xBE, 0x7F, 0x00),
    RGBColor(0x0B, 0x8F, 0x6B),
    RGBColor(0xB0, 0x43, 0x9A),
];

/// The style of each engine under each setting: the engine's own colour, and a marker by the place
/// of the settings among those of the engine, so that it is the same in every chart of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    colours: BTreeMap<String, RGBColor>,
    order: BTreeSet<(String, String)>,
}

impl Palette {
    /// The palette of these results; give it all measurements, not those of one chart.
    pub fn of(engines: &[EngineRecord], measurements: &[Measurement]) -> Self {
        let colour = |each: &EngineRecord| Some((each.name.clone(), parsed(&each.colour)?));
        let series = |each: &Measurement| (each.engine.clone(), each.settings.clone());
        Self {
            colours: engines.iter().filter_map(colour).collect(),
            order: measurements.iter().map(series).collect(),
        }
    }

    pub(super) fn style(&self, engine: &str, settings: &str) -> Style {
        let of_engine = self.order.iter().filter(|(name, _)| name == engine);
        let place = of_engine
            .map(|(_, settings)| settings)
            .position(|name| name == settings)
            .unwrap_or(0);
        Style {
            colour: self.colours.get(engine).copied().unwrap_or(PARTS[0]),
            marker: MARKERS[place % MARKERS.len()],
        }
    }
}

/// The style of a part, by its place.
pub(super) fn part(place: usize) -> Style {
    Style {
        colour: PARTS[place % PARTS.len()],
        marker: MARKERS[place % MARKERS.len()],
    }
}

/// Whether a colour, `#rrggbb`, can be told from the light ground and from the dark one.
pub fn is_legible(colour: &str) -> bool {
    parsed(colour).is_some_and(|colour| {
        GROUNDS
            .into_iter()
            .all(|ground| contrast(colour, ground) >= 3.0)
    })
}

fn parsed(colour: &str) -> Option<RGBColor> {
    let digits = colour
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6)?;
    let channel = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some(RGBColor(channel(0)?, channel(2)?, channel(4)?))
}

/// Of two colours (WCAG 2.2).
fn contrast(a: RGBColor, b: RGBColor) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_legible_on_light_and_on_dark() {
        let style = include_str!("../style.css");
        for ground in
            GROUNDS.map(|RGBColor(red, green, blue)| format!("#{red:02x}{green:02x}{blue:02x}"))
        {
            assert!(style.contains(&format!("--ground: {ground}")), "{ground}");
            assert!(!is_legible(&ground));
        }
        for RGBColor(red, green, blue) in PARTS {
            assert!(is_legible(&format!("#{red:02x}{green:02X}{blue:02x}")));
        }
        for none in ["", "#12", "2f6fde", "#2f6fdg", "#ééé"] {
            assert!(!is_legible(none), "{none}");
        }
    }

    #[test]
    fn an_engine_keeps_its_colour_and_its_settings_have_markers() {
        let palette = Palette {
            colours: BTreeMap::from([("a".into(), PARTS[1]), ("b".into(), PARTS[2])]),
            order: [("a", "default"), ("a", "tuned"), ("b", "tuned")]
                .map(|(engine, settings)| (engine.to_owned(), settings.to_owned()))
                .into(),
        };
        let [one, other, b] = [("a", "default"), ("a", "tuned"), ("b", "tuned")]
            .map(|(engine, settings)| palette.style(engine, settings));
        assert_eq!(one.colour, other.colour);
        assert_ne!(one.marker, other.marker);
        assert_ne!(one.colour, b.colour);
    }
}
