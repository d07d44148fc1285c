//! Several claims at once: Holm's step-down correction (A Simple Sequentially Rejective
//! Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979).
//!
//! A family, the claims of one row of the guidance, decides anything falsely in at most
//! 1 − [`LEVEL`] of the cases. Each claim's interval is printed at the level at which it is
//! decided; the levels are those of the steps and promise no coverage of all intervals at
//! once.

use super::LEVEL;

/// The most claims in a family: with more, few trials could decide none of them.
pub const FAMILY_MAX: usize = 8;

/// What Holm makes of one claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HolmStep {
    /// Place in the order of p-values, from 1.
    pub rank: usize,
    /// The adjusted p-value: decided when it is at most 1 − [`LEVEL`].
    pub adjusted_p: f64,
    /// The level of this claim's interval, which decides exactly when the adjusted p-value
    /// does.
    pub level: f64,
}

impl HolmStep {
    /// Whether the claim is decided.
    pub fn decided(&self) -> bool {
        // What the subtraction rounds off must not undecide a p-value of exactly 0.05.
        self.adjusted_p <= 1.0 - LEVEL + 1e-12
    }
}

/// Corrects a family of p-values; the steps stand in the order of the values given. What is
/// no number counts as 1. Equal values have one level, the first's, so that their order does not matter.
pub fn holm(p_values: &[f64]) -> Vec<HolmStep> {
    let p = |index: usize| match p_values[index] {
        p if p.is_nan() => 1.0,
        p => p.clamp(0.0, 1.0),
    };
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p(*a).total_cmp(&p(*b)));
    let mut steps = vec![None; p_values.len()];
    // Where one is not decided, none after it is, and its level is theirs too.
    let (mut adjusted_p, mut level): (f64, f64) = (0.0, 0.0);
    let mut stopped = false;
    let mut before = f64::NAN;
    for (place, index) in order.into_iter().enumerate() {
        let remaining = (p_values.len() - place) as f64;
        adjusted_p = adjusted_p.max((remaining * p(index)).min(1.0));
        if !stopped && p(index) != before {
            level = 1.0 - (1.0 - LEVEL) / remaining;
        }
        let step = HolmStep {
            rank: place + 1,
            adjusted_p,
            level,
        };
        stopped |= !step.decided();
        before = p(index);
        steps[index] = Some(step);
    }
    steps.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_values_have_one_level() {
        let levels: Vec<f64> = holm(&[0.01, 0.01, 0.04])
            .iter()
            .map(|step| step.level)
            .collect();
        assert_eq!(levels, [1.0 - 0.05 / 3.0, 1.0 - 0.05 / 3.0, 0.95]);
    }

    #[test]
    fn the_steps_are_those_of_the_worked_example() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02.
        let steps = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (step, (rank, adjusted, level)) in steps.iter().zip([
            (2, 0.03, 1.0 - 0.05 / 3.0),
            (4, 0.06, 0.975),
            (3, 0.06, 0.975),
            (1, 0.02, 0.9875),
        ]) {
            assert_eq!(step.rank, rank);
            assert!((step.adjusted_p - adjusted).abs() < 1e-12);
            assert!((step.level - level).abs() < 1e-12);
            assert_eq!(step.decided(), adjusted <= 0.05);
        }
    }

    #[test]
    fn a_single_claim_is_not_corrected_and_no_number_decides_nothing() {
        let steps = holm(&[0.05]);
        assert!(steps[0].decided() && (steps[0].level - LEVEL).abs() < 1e-12);
        assert!(!holm(&[f64::NAN])[0].decided());
        assert!(holm(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn a_level_decides_exactly_where_the_adjusted_value_does(
            p_values in prop::collection::vec(0.0f64..0.1, 1..=FAMILY_MAX),
        ) {
            let steps = holm(&p_values);
            for (p, step) in p_values.iter().zip(&steps) {
                prop_assume!((p - (1.0 - step.level)).abs() > 1e-9);
                prop_assert_eq!(step.decided(), *p < 1.0 - step.level);
                prop_assert!(step.adjusted_p >= *p);
            }
            let mut ranked = steps;
            ranked.sort_by_key(|step| step.rank);
            let sorted = ranked
                .is_sorted_by(|a, b| a.level >= b.level && a.adjusted_p <= b.adjusted_p);
            prop_assert!(sorted);
        }
    }
}
