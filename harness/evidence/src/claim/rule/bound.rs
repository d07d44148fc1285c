//! Bound: no more than a share of a side's trials is wrong.

use std::collections::BTreeMap;

use super::{Measured, Test, beside, lacking, percent};
use crate::claim::decide::Results;
use crate::claim::definition::{Claim, Rule};
use crate::claim::select::Selected;
use crate::document::plural;
use crate::record::{ClaimVerdict, Interval};
use crate::stats::{lower_bound, more_trials_needed, p_rate_above, p_rate_at_most, upper_bound};

/// `wrong` of `n` trials. They may differ in where they were struck: the bound is then of the
/// mean rate, for which the binomial one is not too small (Hoeffding, Annals of Mathematical
/// Statistics 27, 1956).
#[derive(Debug, Clone, Copy)]
struct Bound {
    wrong: usize,
    n: usize,
    at_most: f64,
}

pub(super) fn measure(claim: &Claim, results: &Results<'_>) -> Result<Measured, String> {
    let Rule::Bound {
        experiment,
        metric,
        at_most,
        side,
    } = &claim.text.rule
    else {
        return Err("not a bound".to_owned());
    };
    let of = |side| Selected::of(results.measurements, experiment, metric, side);
    let selected = of(side);
    let (wrong, n) = selected.wrong();
    if n == 0 {
        return Err(lacking(&claim.text.rule, side, results));
    }
    let others = beside(claim);
    let test = Bound {
        wrong,
        n,
        at_most: *at_most,
    };
    Ok(Measured {
        test: Box::new(test),
        figures: BTreeMap::from([("wrong", format!("{wrong} of {n}"))]),
        values: std::iter::once(side)
            .chain(&others)
            .filter_map(|side| of(side).count_value(side))
            .collect(),
        evidence: selected.ids(),
    })
}

impl Test for Bound {
    fn value(&self) -> Option<f64> {
        Some(self.wrong as f64 / self.n as f64)
    }

    fn p(&self) -> f64 {
        // The two are each other's complement, so only one of them can be decided in error.
        p_rate_at_most(self.wrong, self.n, self.at_most).min(p_rate_above(
            self.wrong,
            self.n,
            self.at_most,
        ))
    }

    fn interval_at(&self, level: f64) -> Option<Interval> {
        let seems_so = self.value()? <= self.at_most;
        Some(Interval {
            low: if seems_so {
                0.0
            } else {
                lower_bound(self.wrong, self.n, level)?
            },
            high: if seems_so {
                upper_bound(self.wrong, self.n, level)?
            } else {
                1.0
            },
            level,
        })
    }

    fn figure_at(&self, level: f64) -> Option<(&'static str, String)> {
        let bound = upper_bound(self.wrong, self.n, level)?;
        Some(("bound", percent(bound)))
    }

    fn verdict_at(&self, level: f64) -> ClaimVerdict {
        if p_rate_at_most(self.wrong, self.n, self.at_most) <= 1.0 - level {
            ClaimVerdict::Supported
        } else if p_rate_above(self.wrong, self.n, self.at_most) < 1.0 - level {
            ClaimVerdict::Contradicted
        } else {
            ClaimVerdict::Undecided
        }
    }

    fn needs(&self, level: f64) -> String {
        match more_trials_needed(self.wrong, self.n, self.at_most, level) {
            Some(more) => format!("{} more, all right", plural(more, "trial")),
            None => "far more trials".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(wrong: usize, n: usize) -> Bound {
        Bound {
            wrong,
            n,
            at_most: 0.05,
        }
    }

    #[test]
    fn enough_right_trials_support_and_too_few_ask_for_more() {
        assert_eq!(bound(0, 59).verdict_at(0.95), ClaimVerdict::Supported);
        assert!(bound(0, 59).p() <= 0.05);
        let few = bound(0, 50);
        assert_eq!(few.verdict_at(0.95), ClaimVerdict::Undecided);
        assert_eq!(few.needs(0.95), "9 trials more, all right");
    }

    #[test]
    fn many_wrong_trials_contradict_and_the_interval_is_of_that_side() {
        let wrong = bound(10, 20);
        assert_eq!(wrong.verdict_at(0.95), ClaimVerdict::Contradicted);
        assert!(
            wrong
                .interval_at(0.95)
                .is_some_and(|interval| interval.low > 0.05 && interval.high == 1.0)
        );
        assert_eq!(bound(1, 20).verdict_at(0.95), ClaimVerdict::Undecided);
    }
}
