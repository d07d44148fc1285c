//! The outcome in a few lines.

use crate::document::Block;
use crate::record::Outcome;
use crate::results::Analysis;

pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let verdicts = &analysis.verdicts.verdicts;
    let count = |outcome: Outcome, expected: bool| {
        verdicts
            .iter()
            .filter(|each| each.outcome == outcome && each.expected == expected)
            .count()
    };
    let fails = count(Outcome::Fail, false);
    let unknown = count(Outcome::Unknown, false) + count(Outcome::Unknown, true);
    let decided = |words: &[&str]| {
        analysis
            .claims
            .claims
            .iter()
            .filter(|claim| words.contains(&claim.decision.as_str()))
            .count()
    };
    let (unmeasured, undecided) = (decided(&["not measured"]), decided(&["undecided"]));
    let total = analysis.claims.claims.len();
    let mut blocks = vec![
        Block::heading("Summary"),
        Block::List(vec![
            format!(
                "{} of {} planned trials count; {} are void.",
                analysis.counted.len(),
                analysis.plan.trials.len(),
                analysis.verdicts.void.len()
            ),
            format!(
                "The checker gave {} verdicts: {} pass, {fails} fail, {} fail as they are there to show, {unknown} unknown.",
                verdicts.len(),
                count(Outcome::Pass, false) + count(Outcome::Pass, true),
                count(Outcome::Fail, true),
            ),
            format!(
                "Of {total} sentences of the guidance, {} are decided, {undecided} undecided, {unmeasured} not measured yet.",
                total - undecided - unmeasured
            ),
        ]),
    ];
    if fails > 0 {
        blocks.push(Block::Warning(format!(
            "{fails} invariant{} broken; see the evidence below.",
            if fails == 1 { " is" } else { "s are" }
        )));
    }
    if !analysis.verdicts.warnings.is_empty() {
        blocks.push(Block::subheading("To know before the figures"));
        let warnings = analysis
            .verdicts
            .warnings
            .iter()
            .map(ToString::to_string)
            .collect();
        blocks.push(Block::List(warnings));
    }
    blocks
}
