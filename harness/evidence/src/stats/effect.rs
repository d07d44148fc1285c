//! The size of an effect in words.
//!
//! Vargha and Delaney's A is the share of pairings of any value of the first side with any of
//! the second in which the first is larger, ties half. The thresholds of the words are theirs
//! (A Critique and Improvement of the CL Common Language Effect Size Statistics of McGraw and
//! Wong, Journal of Educational and Behavioral Statistics 25, 2000, section 5): 0.56 small,
//! 0.64 medium, 0.71 large, and their mirror images below one half.

use std::cmp::Ordering;

/// How large an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A below 0.56 and above 0.44.
    Negligible,
    /// A from 0.56, or to 0.44.
    Small,
    /// A from 0.64, or to 0.36.
    Medium,
    /// A from 0.71, or to 0.29.
    Large,
}

impl Effect {
    /// The word for a value of A.
    pub fn of(superiority: f64) -> Self {
        // Mirrored with what binary fractions leave of 1 − 0.44 rounded off.
        match (superiority - 0.5).abs() + 0.5 + 1e-9 {
            a if a >= 0.71 => Self::Large,
            a if a >= 0.64 => Self::Medium,
            a if a >= 0.56 => Self::Small,
            _ => Self::Negligible,
        }
    }

    /// As it stands in a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Negligible => "negligible",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

/// Vargha and Delaney's A of the first side over the second; one half of nothing.
pub fn superiority(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.5;
    }
    let wins: f64 = a
        .iter()
        .flat_map(|a| b.iter().map(move |b| a.total_cmp(b)))
        .map(|order| match order {
            Ordering::Greater => 1.0,
            Ordering::Equal => 0.5,
            Ordering::Less => 0.0,
        })
        .sum();
    wins / (a.len() * b.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_words_begin_at_the_thresholds() {
        let words = [0.5, 0.559, 0.56, 0.44, 0.64, 0.36, 0.71, 0.29, 0.0, 1.0]
            .map(|a| Effect::of(a).word());
        assert_eq!(
            words,
            [
                "negligible",
                "negligible",
                "small",
                "small",
                "medium",
                "medium",
                "large",
                "large",
                "large",
                "large"
            ]
        );
    }

    #[test]
    fn ties_count_half() {
        assert_eq!(superiority(&[1.0, 2.0], &[1.0, 1.0]), 0.75);
        assert_eq!(superiority(&[], &[1.0]), 0.5);
    }

    proptest! {
        #[test]
        fn swapping_the_sides_mirrors_it(
            a in prop::collection::vec(0.0f64..9.0, 1..9),
            b in prop::collection::vec(0.0f64..9.0, 1..9),
        ) {
            let (there, back) = (superiority(&a, &b), superiority(&b, &a));
            prop_assert!((there + back - 1.0).abs() < 1e-12);
            prop_assert_eq!(Effect::of(there), Effect::of(back));
        }
    }
}
