//! Its section of the report.

use super::super::CAPABILITY_METRIC;
use super::EXPERIMENT;
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("Models of a dbt project")];
    let columns = [
        Column::value(CAPABILITY_METRIC, "level"),
        Column::sum("models_wrong", "models wrong"),
        Column::sum("models_repeated", "built without need"),
        Column::value("edges_unknown", "edges unknown to the engine"),
        Column::value("tests_unknown", "tests unknown to the engine"),
        Column::value("graph_lines", "user lines for the graph"),
        Column::value("run_lines", "user lines to run dbt"),
        Column::estimate("models_ms", "all models, ms"),
    ];
    let caption = "What becomes of the models of a dbt project, by what happens to them";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "Each engine builds the same four models, each by dbt with its tests, from the flights that the ETL loads. \
         \"well\": all of them. \"repaired\": the statement of one is wrong, so that it fails in a first run, what it \
         reads and what is beside it is kept, and what reads it is not begun; the statement is put right, and a second \
         run goes on. A model is wrong that was not built when it had to be, or whose rows are not those of the ETL's \
         own marts. Level 2: the engine knows the models, what they read and their tests by itself. Level 1: by user \
         code that reads dbt's manifest. Level 0: something came out wrong, or everything was built again.",
    ));
    blocks.push(table);
    Ok(blocks)
}
