//! Axes: where a value lies, and which ticks have room.

use crate::document::number;

/// How values run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Log,
}

/// An axis from one pixel to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
    /// The pixel of `low`.
    pub start: i32,
    /// The pixel of `high`.
    pub end: i32,
}

/// A tick and its label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub at: i32,
    pub text: String,
}

/// Pixels between two labels.
const GAP: f64 = 10.0;
/// More ticks than these say no more.
const MOST: usize = 7;

impl Axis {
    /// The pixel of a value; what lies outside is at the nearer end.
    pub fn at(&self, value: f64) -> i32 {
        let place = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log if value <= 0.0 => 0.0,
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        let length = f64::from(self.end - self.start);
        self.start + (place.clamp(0.0, 1.0) * length).round() as i32
    }

    /// The densest ticks whose labels have room: on a logarithmic axis 1, 2 and 5 of each decade,
    /// then 1 of each, then of each second, third and so on; on a linear one, and where a
    /// logarithmic one spans too little for two of those, multiples of 1, 2 or 5 of a power of
    /// ten. `extent` is the length of a label along the axis, px; labels stay within `bounds`.
    pub fn ticks(&self, extent: impl Fn(&str) -> f64, bounds: (i32, i32)) -> Vec<Tick> {
        let mut fallback = Vec::new();
        let mut sets: Vec<Vec<(f64, String)>> = match self.scale {
            Scale::Log => self.decades(),
            Scale::Linear => Vec::new(),
        };
        sets.extend(self.multiples());
        for set in sets {
            let ticks: Vec<Tick> = set
                .into_iter()
                .map(|(value, text)| Tick {
                    at: self.at(value),
                    text,
                })
                .filter(|tick| {
                    let half = extent(&tick.text) / 2.0;
                    let at = f64::from(tick.at);
                    at - half >= f64::from(bounds.0) && at + half <= f64::from(bounds.1)
                })
                .collect();
            let roomy = ticks.windows(2).all(|pair| {
                let apart = f64::from((pair[1].at - pair[0].at).abs());
                apart >= (extent(&pair[0].text) + extent(&pair[1].text)) / 2.0 + GAP
            });
            if !roomy || ticks.len() > MOST {
                continue;
            }
            if ticks.len() >= 2 {
                return ticks;
            }
            if fallback.is_empty() {
                fallback = ticks;
            }
        }
        fallback
    }

    fn contains(&self, value: f64) -> bool {
        value >= self.low * (1.0 - 1e-9 * self.low.signum()) && value <= self.high * (1.0 + 1e-9)
    }

    /// Ticks of a logarithmic axis, the densest first.
    fn decades(&self) -> Vec<Vec<(f64, String)>> {
        // A value of 0 has no logarithm, and a range of all numbers still has few decades.
        let power = |value: f64| value.clamp(f64::MIN_POSITIVE, f64::MAX).log10();
        let first = power(self.low).floor() as i32;
        let last = power(self.high).ceil() as i32;
        let every = |stride: i32, of: &[f64]| -> Vec<(f64, String)> {
            (first..=last)
                .filter(|power| power.rem_euclid(stride) == 0)
                .flat_map(|power| of.iter().map(move |unit| unit * 10f64.powi(power)))
                .filter(|value| self.contains(*value))
                .map(|value| (value, number(value)))
                .collect()
        };
        let mut sets = vec![every(1, &[1.0, 2.0, 5.0])];
        sets.extend((1..=(last - first).max(1)).map(|stride| every(stride, &[1.0])));
        sets
    }

    /// Multiples of steps of 1, 2 and 5, the densest first.
    fn multiples(&self) -> Vec<Vec<(f64, String)>> {
        let span = self.high - self.low;
        if !(f64::MIN_POSITIVE..=f64::MAX).contains(&span) {
            return Vec::new();
        }
        let power = (span / 20.0).log10().floor() as i32;
        let steps = (power..power + 4).flat_map(|power| {
            [1.0, 2.0, 5.0].map(|unit| (unit * 10f64.powi(power), (-power).max(0) as usize))
        });
        steps
            .map(|(step, decimals)| {
                let first = (self.low / step - 1e-9).ceil() as i64;
                let last = (self.high / step + 1e-9).floor() as i64;
                // More cannot have room.
                let last = last.min(first.saturating_add(50));
                (first..=last)
                    .map(|times| {
                        let value = times as f64 * step;
                        (value, format!("{value:.decimals$}"))
                    })
                    .collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::chart::drawing::text_width;
    use proptest::prelude::*;

    fn texts(axis: &Axis) -> Vec<String> {
        let ticks = axis.ticks(text_width, (0, 480));
        ticks.into_iter().map(|tick| tick.text).collect()
    }

    fn axis(scale: Scale, low: f64, high: f64) -> Axis {
        Axis {
            scale,
            low,
            high,
            start: 40,
            end: 440,
        }
    }

    #[test]
    fn a_range_that_nobody_measures_has_few_ticks_and_soon() {
        let ends = [
            0.0,
            f64::from_bits(1),
            f64::MIN_POSITIVE,
            1.0,
            1e18,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
            -1.0,
        ];
        for scale in [Scale::Log, Scale::Linear] {
            for (low, high) in ends.iter().flat_map(|low| ends.map(|high| (*low, high))) {
                let found = texts(&axis(scale, low, high));
                assert!(found.len() <= MOST, "{scale:?} {low} {high}: {found:?}");
            }
        }
    }

    #[test]
    fn ticks_are_round_and_thinned_to_the_width() {
        let decade = axis(Scale::Log, 0.8, 20.0);
        assert_eq!(texts(&decade), ["1", "2", "5", "10", "20"]);
        let wide = axis(Scale::Log, 0.001, 1_000.0);
        assert_eq!(
            texts(&wide),
            ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]
        );
        let narrow = axis(Scale::Log, 31.0, 44.0);
        assert_eq!(texts(&narrow), ["32", "34", "36", "38", "40", "42", "44"]);
        let linear = axis(Scale::Linear, 0.0, 1_234.0);
        assert_eq!(
            texts(&linear),
            ["0", "200", "400", "600", "800", "1000", "1200"]
        );
    }

    proptest! {
        #[test]
        fn no_two_labels_overlap_and_none_leaves_the_chart(
            log in any::<bool>(),
            low in -6.0f64..6.0,
            decades in 0.002f64..12.0,
            length in 150i32..500,
            below in any::<bool>(),
        ) {
            let low = 10f64.powf(low);
            let high = low * 10f64.powf(decades);
            let axis = Axis {
                scale: if log { Scale::Log } else { Scale::Linear },
                low: if log { low } else if below { -high / 3.0 } else { 0.0 },
                high,
                start: 30,
                end: 30 + length,
            };
            let ticks = axis.ticks(text_width, (0, length + 60));
            prop_assert!(!ticks.is_empty());
            for tick in &ticks {
                let half = text_width(&tick.text) / 2.0;
                prop_assert!(f64::from(tick.at) - half >= 0.0);
                prop_assert!(f64::from(tick.at) + half <= f64::from(length + 60));
            }
            for pair in ticks.windows(2) {
                let halves = (text_width(&pair[0].text) + text_width(&pair[1].text)) / 2.0;
                prop_assert!(f64::from(pair[1].at - pair[0].at) >= halves + GAP);
                prop_assert!(pair[0].text != pair[1].text);
            }
        }

        #[test]
        fn labels_one_above_the_other_have_room_too(low in -6.0f64..6.0, decades in 0.002f64..12.0) {
            let low = 10f64.powf(low);
            let axis = Axis { scale: Scale::Log, low, high: low * 10f64.powf(decades), start: 330, end: 50 };
            let ticks = axis.ticks(|_| 18.0, (20, 360));
            for pair in ticks.windows(2) {
                prop_assert!(pair[0].at - pair[1].at >= 28);
            }
        }
    }
}
