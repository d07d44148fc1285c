//! Conformance: an invariant passes in every trial of a side, and in enough of them.

use std::collections::BTreeMap;

use super::{Measured, Test, beside, lacking, percent};
use crate::claim::decide::Results;
use crate::claim::definition::{Claim, Rule, SideOf};
use crate::claim::select::trials;
use crate::document::plural;
use crate::record::{ClaimVerdict, EngineValue, Interval, Outcome};
use crate::stats::{LEVEL, clopper_pearson};
use crate::stats::{lower_bound, more_trials_needed, p_rate_at_most, upper_bound};

/// Trials by the outcome of the invariant.
#[derive(Debug, Clone, Copy)]
struct Conformance {
    pass: usize,
    unknown: usize,
    fail: usize,
    at_most: f64,
}

pub(super) fn measure(claim: &Claim, results: &Results<'_>) -> Result<Measured, String> {
    let Rule::Conformance {
        experiment,
        invariant,
        at_most,
        side,
    } = &claim.text.rule
    else {
        return Err("not a conformance".to_owned());
    };
    let of = |side: &SideOf| Conformance::of(results, experiment, invariant, *at_most, side);
    let Some(test) = of(side) else {
        return Err(lacking(&claim.text.rule, side, results));
    };
    let others = beside(claim);
    Ok(Measured {
        figures: BTreeMap::from([("passed", test.text())]),
        values: std::iter::once(side)
            .chain(&others)
            .filter_map(|side| Some(of(side)?.engine_value(side)))
            .collect(),
        evidence: vec![format!(
            "verdicts/{invariant}/{}/{}/scenario={}",
            side.engine, side.settings, side.scenario
        )],
        test: Box::new(test),
    })
}

impl Conformance {
    /// `None` where the invariant judged no trial of the side.
    fn of(
        results: &Results<'_>,
        experiment: &str,
        invariant: &str,
        at_most: f64,
        side: &SideOf,
    ) -> Option<Self> {
        let ids = trials(results.plan, experiment, side);
        let count = |outcome: Outcome| {
            let verdicts = results.verdicts.iter();
            verdicts
                .filter(|each| each.invariant == invariant && each.outcome == outcome)
                .filter(|each| ids.contains(&each.trial.as_str()))
                .count()
        };
        let counted = Self {
            pass: count(Outcome::Pass),
            unknown: count(Outcome::Unknown),
            fail: count(Outcome::Fail),
            at_most,
        };
        (counted.n() > 0).then_some(counted)
    }

    fn n(&self) -> usize {
        self.pass + self.unknown + self.fail
    }

    /// `8 of 9 trials, 1 unknown`.
    fn text(&self) -> String {
        let unknown = match self.unknown {
            0 => String::new(),
            unknown => format!(", {unknown} unknown"),
        };
        format!("{} of {}{unknown}", self.pass, plural(self.n(), "trial"))
    }

    fn engine_value(&self, side: &SideOf) -> EngineValue {
        EngineValue {
            engine: side.engine.clone(),
            settings: side.settings.clone(),
            text: self.text(),
            interval: clopper_pearson(self.pass, self.n(), LEVEL).map(|(low, high)| Interval {
                low,
                high,
                level: LEVEL,
            }),
            n: self.n(),
        }
    }
}

impl Test for Conformance {
    /// The share of violations.
    fn value(&self) -> Option<f64> {
        Some(self.fail as f64 / self.n() as f64)
    }

    fn p(&self) -> f64 {
        // What must hold in every trial cannot fail in one by chance.
        match self.fail {
            0 => p_rate_at_most(self.unknown, self.n(), self.at_most),
            _ => 0.0,
        }
    }

    fn interval_at(&self, level: f64) -> Option<Interval> {
        let (low, high) = match self.fail {
            // A trial whose evidence decides nothing may hide a violation.
            0 => (0.0, upper_bound(self.unknown, self.n(), level)?),
            fail => (lower_bound(fail, self.n(), level)?, 1.0),
        };
        Some(Interval { low, high, level })
    }

    fn figure_at(&self, level: f64) -> Option<(&'static str, String)> {
        let bound = upper_bound(self.fail + self.unknown, self.n(), level)?;
        Some(("bound", percent(bound)))
    }

    fn verdict_at(&self, level: f64) -> ClaimVerdict {
        if self.fail > 0 {
            ClaimVerdict::Contradicted
        } else if self.p() <= 1.0 - level {
            ClaimVerdict::Supported
        } else {
            ClaimVerdict::Undecided
        }
    }

    fn needs(&self, level: f64) -> String {
        match more_trials_needed(self.unknown, self.n(), self.at_most, level) {
            Some(more) => format!("{} more that pass", plural(more, "trial")),
            None => "far more trials that pass".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conformance(pass: usize, unknown: usize, fail: usize) -> Conformance {
        Conformance {
            pass,
            unknown,
            fail,
            at_most: 0.1,
        }
    }

    #[test]
    fn one_violation_contradicts_and_enough_passes_support() {
        let one = conformance(100, 0, 1);
        assert_eq!(one.verdict_at(0.99), ClaimVerdict::Contradicted);
        assert!(one.p() == 0.0);
        assert_eq!(
            conformance(29, 0, 0).verdict_at(0.95),
            ClaimVerdict::Supported
        );
        let few = conformance(20, 0, 0);
        assert_eq!(few.verdict_at(0.95), ClaimVerdict::Undecided);
        assert_eq!(few.needs(0.95), "9 trials more that pass");
    }

    #[test]
    fn an_unknown_counts_as_what_may_be_a_violation() {
        assert_eq!(
            conformance(29, 1, 0).verdict_at(0.95),
            ClaimVerdict::Undecided
        );
        assert_eq!(conformance(29, 1, 0).text(), "29 of 30 trials, 1 unknown");
    }
}
