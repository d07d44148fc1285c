//! The outcome in a few lines.

use crate::claim::{count_phrases, phrases};
use crate::document::{Block, Text, figure, path, text, warning, warnings};
use crate::record::{ClaimVerdict, Outcome, Warning};
use crate::results::Analysis;

/// What stands above everything: warnings that are about every figure.
pub(in crate::report) fn first_of_all(analysis: &Analysis) -> Vec<Block> {
    let warnings = analysis.verdicts.warnings.iter().enumerate();
    let of_all = warnings.filter(|(_, each)| {
        matches!(
            each,
            Warning::BusyAtStart { .. } | Warning::Damaged { .. } | Warning::DebugBuild
        )
    });
    of_all
        .map(|(index, each)| Block::Warning(warning(index, each)))
        .collect()
}

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
    let claims = &analysis.claims.claims;
    let claimed = |verdict: ClaimVerdict| {
        let counted = claims
            .iter()
            .filter(|claim| !claim.apart && claim.verdict == verdict);
        counted.count()
    };
    let judged = |verdict: ClaimVerdict| count_phrases(claims, verdict);
    let predictions = claims.iter().filter(|claim| !claim.apart).count();
    let verdict =
        |count: usize, outcome: &str| figure::count(count, path::verdict_count("*", "*", outcome));
    let mut blocks = vec![
        Block::heading("Summary"),
        Block::list([
            text![
                figure::count(analysis.counted.len(), path::plan("trials:counted")),
                " of ",
                figure::count(analysis.plan.trials.len(), path::plan("trials")),
                " planned trials count; ",
                figure::count(analysis.verdicts.void.len(), path::verdicts("void")),
                " are void."
            ],
            text![
                "The checker gave ",
                verdict(verdicts.len(), "*"),
                " verdicts: ",
                verdict(
                    count(Outcome::Pass, false) + count(Outcome::Pass, true),
                    "pass"
                ),
                " pass, ",
                verdict(fails, "fail"),
                " fail, ",
                verdict(count(Outcome::Fail, true), "expected"),
                " fail as they are there to show, ",
                verdict(unknown, "unknown"),
                " unknown."
            ],
            text![
                "Of ",
                figure::count(phrases().count(), path::claim_count("phrases", "*")),
                " phrases of the guidance, ",
                counts("phrases", judged)
            ],
            text![
                "Of ",
                figure::count(predictions, path::claim_count("predictions", "*")),
                " predictions that test them, ",
                counts("predictions", claimed)
            ],
        ]),
    ];
    if fails > 0 {
        blocks.push(Block::Warning(text![
            verdict(fails, "fail"),
            if fails == 1 {
                " invariant is broken; see the evidence below."
            } else {
                " invariants are broken; see the evidence below."
            }
        ]));
    }
    if !analysis.verdicts.warnings.is_empty() {
        blocks.push(Block::subheading("To know before the figures"));
        let all = &analysis.verdicts.warnings;
        blocks.push(Block::list(warnings(&analysis.plan, all, |_| true)));
    }
    blocks
}

/// `3 supported, 0 contradicted, 2 undecided, 18 not measured.`
pub(in crate::report) fn counts(what: &str, of: impl Fn(ClaimVerdict) -> usize) -> Text {
    let verdicts = [
        ClaimVerdict::Supported,
        ClaimVerdict::Contradicted,
        ClaimVerdict::Undecided,
        ClaimVerdict::NotMeasured,
    ];
    let each = verdicts.map(|verdict| {
        let word = verdict.to_string();
        let count = figure::count(of(verdict), path::claim_count(what, &word));
        text![count, format!(" {word}")]
    });
    text![Text::joined(each, ", "), "."]
}
