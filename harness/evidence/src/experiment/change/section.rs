//! Its section of the report.

use super::super::CAPABILITY_METRIC;
use super::EXPERIMENT;
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("What is made again after a change")];
    let counts = [
        Column::sum("steps_needed", "steps that had to be"),
        Column::sum("steps_made_again", "steps made again"),
        Column::sum("steps_needless", "without need"),
        Column::sum("steps_missed", "missed"),
        Column::sum("partitions_left_out", "other partitions left out"),
        Column::sum("partitions_made_twice", "partitions loaded twice"),
        Column::estimate("partitions_per_s", "partitions/s"),
        Column::value("user_code_lines", "lines of user code"),
    ];
    let caption = "What a run makes again, by what has changed before it, over all trials";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &counts) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "A source of some days is made. Then one row of one of its days is corrected, or the code of one step has a new version (which makes the same), or nothing happens, and the engine is asked to bring up to date what is not. What had to be made follows from the dependencies of the steps and from what the journal says that each made before and after: a step whose input or code has changed, and each that reads something that came out otherwise. Whatever else was executed was without need, though what it left is the same. An engine that asks for no more than its users' \"run it\" makes everything.",
    ));
    blocks.push(Block::paragraph(
        "Where the condition is interrupted, a backfill of a month is killed when half of its days are loaded: SIGKILL of all of the engine, which is started again on the same stores. An engine that promises to go on with a run by itself is waited for; on another the run is begun again. Partitions a second count from the first step to the last load, the outage included.",
    ));
    blocks.push(Block::paragraph(
        "Where it is failing, the transform of one day fails for good in the first run, and what it failed of is mended before the second. The first run is to make every other day meanwhile, and to say that it failed; the second is to make what is left, and nothing else. No retry cures the failure: how Temporal fares with one that its retries outlast is not tried.",
    ));
    blocks.push(table);
    blocks.push(Block::paragraph(
        "Level: 2, native, where each step that was executed, or what it judges, was missing or stale by the engine's own records before; 1, emulated, where they know no such thing and code of the user kept what was made of what; 0, unsupported, where something was missed, or made again that does not depend on the change (of the pattern partition-change: that had not to be; of backfill-interrupted: a partition was not loaded, or more were loaded twice than a twentieth of them and as many as there were steps at work at once, of whose end the engine may not have heard; of backfill-failed-only: another day was left out because of the one that failed, or the second run made anything but what was left). Of a backfill that the run itself went on with, native is by its own history. A run in which nothing had to be made, and nothing was, shows no level. Lines of user code are those that look at the inputs, that decide and that ask, beside the definitions of the pipeline.",
    ));
    let levels = [Column::value(CAPABILITY_METRIC, "level")];
    let caption = "How each engine knows what to make again";
    blocks.extend(estimates(measurements, EXPERIMENT.name, caption, &levels));
    Ok(blocks)
}
