//! Its section of the report.

use super::super::CAPABILITY_METRIC;
use super::EXPERIMENT;
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("Microservices")];
    let columns = [
        Column::value(CAPABILITY_METRIC, "level"),
        Column::sum("orders_wrong", "orders wrong"),
        Column::sum("effects_left", "effects left"),
        Column::sum("changes_doubled", "effects doubled"),
        Column::sum("calls_too_early", "calls too early"),
        Column::sum("executions_repeated", "calls repeated"),
        Column::estimate("order_ms", "order, ms"),
    ];
    let caption = "What becomes of an order at three services, by what is wrong with one of them";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "An order calls three HTTP services: inventory (reserve), payment (charge), shipping (book). Each has one effect an idempotency key and keeps a ledger outside every engine, by which is judged. One of them has a trouble: errors, it answers 500 at first; throttles, it answers 429 at first and says when to come again; silent, it does what it is asked and its first answers never come; mute, the same for good; refuses, it answers 422 for good. The first three end well if the call is made again; of the last two nothing may stay, and what was done has to be undone, in reverse and once. An order is wrong where it did not come out so, where something happened twice, or where a call came before the time that a service had stated. The guidance is wrong about microservices where those of Temporal come out wrong.",
    ));
    blocks.push(Block::paragraph(
        "Level: 2, native, where by the engine's own history everything was completed in the run itself: the acts of an order that ended well, the compensations of one that failed; 1, emulated, where it came in another run, which code of the user starts: a hook on failure, a sensor; 0, unsupported, where the order came out wrong.",
    ));
    blocks.push(table);
    Ok(blocks)
}
