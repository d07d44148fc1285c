//! What an orchestrated run and step cost.

use crate::document::chart::{self, Line, Scale};
use crate::document::estimates;
use crate::document::number;
use crate::document::{Block, Table};
use crate::experiment::EMBEDDED_NOTE;
use crate::record::Measurement;
use crate::results::Analysis;

const EXPERIMENT: &str = "overhead";

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let columns = [
        ("start_ms", "start, ms"),
        ("step_ms", "a step, ms"),
        ("fit_residual_ratio", "largest relative residual"),
    ];
    let caption = "T = start + k·steps, fitted per trial; `direct` is the floor";
    let Some(table) = estimates(measurements, EXPERIMENT, caption, &columns) else {
        return Ok(vec![
            Block::heading("Overhead"),
            Block::paragraph("Not measured in these results."),
        ]);
    };
    let mut blocks = vec![
        Block::heading("Overhead"),
        Block::paragraph(format!(
            "Runs of steps that do nothing, in a chain (each on the one before) and fanned out (all independent). {EMBEDDED_NOTE}"
        )),
        table,
    ];
    for shape in ["chain", "fan-out"] {
        blocks.extend(figure(measurements, shape)?);
    }
    blocks.extend(noise(measurements).block());
    Ok(blocks)
}

fn figure(measurements: &[Measurement], shape: &str) -> anyhow::Result<Option<Block>> {
    let lines = Line::gather(measurements, "steps", |each| {
        each.experiment == EXPERIMENT
            && each.metric == "run_ms"
            && each
                .factors
                .get("scenario")
                .is_some_and(|name| name == EXPERIMENT)
            && each.factors.get("shape").is_some_and(|name| name == shape)
    });
    let title = format!("Time of a run of N steps without work, {shape}: both axes logarithmic");
    chart::lines(
        &format!("overhead-{shape}"),
        &title,
        ["steps", "ms"],
        Scale::Log,
        &lines,
    )
}

/// How far two fresh processes under one condition are apart: the A/A control that every
/// difference between engines has to exceed.
fn noise(measurements: &[Measurement]) -> Table {
    let head = [
        "scenario",
        "shape",
        "engine",
        "settings",
        "largest ratio",
        "trials",
    ];
    let mut table = Table::new(
        "Noise floor: a step's cost in two fresh processes under the same condition",
        &head,
    );
    for each in measurements
        .iter()
        .filter(|each| each.experiment == EXPERIMENT && each.metric == "step_ms")
    {
        let values: Vec<f64> = each
            .trials
            .iter()
            .flat_map(|trial| trial.values.clone())
            .collect();
        let largest = values.iter().copied().fold(f64::MIN, f64::max);
        let smallest = values.iter().copied().fold(f64::MAX, f64::min);
        if values.len() > 1 && smallest > 0.0 {
            let factor = |name: &str| each.factors.get(name).cloned().unwrap_or_default();
            table.rows.push(vec![
                factor("scenario"),
                factor("shape"),
                each.engine.clone(),
                each.settings.clone(),
                number(largest / smallest),
                values.len().to_string(),
            ]);
        }
    }
    table
}
