//! The example workloads, and the option that the evidence is for.

use crate::advice::{Advice, reason};
use crate::document::{Block, Table, Text};

/// A row a workload.
pub(in crate::report) fn blocks(advices: &[(String, Advice)]) -> Vec<Block> {
    let head = ["workload", "choose", "by its needs", "adds to a run, s"];
    let mut table = Table::new("Workloads, and the choice that the evidence is for", &head);
    for (_, advice) in advices {
        if let Some(chosen) = advice.recommended() {
            let title = Text::from(advice.workload.title.as_str());
            let because = Text::from(reason(advice, chosen));
            let added = chosen.added.said.clone();
            table.row([title, Text::from(chosen.label.as_str()), because, added]);
        }
    }
    let note = Block::paragraph(
        "The order is stated, and nothing is weighed: fewest needs that an option lacks, then fewest of which it was not measured, then fewest that take code around it, then the least time that it adds. The records in advice/ have the figures behind each need, and what would change the choice; orchbench advise makes one for a workload of one's own.",
    );
    let mut blocks = vec![Block::heading("By the need")];
    blocks.extend(table.block());
    blocks.push(note);
    blocks
}
