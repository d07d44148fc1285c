//! The crash-point sweep, pooled over steps and points.

use super::pool::pooled;
use crate::document::{Block, Table, Text, text};
use crate::record::{Measurement, Plan};

/// Cells that are tried on no engine, and why; those that one engine has not are in the plan.
const INAPPLICABLE: [(&str, &str); 2] = [
    (
        "kill-server unsupervised",
        "there is one server; when nobody starts it again, no run can end",
    ),
    (
        "undo_announce, undo_publish, undo_load, escalate",
        "not steps of this pipeline: the saga's own tests kill its worker at every point of them",
    ),
];

/// Estimates over the sweep's blocks.
const COLUMNS: [(&str, &str); 7] = [
    ("recovery_ms", "kill to run's end, ms"),
    ("detect_ms", "detect, ms"),
    ("reschedule_ms", "reschedule, ms"),
    ("detect_and_reschedule_ms", "both, ms"),
    ("reexecute_ms", "re-execute, ms"),
    ("catch_up_ms", "catch up, ms"),
    ("wasted_work_ratio", "wasted work, share of step time"),
];

/// Nothing when there was no sweep.
pub(super) fn blocks(plan: &Plan, measurements: &[&Measurement]) -> Vec<Block> {
    let mut head = vec!["condition"];
    head.extend(COLUMNS.map(|(_, heading)| heading));
    head.extend(["blocks", "executions repeated", "trials"]);
    let caption =
        "Recovery in the sweep: steps, points, attempts and fencing averaged within a block";
    let mut table = Table::new(caption, &head);
    let all = || measurements.iter().copied();
    let columns = COLUMNS.map(|(metric, _)| pooled(all(), metric));
    for (pool, repeated) in pooled(all(), "executions_repeated") {
        let mut row = vec![pool.label()];
        row.extend(columns.iter().map(|column| {
            let value = column.get(&pool).map(|each| text![each.estimate()]);
            value.unwrap_or_else(|| Text::from("–"))
        }));
        row.extend([
            text![repeated.blocks()],
            text![repeated.sum()],
            text![repeated.count()],
        ]);
        table.rows.push(row);
    }
    let Some(table) = table.block() else {
        return Vec::new();
    };
    let executions = plan.engines.iter().map(|engine| {
        let executions = engine.executions.join(", ");
        format!("{} executes steps: {executions}.", engine.label)
    });
    let cells = INAPPLICABLE.map(|(cell, why)| format!("{cell}: {why}."));
    let cells: Vec<String> = executions.chain(cells).collect();
    vec![
        Block::paragraph(
            "The sweep tries step × point × kill × engine completely, attempt and fencing in pairs over it. Its trials run side by side, so its times are those of a loaded machine.",
        ),
        table,
        Block::paragraph("Cells that do not apply, and why:"),
        Block::list(cells),
    ]
}
