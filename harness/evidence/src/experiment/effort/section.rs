//! Its section of the report.

use super::super::CAPABILITY_METRIC;
use super::{CONCEPTS, EXPERIMENT, LINES, PROCESSES};
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("What a pattern takes")];
    let columns = [
        Column::sum("programs_wrong", "programs wrong"),
        Column::value(CAPABILITY_METRIC, "level"),
        Column::value(LINES, "lines"),
        Column::value(CONCEPTS, "constructs"),
        Column::value(PROCESSES, "processes"),
    ];
    let caption = "What a user writes and operates for a pattern, of programs that came out right";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "The program of each pattern is run: all days of a source, a saga whose announcement fails for good, a person's word, a loop that loads day after day until there are enough rows, and one whose days run out before, which calls for somebody. Where it comes out right by the journal, what it takes is counted: the lines that a user writes for this pattern alone, without imports, comments and blank lines; how many constructs of the engine they use, which are names that are imported from it, attributes, and members of a context, each once; and the processes that have to be there before a run. What all patterns share, such as how a step is called, counts for none of them.",
    ));
    blocks.push(Block::paragraph(
        "Level, of the loop: 2, native, where by the engine's own history each of its steps was completed as a step of the run; 1, emulated, where it is the code of one step, which the engine neither sees nor retries in parts; 0, unsupported, where it came out wrong. Lines depend on the language and on who writes them, so that they decide nothing: the programs on Dagster are Python, the others Rust.",
    ));
    blocks.push(table);
    Ok(blocks)
}
