//! The checker's verdicts, and the evidence of what failed.

use crate::check;
use crate::document::{Block, Table, Text, figure, path, text};
use crate::record::{Outcome, Verdict};
use crate::results::Analysis;

/// Lines of evidence that the report shows of one verdict; `verdicts.json` has more.
const SHOWN: usize = 5;

pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let mut blocks = vec![
        Block::heading("The checker"),
        Block::paragraph(
            "Each invariant is checked in every trial that counts: pass, fail, or unknown where the evidence does not decide. Fails that a trial is there to show stand apart.",
        ),
    ];
    blocks.extend(matrix(analysis).block());
    let invariants = check::all();
    let statements = invariants
        .iter()
        .map(|each| format!("{}: {}.", each.name, each.statement));
    blocks.push(Block::list(statements));
    blocks.push(Block::subheading("Evidence of fails and unknowns"));
    let concerned: Vec<&Verdict> = analysis
        .verdicts
        .verdicts
        .iter()
        .filter(|verdict| verdict.outcome != Outcome::Pass)
        .collect();
    if concerned.is_empty() {
        blocks.push(Block::paragraph("None: every verdict is a pass."));
    }
    for verdict in concerned {
        blocks.push(Block::paragraph(headline(verdict)));
        if verdict.evidence.len() > 1 {
            let lines = verdict.evidence.iter().take(SHOWN).enumerate();
            blocks.push(Block::list(lines.map(|(index, line)| {
                figure::quoted(line, place(verdict, &format!("evidence/{index}")))
            })));
        }
    }
    blocks
}

fn headline(verdict: &Verdict) -> Text {
    let outcome = match (verdict.outcome, verdict.expected) {
        (Outcome::Fail, true) => "fail, as the trial is there to show",
        (Outcome::Fail, false) => "fail",
        _ => "unknown",
    };
    text![
        format!("{} in trial ", verdict.invariant),
        figure::quoted(&verdict.trial, place(verdict, "trial")),
        format!(": {outcome}. "),
        figure::quoted(&verdict.summary, place(verdict, "summary"))
    ]
}

fn place(verdict: &Verdict, field: &str) -> String {
    path::verdicts(&format!(
        "verdict/{}/{}/{field}",
        verdict.trial, verdict.invariant
    ))
}

fn matrix(analysis: &Analysis) -> Table {
    let head = [
        "invariant and engine",
        "pass",
        "fail",
        "fail as shown",
        "unknown",
    ];
    let mut table = Table::new("Verdicts, by invariant and engine", &head);
    for ((invariant, engine), counts) in analysis.verdict_counts() {
        let mut row = vec![Text::from(format!("{invariant} on {engine}"))];
        let outcomes = ["pass", "fail", "expected", "unknown"];
        row.extend(counts.iter().zip(outcomes).map(|(count, outcome)| {
            let place = path::verdict_count(invariant, engine, outcome);
            text![figure::count(*count, place)]
        }));
        table.rows.push(row);
    }
    table
}
