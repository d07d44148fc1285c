//! Its section of the report.

use super::super::CAPABILITY_METRIC;
use super::{EXPERIMENT, LATE_WORD};
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("Waiting for a person")];
    let too_late = measurements.iter().any(|each| each.metric == LATE_WORD);
    let mut columns = vec![
        Column::value(CAPABILITY_METRIC, "level"),
        Column::sum("approvals_wrong", "approvals wrong"),
        Column::estimate("wake_ms", "word to next step, ms"),
        Column::sum("executions_repeated", "executions repeated"),
        Column::sum("changes_doubled", "changes doubled"),
    ];
    if too_late {
        columns.push(Column::value(LATE_WORD, "late word taken"));
    }
    let caption = "What becomes of a run that waits for a word, by what happens meanwhile";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "A run loads a day and waits for a person's word before it announces. The word comes once, or once more while the first is taking effect; or after all workers of the engine and every service beside them were killed by SIGKILL while the run waited, and started again on the same stores. An approval is wrong where the run did not wait, did not go on, announced before the word or took effect more than once. The guidance is wrong about waiting where those of Temporal come out wrong, or where one of Dagster goes on within the run that waited.",
    ));
    blocks.push(Block::paragraph(
        "Level: 2, native, where by the engine's own history the announcement was completed in the run that waited; 1, emulated, where it came in another run, which code of the user starts: a sensor that looks for words; 0, unsupported, where the approval was wrong. Patterns that end in blocking are of a step that does not end before the word and holds a process: what else users of Dagster build. From the word to the next step is from the word's acknowledgement; how often a sensor looks is a part of it.",
    ));
    if too_late {
        blocks.push(Block::paragraph(
            "Or the word comes too late (approval-expiry): the run waits for seconds only; then somebody is told that no word has come, and it is over, after which nothing may come of a word. Level is then that of who told somebody: the run that waited, or another. Late word taken: 0 where saying the word was refused as too late, 1 where it was taken in silence, as users of the engine say it.",
        ));
    }
    blocks.push(table);
    Ok(blocks)
}
