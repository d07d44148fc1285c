//! Equal trials compared with each other: the control that every difference has to stand.

use crate::document::{Block, Table, Text, figure, path, text};
use crate::record::SelfComparison;
use crate::results::Analysis;

pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let mut blocks = vec![Block::heading("Equal trials (A/A)")];
    let compared = &analysis.measurements.self_comparisons;
    if compared.is_empty() {
        blocks.push(Block::paragraph(
            "These results have no condition that was tried twice in a block.",
        ));
        return blocks;
    }
    blocks.push(Block::paragraph(
        "The same condition, twice in each block, compared as two engines would be. Where such a pair is decided, corrected for their number, its experiment decides nothing.",
    ));
    let head = [
        "condition",
        "first over second",
        "pairs",
        "independent comparisons of three blocks",
        "of which decided by themselves",
        "decided",
    ];
    let mut table = Table::new("Equal trials, in pairs", &head);
    for each in compared {
        table.row(row(each));
    }
    blocks.extend(table.block());
    blocks
}

fn row(each: &SelfComparison) -> [Text; 6] {
    let place = path::twin(each);
    let of = |statistic: &str| format!("{place}:{statistic}");
    [
        Text::from(path::label(&each.engine, &each.settings, &each.factors)),
        text![figure::estimate_of(
            each.ratio,
            each.interval,
            place.as_str()
        )],
        text![figure::count(each.pairs, of("n"))],
        text![figure::count(each.groups, of("groups"))],
        text![figure::count(each.groups_decided, of("groups_decided"))],
        text![figure::quoted(
            if each.decided { "yes" } else { "no" },
            of("decided")
        )],
    ]
}
