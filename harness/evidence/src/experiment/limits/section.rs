//! Its section of the report.

use super::EXPERIMENT;
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("Limits")];
    let columns = [
        Column::sum("chains_wrong", "chains wrong"),
        Column::estimate("run_ms", "run, ms"),
        Column::value("executions", "executions"),
        Column::value("longest_record", "entries in the longest record"),
    ];
    let caption = "One run of many steps, each on the one before it";
    let chains = estimates(measurements, EXPERIMENT.name, caption, &columns);
    let columns = [
        Column::sum("limit_met", "limits met"),
        Column::sum("limit_unknown", "not ended in time"),
    ];
    let caption = "Runs of which one thing is large, and what became of them";
    let probes = estimates(measurements, EXPERIMENT.name, caption, &columns);
    if chains.is_none() && probes.is_none() {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    }
    if let Some(probes) = probes {
        blocks.push(Block::paragraph(
            "One thing of a run is large: the characters of its name (name), the bytes that a step hands to the next by the engine's own means (payload), the steps that are asked for at once (steps-at-once) or one after the other in one execution (steps). Where a limit is met, how says what the engine did about it; its own words are in the raw files, in the label said. A run that went through has met no limit at that size; of one that has not ended in time it is not known whether it has.",
        ));
        blocks.push(probes);
    }
    let Some(table) = chains else {
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "A run is a chain of steps that do nothing, each on the one before it. A chain is wrong where the run did not end well, or the engine's own records do not have the end of each of its steps. Executions are how many of the engine's own the run took (a workflow that continues as new has several, each with a history of its own); the record is what the engine keeps of one of them: events of a history, of a catalog, of an event log. Temporal's server warns at 10,240 events of a history, and ends the workflow at 51,200.",
    ));
    blocks.push(table);
    let columns = [Column::estimate("hundred_ms", "a hundred steps, ms")];
    let caption = "Its first hundred steps and its last, from the end of one to the end of the hundredth, by the times in the engine's own records";
    blocks.extend(estimates(measurements, EXPERIMENT.name, caption, &columns));
    Ok(blocks)
}
