//! Ratio and ablation: the first side's values against the second's, in pairs.

use std::collections::BTreeMap;

use super::{Measured, Test, beside, lacking};
use crate::claim::decide::Results;
use crate::claim::definition::{Claim, Predicted, Rule, SideOf};
use crate::claim::select::{Selected, pairs};
use crate::document::{number, plural};
use crate::record::{ClaimVerdict, Interval};
use crate::stats::{Effect, Ratio, Side, paired_ratio};

/// A ratio, already divided by its limit, and what it is predicted to be.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    pub(super) ratio: Ratio,
    pub(super) predicted: Predicted,
    pub(super) limit: f64,
}

pub(super) fn measure(claim: &Claim, results: &Results<'_>) -> Result<Measured, String> {
    let (experiment, metric, predicted, limit, [a, b]) = match &claim.text.rule {
        Rule::Ratio {
            experiment,
            metric,
            predicted,
            limit,
            a,
            b,
        } => (experiment, metric, *predicted, *limit, [a, b]),
        Rule::Ablation {
            experiment,
            metric,
            predicted,
            a,
            b,
        } => (experiment, metric, *predicted, 1.0, [a, b]),
        _ => return Err("not a ratio".to_owned()),
    };
    let of = |side: &SideOf| Selected::of(results.measurements, experiment, metric, side);
    let (of_a, of_b) = (of(a), of(b));
    for (side, selected) in [(a, &of_a), (b, &of_b)] {
        if selected.measurements.is_empty() {
            return Err(lacking(&claim.text.rule, side, results));
        }
    }
    let mut pairs = pairs(&of_a, &of_b, [a, b]);
    for value in pairs.iter_mut().flat_map(|pair| &mut pair.b) {
        *value *= limit;
    }
    let Some(ratio) = paired_ratio(&pairs) else {
        return Err("a block that has both sides".to_owned());
    };
    let others = beside(claim);
    let sides = [a, b].into_iter().chain(&others);
    let values: Vec<_> = sides
        .filter_map(|side| of(side).value(side, metric))
        .collect();
    let text = |index: usize| {
        values
            .get(index)
            .map_or_else(String::new, |each| each.text.clone())
    };
    let test = Comparison {
        ratio,
        predicted,
        limit,
    };
    Ok(Measured {
        figures: BTreeMap::from([("a", text(0)), ("b", text(1))]),
        test: Box::new(test),
        values,
        evidence: [of_a.ids(), of_b.ids()].concat(),
    })
}

impl Comparison {
    /// `0.24 [0.21, 0.28] over 3 pairs`; of too few pairs no number.
    fn text(&self, level: f64) -> String {
        let pairs = plural(self.ratio.pairs, "pair");
        match self.interval_at(level) {
            Some(interval) => format!(
                "{} [{}, {}] over {pairs}",
                number(self.ratio.value * self.limit),
                number(interval.low),
                number(interval.high)
            ),
            None => format!("not estimated (too few trials: {pairs})"),
        }
    }
}

impl Test for Comparison {
    fn value(&self) -> Option<f64> {
        Some(self.ratio.value * self.limit)
    }

    fn p(&self) -> f64 {
        self.ratio.p_decided()
    }

    fn effect(&self) -> Option<Effect> {
        Some(self.ratio.effect())
    }

    fn interval_at(&self, level: f64) -> Option<Interval> {
        let interval = self.ratio.interval_at(level)?;
        Some(Interval {
            low: interval.low * self.limit,
            high: interval.high * self.limit,
            level,
        })
    }

    fn figure_at(&self, level: f64) -> Option<(&'static str, String)> {
        Some(("ratio", self.text(level)))
    }

    fn verdict_at(&self, level: f64) -> ClaimVerdict {
        let so = match (self.ratio.larger_at(level), self.predicted) {
            (Side::Undecided, _) => return ClaimVerdict::Undecided,
            (Side::B, Predicted::Lower)
            | (Side::A, Predicted::Higher)
            | (Side::Neither, Predicted::Equivalent) => true,
            _ => false,
        };
        if so {
            ClaimVerdict::Supported
        } else {
            ClaimVerdict::Contradicted
        }
    }

    fn needs(&self, level: f64) -> String {
        let dropped: Vec<&str> = self
            .ratio
            .dropped
            .iter()
            .map(|dropped| dropped.pair.as_str())
            .collect();
        let dropped = match dropped.as_slice() {
            [] => String::new(),
            names => format!("; dropped: {}", names.join("; ")),
        };
        let more = match self.ratio.more_pairs_needed(level) {
            Some(more) => format!("about {} more", plural(more, "block")),
            None => "far more blocks, as the estimate is at the margin's edge".to_owned(),
        };
        format!("{more}{dropped}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Pair;

    fn compared(ratios: &[f64], predicted: Predicted) -> Option<Comparison> {
        let pairs: Vec<Pair> = ratios
            .iter()
            .enumerate()
            .map(|(block, a)| Pair {
                block: block as u32,
                name: format!("block {block}"),
                a: vec![*a],
                b: vec![1.0],
            })
            .collect();
        Some(Comparison {
            ratio: paired_ratio(&pairs)?,
            predicted,
            limit: 1.0,
        })
    }

    fn verdict(ratios: &[f64], predicted: Predicted) -> Option<ClaimVerdict> {
        compared(ratios, predicted).map(|test| test.verdict_at(0.95))
    }

    #[test]
    fn each_prediction_is_supported_contradicted_or_undecided() {
        use ClaimVerdict::{Contradicted, Supported, Undecided};
        use Predicted::{Equivalent, Higher, Lower};
        let (low, same, wide) = ([0.50, 0.51, 0.52], [1.0, 1.001, 1.002], [0.5, 1.0, 2.0]);
        for (ratios, predicted, expected) in [
            (low, Lower, Supported),
            (low, Higher, Contradicted),
            (low, Equivalent, Contradicted),
            (same, Lower, Contradicted),
            (same, Equivalent, Supported),
            (wide, Lower, Undecided),
            (wide, Equivalent, Undecided),
        ] {
            assert_eq!(
                verdict(&ratios, predicted),
                Some(expected),
                "{ratios:?} {predicted:?}"
            );
        }
    }

    #[test]
    fn two_pairs_decide_nothing_and_undecided_ones_name_the_blocks_they_lack() {
        let two = compared(&[0.5, 0.5], Predicted::Lower);
        assert!(two.is_some_and(|test| test.p() == 1.0
            && test.verdict_at(0.95) == ClaimVerdict::Undecided
            && test.text(0.95) == "not estimated (too few trials: 2 pairs)"
            && test.needs(0.95) == "about 1 block more"));
        let wide = compared(&[0.5, 0.7, 0.9], Predicted::Lower);
        let needs = wide.map(|test| test.needs(0.95)).unwrap_or_default();
        assert!(needs.ends_with("blocks more"), "{needs}");
    }

    #[test]
    fn a_pair_that_lacks_a_side_is_named() {
        let pair = |block: u32, a: Vec<f64>| Pair {
            block,
            name: format!("block {block}"),
            a,
            b: vec![1.0],
        };
        let pairs = [pair(0, vec![2.0]), pair(1, Vec::new())];
        let needs = paired_ratio(&pairs).map(|ratio| {
            let test = Comparison {
                ratio,
                predicted: Predicted::Lower,
                limit: 1.0,
            };
            test.needs(0.95)
        });
        assert!(needs.is_some_and(|needs| needs.ends_with("; dropped: block 1")));
    }

    #[test]
    fn a_limit_moves_what_the_ratio_is_compared_with_and_not_the_ratio() {
        let three = compared(&[0.3, 0.31, 0.32], Predicted::Lower).map(|test| Comparison {
            limit: 10.0,
            ..test
        });
        assert!(three.is_some_and(|test| {
            test.verdict_at(0.95) == ClaimVerdict::Supported
                && test.value().is_some_and(|value| (value - 3.1).abs() < 0.1)
                && test
                    .interval_at(0.95)
                    .is_some_and(|interval| interval.low > 2.0)
        }));
    }
}
