//! Its section of the report.

use super::super::CAPABILITY_METRIC;
use super::EXPERIMENT;
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("Other code while runs wait")];
    let columns = [
        Column::value(CAPABILITY_METRIC, "level"),
        Column::sum("old_runs_wrong", "old runs wrong"),
        Column::sum("new_runs_wrong", "new runs wrong"),
        Column::sum("rolled_back", "deployments taken back"),
        Column::sum("changes_doubled", "changes doubled"),
    ];
    let caption = "What becomes of runs when other code is deployed while one waits";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "A run loads a day and waits for a person's word. Meanwhile the code is changed: a step more, by which somebody is told, before the wait. All workers are ended and started with the new code (a new code server on Dagster), a run of that begins, and both get their word. next: the change is made by the rules of the engine, a patch marker on Temporal, nothing in particular elsewhere. next-unguarded: the same without the marker. next-versioned: that code in a worker of another build beside the old one, by Temporal's worker versioning, which pins a run to the build that it began under. Where the run that waited does not end, and the engine says what keeps it (on Temporal a workflow task that fails by nondeterminism), the deployment is taken back.",
    ));
    blocks.push(Block::paragraph(
        "A run of the old code is wrong where it did not end well, announced before its word or more than once, or told somebody after all; one of the new code where nobody was told. Level: 2, native, where the run that waited went on itself and all came out right; 1, emulated, where what came after the wait was another run; 0, unsupported, where a run was wrong or the deployment had to be taken back.",
    ));
    blocks.push(table);
    Ok(blocks)
}
