//! The when-to-use table, and the sentences row by row.

use crate::claim::{GUIDANCE, NOT_MEASURED, Row};
use crate::document::{Block, Table};
use crate::results::Analysis;

pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let head = [
        "consideration",
        "the guidance on Temporal",
        "the guidance on asset-style",
        "measured here",
    ];
    let mut table = Table::new("The guidance under test", &head);
    table.rows = GUIDANCE
        .iter()
        .map(|row| {
            vec![
                row.name.to_owned(),
                row.temporal.to_owned(),
                row.asset_style.to_owned(),
                outcome(analysis, row),
            ]
        })
        .collect();
    let mut blocks = vec![Block::heading("When to use which"), Block::Table(table)];
    for row in GUIDANCE {
        blocks.push(Block::subheading(row.name));
        blocks.push(Block::List(
            analysis
                .claims_of(row.name)
                .map(|claim| claim.sentence.clone())
                .collect(),
        ));
    }
    blocks
}

/// `2 for asset-engine, 1 undecided`, in the order of first appearance.
fn outcome(analysis: &Analysis, row: &Row) -> String {
    let decisions: Vec<&str> = analysis
        .claims_of(row.name)
        .map(|claim| claim.decision.as_str())
        .collect();
    if decisions.iter().all(|decision| *decision == NOT_MEASURED) {
        return "not measured yet".to_owned();
    }
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for decision in decisions {
        match counted.iter_mut().find(|(name, _)| *name == decision) {
            Some((_, count)) => *count += 1,
            None => counted.push((decision, 1)),
        }
    }
    let words = |(decision, count): (&str, usize)| match decision {
        NOT_MEASURED => format!("{count} not measured yet"),
        "undecided" | "equivalent" => format!("{count} {decision}"),
        engine => format!("{count} for {engine}"),
    };
    counted
        .into_iter()
        .map(words)
        .collect::<Vec<_>>()
        .join(", ")
}
