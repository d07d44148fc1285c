//! Its section of the report.

use super::{EXPERIMENT, FAILURES, TIME, WRONG};
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("A workload rehearsed")];
    let columns = [
        Column::sum(WRONG, "runs wrong"),
        Column::estimate(TIME, "run, ms"),
        Column::value(FAILURES, "failed attempts planned"),
        Column::estimate("killed_after_ms", "killed after, ms"),
    ];
    let caption = "Runs of steps that pretend to work";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "A run is a chain of steps that take their time and do nothing else. Which attempts fail is drawn once for all engines of a block; the policy has them made again. Where something is killed, it is the worker that has the run, after half the time of the work, once; what it takes to notice that, to start the worker again and to make the lost attempt again is in the time. A run is wrong where it did not end well. Plain calls are not rehearsed: they try nothing again and remember nothing, so that a failed attempt or a death ends their run.",
    ));
    blocks.push(table);
    Ok(blocks)
}
