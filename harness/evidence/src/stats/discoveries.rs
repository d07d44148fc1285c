//! Many comparisons at once, of which it is asked whether any shows something: the step-up procedure of
//! Benjamini and Hochberg (Controlling the False Discovery Rate, Journal of the Royal Statistical Society B 57,
//! 1995).
//!
//! Where nothing is there to be found, something is in at most 1 − [`LEVEL`] of the cases, as by Holm's. Where
//! something is, it is mostly there in many comparisons, and each makes the others easier to see; of what is
//! found then, at most that share is false on average. The intervals of what is found are at a level at which
//! that share of them fails to cover (Benjamini and Yekutieli, Journal of the American Statistical Association
//! 100, 2005).

use super::LEVEL;

/// How many of a family are found, and at which levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discoveries {
    /// Comparisons in the family.
    family: usize,
    /// Those that are found.
    pub found: usize,
}

impl Discoveries {
    /// Of a family's p-values; what is no number counts as 1.
    pub fn of(p_values: &[f64]) -> Self {
        let family = p_values.len();
        let mut sorted: Vec<f64> = p_values.iter().filter(|p| !p.is_nan()).copied().collect();
        sorted.sort_by(f64::total_cmp);
        let none = Self { family, found: 0 };
        let is_found = |(index, p): &(usize, &f64)| **p <= none.bound(index + 1);
        let last = sorted.iter().enumerate().rev().find(is_found);
        Self {
            found: last.map_or(0, |(index, _)| index + 1),
            ..none
        }
    }

    /// Whether a p-value of the family is one of what is found.
    pub fn contains(&self, p: f64) -> bool {
        self.found > 0 && p <= self.bound(self.found)
    }

    /// The level of the intervals of what is found, which decide as the p-values do.
    pub fn level(&self) -> f64 {
        1.0 - self.bound(self.found.max(1))
    }

    /// The level at which one comparison more would be found.
    pub fn next_level(&self) -> f64 {
        1.0 - self.bound((self.found + 1).min(self.family).max(1))
    }

    /// The largest p-value of `count` that are found.
    fn bound(&self, count: usize) -> f64 {
        // What the division rounds off must not lose a p-value of exactly the bound.
        (1.0 - LEVEL) * count as f64 / self.family.max(1) as f64 + 1e-12
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The fifteen p-values of the article's example (section 3.2), of which four are found where Bonferroni's
    /// finds three.
    #[test]
    fn the_articles_example_finds_four() {
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        let discoveries = Discoveries::of(&p_values);
        assert_eq!(discoveries.found, 4);
        assert!(discoveries.contains(0.0095) && !discoveries.contains(0.0201));
        assert!((discoveries.level() - (1.0 - 0.05 * 4.0 / 15.0)).abs() < 1e-9);
        assert!((discoveries.next_level() - (1.0 - 0.05 * 5.0 / 15.0)).abs() < 1e-9);
    }

    #[test]
    fn one_comparison_is_not_corrected_and_none_finds_nothing() {
        assert!(Discoveries::of(&[0.05]).contains(0.05));
        assert_eq!(Discoveries::of(&[f64::NAN]).found, 0);
        let none = Discoveries::of(&[]);
        assert!(none.found == 0 && !none.contains(0.0));
        assert!(none.next_level() >= LEVEL - 1e-9);
    }

    proptest! {
        /// What Holm's procedure decides is found too, and what is found has the smallest p-values.
        #[test]
        fn it_finds_what_holm_decides(p_values in prop::collection::vec(0.0f64..0.2, 1..30)) {
            let discoveries = Discoveries::of(&p_values);
            let found = p_values.iter().filter(|p| discoveries.contains(**p)).count();
            prop_assert_eq!(found, discoveries.found);
            for (p, step) in p_values.iter().zip(super::super::holm(&p_values)) {
                prop_assert!(!step.decided() || discoveries.contains(*p));
            }
        }
    }
}
