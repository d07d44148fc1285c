//! What a phrase comes to: the merge of its claims. Ablations count for none.

use super::guidance::phrases;
use crate::record::{ClaimRecord, ClaimVerdict};

/// The verdict on a phrase.
pub fn of_phrase(claims: &[ClaimRecord], phrase: &str) -> ClaimVerdict {
    of_phrases(claims, &[phrase])
}

/// How many phrases of the guidance have this verdict.
pub fn count_phrases(claims: &[ClaimRecord], verdict: ClaimVerdict) -> usize {
    phrases()
        .filter(|phrase| of_phrase(claims, phrase.words) == verdict)
        .count()
}

/// The verdict on several phrases together, as on one that says them all, but that a phrase
/// without measurement leaves what is otherwise supported undecided.
pub fn of_phrases(claims: &[ClaimRecord], phrases: &[&str]) -> ClaimVerdict {
    let each = phrases.iter().map(|phrase| {
        let counted = claims
            .iter()
            .filter(|claim| claim.phrase == *phrase && !claim.apart);
        one(counted.map(|claim| claim.verdict))
    });
    all(each)
}

/// Contradicted if any is; supported if all that were measured are, and one was; not measured
/// if none was; else undecided.
fn one(verdicts: impl Iterator<Item = ClaimVerdict>) -> ClaimVerdict {
    let measured = verdicts.filter(|verdict| *verdict != ClaimVerdict::NotMeasured);
    all(measured)
}

/// The same verdict where all agree; contradicted if any is; else undecided.
fn all(verdicts: impl Iterator<Item = ClaimVerdict>) -> ClaimVerdict {
    verdicts
        .reduce(|merged, next| match (merged, next) {
            (merged, next) if merged == next => merged,
            (ClaimVerdict::Contradicted, _) | (_, ClaimVerdict::Contradicted) => {
                ClaimVerdict::Contradicted
            }
            _ => ClaimVerdict::Undecided,
        })
        .unwrap_or(ClaimVerdict::NotMeasured)
}

#[cfg(test)]
mod tests {
    use super::ClaimVerdict::{Contradicted, NotMeasured, Supported, Undecided};
    use super::*;
    use crate::record::GuidanceSide;

    fn record(phrase: &str, verdict: ClaimVerdict, apart: bool) -> ClaimRecord {
        ClaimRecord {
            claim: "c".into(),
            row: "Core model".into(),
            phrase: phrase.into(),
            side: GuidanceSide::Temporal,
            prediction: String::new(),
            kind: "bound".into(),
            apart,
            verdict,
            sentence: String::new(),
            value: None,
            p: None,
            p_adjusted: None,
            interval_adjusted: None,
            effect: None,
            values: Vec::new(),
            evidence: Vec::new(),
            needs: None,
        }
    }

    #[test]
    fn a_phrase_is_the_merge_of_its_claims() {
        for (verdicts, expected) in [
            (&[][..], NotMeasured),
            (&[NotMeasured, NotMeasured][..], NotMeasured),
            (&[Supported, NotMeasured][..], Supported),
            (&[Supported, Undecided][..], Undecided),
            (&[Undecided, NotMeasured][..], Undecided),
            (&[Supported, Contradicted, Undecided][..], Contradicted),
            (&[Undecided, Contradicted][..], Contradicted),
        ] {
            let claims: Vec<_> = verdicts
                .iter()
                .map(|verdict| record("p", *verdict, false))
                .collect();
            assert_eq!(of_phrase(&claims, "p"), expected, "{verdicts:?}");
        }
    }

    #[test]
    fn an_ablation_counts_for_no_phrase_and_other_phrases_do_not_either() {
        let claims = [
            record("p", Supported, true),
            record("q", Contradicted, false),
        ];
        assert_eq!(of_phrase(&claims, "p"), NotMeasured);
    }

    #[test]
    fn advice_needs_all_its_phrases() {
        let claims = [
            record("p", Supported, false),
            record("q", NotMeasured, false),
        ];
        assert_eq!(of_phrases(&claims, &["p", "q"]), Undecided);
        assert_eq!(of_phrases(&claims, &["p"]), Supported);
        assert_eq!(of_phrases(&claims, &[]), NotMeasured);
    }
}
