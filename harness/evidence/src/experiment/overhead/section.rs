//! What an orchestrated run and step cost.

use super::EXPERIMENT;
use crate::document::chart::{self, Line, Name, Palette};
use crate::document::{Block, Column, estimates};
use crate::experiment::{cost, places};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let columns = [
        Column::estimate("start_ms", "start, ms"),
        Column::estimate("step_ms", "a step, ms"),
        Column::estimate("step_over_in_process_ratio", "over in-process"),
        Column::estimate("engine_cpu_ms_a_step", "CPU a step, ms"),
        Column::estimate("engine_memory_mib", "memory, MiB"),
        Column::estimate("engine_written_kib_a_step", "written a step, KiB"),
        Column::estimate("disk_flushes_a_step", "flushes a step"),
        Column::share("step_by_line", "share of trials by line"),
        Column::estimate("fit_residual_ratio", "largest relative residual"),
        Column::share("warm_up_flat", "share of warm-ups that got flat"),
    ];
    let caption = "What a step costs: by a line where the times are one, else by the difference of the two largest sizes; plain calls are the floor";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        return Ok(vec![
            Block::heading("Overhead"),
            Block::paragraph("Not measured in these results."),
        ]);
    };
    let mut blocks = vec![
        Block::heading("Overhead"),
        Block::paragraph(format!(
            "Runs of steps that do nothing, in a chain (each on the one before) and fanned out (all independent). CPU, memory (the sum of its processes' peaks) and writes are of all processes of the engine, those of its server and database with them; flushes are the whole machine's. {}",
            places(&analysis.plan)
        )),
        table,
    ];
    for shape in ["chain", "fan-out"] {
        blocks.extend(chart_of(analysis, shape)?);
    }
    blocks.extend(cost::tables(measurements, EXPERIMENT.name));
    Ok(blocks)
}

fn chart_of(analysis: &Analysis, shape: &str) -> anyhow::Result<Option<Block>> {
    let measurements = &analysis.measurements.measurements;
    let palette = Palette::of(&analysis.plan.engines, measurements);
    let lines = Line::gather(measurements, &palette, "steps", |each| {
        each.experiment == EXPERIMENT.name
            && each.metric == "run_ms"
            && each
                .factors
                .get("scenario")
                .is_some_and(|name| name == EXPERIMENT.name)
            && each.factors.get("shape").is_some_and(|name| name == shape)
    });
    let name = Name {
        file: &format!("overhead-{shape}"),
        title: &format!("Time of a run of N steps without work, {shape}: both axes logarithmic"),
    };
    chart::lines(name, ["steps", "ms"], &lines)
}
