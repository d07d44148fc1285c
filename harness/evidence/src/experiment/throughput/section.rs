//! How much an engine does at a time, and how long a run waits.

use super::EXPERIMENT;
use crate::document::chart::{self, Line, Name, Palette};
use crate::document::{Block, Column, estimates, text, warnings};
use crate::experiment::{cost, places};
use crate::record::Warning;
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let peaks = [
        Column::estimate("capacity_runs_per_s", "runs/s"),
        Column::estimate("capacity_partitions_per_s", "partitions/s"),
        Column::share("knee_reached", "share of ladders with a knee"),
        Column::estimate("knee_in_flight", "runs in flight at the knee"),
    ];
    let peaks = estimates(
        measurements,
        EXPERIMENT.name,
        "Capacity: the highest rate of the closed-loop ladder, and where its knee is",
        &peaks,
    );
    let mut blocks = vec![Block::heading("Throughput")];
    let Some(peaks) = peaks else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(text![
        "Closed loop: a fixed number of runs in flight, up a ladder to the knee. Workload three-step: runs of three steps without work; etl: the real pipeline, a day a partition. ",
        places(&analysis.plan),
    ]));
    blocks.push(peaks);
    for (workload, metric, unit) in [
        ("three-step", "runs_per_s", "runs a second"),
        ("etl", "partitions_per_s", "partitions a second"),
    ] {
        blocks.extend(ladder(analysis, workload, metric, unit)?);
    }
    blocks.extend(latency(analysis));
    blocks.extend(cost::tables(measurements, EXPERIMENT.name));
    Ok(blocks)
}

fn ladder(
    analysis: &Analysis,
    workload: &str,
    metric: &str,
    unit: &str,
) -> anyhow::Result<Option<Block>> {
    let measurements = &analysis.measurements.measurements;
    let palette = Palette::of(&analysis.plan.engines, measurements);
    let lines = Line::gather(measurements, &palette, "in_flight", |each| {
        each.experiment == EXPERIMENT.name
            && each.metric == metric
            && each
                .factors
                .get("workload")
                .is_some_and(|name| name == workload)
    });
    let name = Name {
        file: &format!("throughput-{workload}"),
        title: &format!(
            "Throughput against concurrency, workload {workload}: both axes logarithmic"
        ),
    };
    chart::lines(name, ["in flight", unit], &lines)
}

fn latency(analysis: &Analysis) -> Vec<Block> {
    let columns = [
        Column::estimate("offered_runs_per_s", "offered, runs/s"),
        Column::estimate("achieved_ratio", "completed / offered"),
        Column::estimate("backlog_runs", "backlog at the end, runs"),
        Column::estimate("generator_lateness_p99_ms", "generator's lateness p99, ms"),
        Column::estimate("latency_p50_ms", "p50, ms"),
        Column::estimate("latency_p95_ms", "p95, ms"),
        Column::estimate("latency_p99_ms", "p99, ms"),
    ];
    let caption = "Open loops: latency from the intended start";
    let Some(table) = estimates(
        &analysis.measurements.measurements,
        EXPERIMENT.name,
        caption,
        &columns,
    ) else {
        return Vec::new();
    };
    let mut blocks = vec![
        Block::paragraph(
            "Open loop: runs begin at fixed instants whatever the engine does, so a stall counts for every run that it delays. A point decides nothing, and has no latencies, where the engine fell behind its offer by more than a hundredth or the generator itself was late. Percentiles are of each trial, compared over trials.",
        ),
        table,
    ];
    let behind = warnings(&analysis.plan, &analysis.verdicts.warnings, |each| {
        matches!(
            each,
            Warning::BehindOffer { .. } | Warning::GeneratorLate { .. }
        )
    });
    blocks.extend(behind.into_iter().map(Block::Warning));
    blocks
}
