//! Below: a side's values against a limit, block by block, as a ratio's are against the other side's.

use std::collections::BTreeMap;

use super::ratio::Comparison;
use super::{Measured, beside, lacking};
use crate::claim::decide::Results;
use crate::claim::definition::{Claim, Predicted, Rule, SideOf};
use crate::claim::select::{Selected, pairs};
use crate::stats::{Pair, paired_ratio};

pub(super) fn measure(claim: &Claim, results: &Results<'_>) -> Result<Measured, String> {
    let Rule::Below {
        experiment,
        metric,
        limit,
        side,
    } = &claim.text.rule
    else {
        return Err("not a limit".to_owned());
    };
    let of = |side: &SideOf| Selected::of(results.measurements, experiment, metric, side);
    let selected = of(side);
    if selected.measurements.is_empty() {
        return Err(lacking(&claim.text.rule, side, results));
    }
    let values: Vec<_> = std::iter::once(side)
        .chain(&beside(claim))
        .filter_map(|side| of(side).value(side, metric))
        .collect();
    let test = compared(pairs(&selected, &selected, [side, side]), *limit);
    Ok(Measured {
        test: Box::new(test.ok_or("a block with a value")?),
        figures: BTreeMap::from([(
            "a",
            values
                .first()
                .map_or_else(String::new, |own| own.text.clone()),
        )]),
        values,
        evidence: selected.ids(),
    })
}

/// The values of blocks against the limit, which is the same in each. What decides has the metric's unit.
fn compared(blocks: Vec<Pair>, limit: f64) -> Option<Comparison> {
    let against_limit = |block: Pair| Pair {
        b: vec![limit],
        ..block
    };
    let pairs: Vec<Pair> = blocks.into_iter().map(against_limit).collect();
    Some(Comparison {
        ratio: paired_ratio(&pairs)?,
        predicted: Predicted::Lower,
        limit,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Test;
    use super::*;
    use crate::record::ClaimVerdict;

    fn of(values: &[f64]) -> Option<Comparison> {
        let block = |(block, value): (u32, &f64)| Pair {
            block,
            name: format!("block {block}"),
            a: vec![*value],
            b: vec![*value],
        };
        compared((0..).zip(values).map(block).collect(), 1_000.0)
    }

    fn verdict(values: &[f64]) -> Option<ClaimVerdict> {
        of(values).map(|test| test.verdict_at(0.95))
    }

    #[test]
    fn values_below_above_and_at_the_limit() {
        use ClaimVerdict::{Contradicted, Supported, Undecided};
        assert_eq!(verdict(&[280.0, 320.0, 260.0]), Some(Supported));
        assert_eq!(verdict(&[1_500.0, 1_600.0, 1_550.0]), Some(Contradicted));
        // The same as the limit, within the margin: that is not below it.
        assert_eq!(verdict(&[1_000.0, 1_001.0, 1_002.0]), Some(Contradicted));
        assert_eq!(verdict(&[300.0, 1_000.0, 2_000.0]), Some(Undecided));
        assert_eq!(verdict(&[280.0, 320.0]), Some(Undecided));
    }

    #[test]
    fn what_decides_has_the_unit_of_the_metric() {
        let value = of(&[280.0, 320.0, 260.0]).and_then(|test| test.value());
        assert!(
            value.is_some_and(|ms| (280.0..300.0).contains(&ms)),
            "{value:?}"
        );
    }
}
