//! Difference: the first side is wrong no more often than the second and a margin.

use std::collections::BTreeMap;

use super::{Measured, Test, beside, lacking};
use crate::claim::decide::Results;
use crate::claim::definition::{Claim, Rule};
use crate::claim::select::Selected;
use crate::document::{number, plural};
use crate::record::{ClaimVerdict, Interval};
use crate::stats::{self, FEWEST_KILLS};

/// The difference of two shares, with the numbers of trials behind them.
#[derive(Debug, Clone, Copy)]
struct NonInferiority {
    difference: stats::Difference,
    trials: [usize; 2],
    margin: f64,
}

pub(super) fn measure(claim: &Claim, results: &Results<'_>) -> Result<Measured, String> {
    let Rule::Difference {
        experiment,
        metric,
        margin,
        a,
        b,
    } = &claim.text.rule
    else {
        return Err("not a difference".to_owned());
    };
    let of = |side| Selected::of(results.measurements, experiment, metric, side);
    let (of_a, of_b) = (of(a), of(b));
    for (side, selected) in [(a, &of_a), (b, &of_b)] {
        if selected.wrong().1 == 0 {
            return Err(lacking(&claim.text.rule, side, results));
        }
    }
    let counts = [of_a.wrong(), of_b.wrong()];
    let Some(test) = NonInferiority::of(counts, *margin) else {
        return Err(lacking(&claim.text.rule, a, results));
    };
    let count = |(wrong, n): (usize, usize)| format!("{wrong} of {n}");
    let others = beside(claim);
    let sides = [a, b].into_iter().chain(&others);
    Ok(Measured {
        figures: BTreeMap::from([("a", count(counts[0])), ("b", count(counts[1]))]),
        values: sides
            .filter_map(|side| of(side).count_value(side))
            .collect(),
        test: Box::new(test),
        evidence: [of_a.ids(), of_b.ids()].concat(),
    })
}

impl NonInferiority {
    /// Counts as `(wrong, n)`; `None` with a side of no trials.
    fn of(counts: [(usize, usize); 2], margin: f64) -> Option<Self> {
        Some(Self {
            difference: stats::difference(counts[0], counts[1])?,
            trials: counts.map(|(_, n)| n),
            margin,
        })
    }

    fn too_few(&self) -> bool {
        self.trials[0].min(self.trials[1]) < FEWEST_KILLS
    }

    /// `1.2 points, at most 4.1`.
    fn text(&self, level: f64) -> String {
        match self.difference.upper_at(level).filter(|_| !self.too_few()) {
            Some(upper) => format!(
                "{} points, at most {}",
                number(self.difference.value() * 100.0),
                number(upper * 100.0)
            ),
            None => "not estimated (too few trials)".to_owned(),
        }
    }
}

impl Test for NonInferiority {
    fn value(&self) -> Option<f64> {
        Some(self.difference.value())
    }

    fn p(&self) -> f64 {
        if self.too_few() {
            return 1.0;
        }
        let difference = &self.difference;
        let p = difference.p_below(self.margin);
        p.min(difference.p_above(self.margin))
    }

    fn interval_at(&self, level: f64) -> Option<Interval> {
        if self.too_few() {
            return None;
        }
        let (low, high) = if self.difference.value() <= self.margin {
            (-1.0, self.difference.upper_at(level)?)
        } else {
            (self.difference.lower_at(level)?, 1.0)
        };
        Some(Interval { low, high, level })
    }

    fn figure_at(&self, level: f64) -> Option<(&'static str, String)> {
        Some(("difference", self.text(level)))
    }

    fn verdict_at(&self, level: f64) -> ClaimVerdict {
        if self.too_few() {
            ClaimVerdict::Undecided
        } else if self.difference.p_below(self.margin) <= 1.0 - level {
            ClaimVerdict::Supported
        } else if self.difference.p_above(self.margin) <= 1.0 - level {
            ClaimVerdict::Contradicted
        } else {
            ClaimVerdict::Undecided
        }
    }

    fn needs(&self, level: f64) -> String {
        let [a, b] = self.trials;
        if self.too_few() {
            return format!("at least {FEWEST_KILLS} trials a side (too few: {a} and {b})");
        }
        match self.difference.more_trials_needed(self.margin, level) {
            Some(more) => format!("{} more a side, with these shares", plural(more, "trial")),
            None => "far more trials a side".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(a: (usize, usize), b: (usize, usize)) -> Option<ClaimVerdict> {
        NonInferiority::of([a, b], 0.05).map(|test| test.verdict_at(0.95))
    }

    #[test]
    fn equal_sides_are_not_worse_and_a_worse_one_is() {
        assert_eq!(verdict((0, 100), (0, 100)), Some(ClaimVerdict::Supported));
        assert_eq!(
            verdict((30, 100), (2, 100)),
            Some(ClaimVerdict::Contradicted)
        );
        assert_eq!(verdict((6, 100), (3, 100)), Some(ClaimVerdict::Undecided));
        let worse = NonInferiority::of([(30, 100), (2, 100)], 0.05);
        let interval = worse.and_then(|test| test.interval_at(0.95));
        assert!(interval.is_some_and(|interval| interval.low > 0.05 && interval.high == 1.0));
        let open = NonInferiority::of([(6, 100), (3, 100)], 0.05).map(|test| test.needs(0.95));
        assert!(open.is_some_and(|needs| needs.ends_with("more a side, with these shares")));
    }

    #[test]
    fn below_fifty_nine_kills_a_side_are_too_few() {
        let few = NonInferiority::of([(0, 58), (0, 100)], 0.05);
        assert!(few.is_some_and(|test| {
            test.verdict_at(0.95) == ClaimVerdict::Undecided
                && test.p() == 1.0
                && test.interval_at(0.95).is_none()
                && test.needs(0.95).contains("too few: 58 and 100")
        }));
        assert!(NonInferiority::of([(0, 59), (0, 59)], 0.05).is_some_and(|test| !test.too_few()));
    }
}
