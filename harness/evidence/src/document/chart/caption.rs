//! Points, and what stands below a chart: what its bars are, and n.

use super::Name;
use crate::document::{Text, figure, path, text};
use crate::record::{Interval, Measurement};

/// An estimate as a chart shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The estimate.
    pub value: f64,
    /// Low and high end of its interval; `None` where the trials are too few for one.
    pub interval: Option<(f64, f64)>,
    /// Trials, or blocks, that it rests on.
    pub n: usize,
    /// The path of `n`.
    pub n_path: String,
}

/// What n counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Trials.
    Trials,
    /// Blocks of trials.
    Blocks,
}

impl Point {
    /// A measurement's estimate.
    pub fn of(each: &Measurement) -> Self {
        Self::new(
            each.estimate.value,
            each.estimate.interval,
            each.estimate.trials,
            path::statistic(each, "n"),
        )
    }

    /// An estimate that is no measurement's own.
    pub fn new(value: f64, interval: Option<Interval>, n: usize, n_path: String) -> Self {
        Self {
            value,
            interval: interval.map(|Interval { low, high, .. }| (low, high)),
            n,
            n_path,
        }
    }

    /// The interval's ends, the value itself without one.
    pub(super) fn ends(&self) -> (f64, f64) {
        self.interval.unwrap_or((self.value, self.value))
    }
}

/// What a reader must know of how a chart was drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Notes {
    /// Whether the estimates stand beside the plot as figures.
    pub figures: bool,
    /// Whether values run along a logarithmic axis.
    pub logarithmic: bool,
    /// Bars cut at an edge.
    pub cut: bool,
    /// Points that a logarithmic axis has no place for.
    pub below: bool,
}

/// The title, what the bars are, and n.
pub(super) fn caption<'a>(
    name: Name<'_>,
    points: impl Iterator<Item = &'a Point>,
    unit: Unit,
    notes: Notes,
) -> Text {
    let mut points: Vec<&Point> = points.collect();
    points.sort_by_key(|point| point.n);
    let mut text = text![name.title, ". Bars are intervals of the estimates"];
    if points.iter().any(|point| point.interval.is_none()) {
        text.push(", none where the trials are too few for one");
    }
    if let (Some(least), Some(most)) = (points.first(), points.last()) {
        text.push("; n = ");
        text.push(figure::count(least.n, least.n_path.as_str()));
        if least.n != most.n {
            text.push(" to ");
            text.push(figure::count(most.n, most.n_path.as_str()));
        }
        text.push(match (unit, most.n) {
            (Unit::Trials, 1) => " trial",
            (Unit::Trials, _) => " trials",
            (Unit::Blocks, 1) => " block",
            (Unit::Blocks, _) => " blocks",
        });
    }
    text.push(".");
    if notes.figures {
        text.push(" The figures at the right are the estimates.");
    }
    if notes.logarithmic {
        text.push(" The axis is logarithmic.");
    }
    if notes.cut {
        text.push(" A bar with a break goes on beyond the edge, to the figure beside the break.");
    }
    if notes.below {
        text.push(" A mark at the axis' lower end is at zero or below, which a logarithmic axis has no place for.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(n: usize, interval: Option<(f64, f64)>) -> Point {
        Point {
            value: 1.0,
            interval,
            n,
            n_path: format!("measurements.json#of-{n}:n"),
        }
    }

    fn read(points: &[Point], unit: Unit) -> String {
        let name = Name {
            file: "a",
            title: "Time",
        };
        caption(name, points.iter(), unit, Notes::default()).as_read()
    }

    #[test]
    fn a_caption_has_n_and_says_what_has_no_bar() {
        let bar = Some((0.5, 2.0));
        assert_eq!(
            read(&[point(3, bar), point(3, bar)], Unit::Trials),
            "Time. Bars are intervals of the estimates; n = 3 trials."
        );
        assert_eq!(
            read(&[point(6, bar), point(1, None)], Unit::Blocks),
            "Time. Bars are intervals of the estimates, none where the trials are too few for one; n = 1 to 6 blocks."
        );
    }
}
