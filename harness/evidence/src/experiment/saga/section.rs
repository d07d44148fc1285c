//! Its section of the report.

use super::super::CAPABILITY_METRIC;
use super::EXPERIMENT;
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("Saga")];
    let columns = [
        Column::value(CAPABILITY_METRIC, "level"),
        Column::sum("sagas_wrong", "sagas wrong"),
        Column::sum("effects_left", "effects left"),
        Column::estimate("undo_ms", "failure to last compensation, ms"),
        Column::sum("executions_repeated", "executions repeated"),
        Column::sum("changes_doubled", "changes doubled"),
    ];
    let caption = "What is left of a saga, by where it fails and where its worker is killed";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "A run loads, publishes and announces. Asked is whether its net effect is all of that or nothing, when one of the three fails for good, before its effect or after it, and when the worker dies by SIGKILL at a point of an act or of a compensation. A saga is wrong where it failed and an effect of it stands, or its acts were not undone in reverse, or one was undone twice; where it ended well and something was undone or lacks; and where it has no end and is half done. What one engine fails to undo is counted, and nobody helps. The guidance is wrong about sagas where those of Temporal come out wrong, or where one of the asset side undoes by itself.",
    ));
    blocks.push(Block::paragraph(
        "Level: 2, native, where by the engine's own history every compensation completed in the run that failed; 1, emulated, where all was put back, but in another run or beside that history, by code that a user writes around the engine: a hook on failure, a sensor, a job of compensations; 0, unsupported, where something was not put back. It is taken from the trials without a kill.",
    ));
    blocks.push(table);
    Ok(blocks)
}
