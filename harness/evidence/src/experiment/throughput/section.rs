//! How much an engine does at a time, and how long a run waits.

use crate::document::Block;
use crate::document::chart::{self, Line, Scale};
use crate::document::estimates;
use crate::experiment::EMBEDDED_NOTE;
use crate::record::{Measurement, Warning};
use crate::results::Analysis;

const EXPERIMENT: &str = "throughput";

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let peaks = [
        ("peak_runs_per_s", "runs/s"),
        ("peak_partitions_per_s", "partitions/s"),
    ];
    let peaks = estimates(
        measurements,
        EXPERIMENT,
        "The knee: the highest rate of the closed-loop ladder",
        &peaks,
    );
    let mut blocks = vec![Block::heading("Throughput")];
    let Some(peaks) = peaks else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(format!(
        "Closed loop: a fixed number of runs in flight, up a ladder to the knee. Workload three-step: runs of three steps without work; etl: the real pipeline, a day a partition. {EMBEDDED_NOTE} {}",
        server_note(analysis)
    )));
    blocks.push(peaks);
    for (workload, metric, unit) in [
        ("three-step", "runs_per_s", "runs a second"),
        ("etl", "partitions_per_s", "partitions a second"),
    ] {
        blocks.extend(ladder(measurements, workload, metric, unit)?);
    }
    blocks.extend(latency(analysis));
    Ok(blocks)
}

fn server_note(analysis: &Analysis) -> String {
    analysis
        .environment
        .server
        .as_ref()
        .map_or_else(String::new, |server| {
            format!(
                "Temporal's figures are of {} on {}; they hold for that server.",
                server.version, server.store
            )
        })
}

fn ladder(
    measurements: &[Measurement],
    workload: &str,
    metric: &str,
    unit: &str,
) -> anyhow::Result<Option<Block>> {
    let lines = Line::gather(measurements, "in_flight", |each| {
        each.experiment == EXPERIMENT
            && each.metric == metric
            && each
                .factors
                .get("workload")
                .is_some_and(|name| name == workload)
    });
    let title = format!("Throughput against concurrency, workload {workload}");
    chart::lines(
        &format!("throughput-{workload}"),
        &title,
        ["in flight", unit],
        Scale::Log,
        &lines,
    )
}

fn latency(analysis: &Analysis) -> Vec<Block> {
    let columns = [
        ("offered_runs_per_s", "offered, runs/s"),
        ("achieved_ratio", "achieved / offered"),
        ("latency_p50_ms", "p50, ms"),
        ("latency_p95_ms", "p95, ms"),
        ("latency_p99_ms", "p99, ms"),
    ];
    let caption = "Open loop at half of the trial's own peak: latency from the intended start";
    let Some(table) = estimates(
        &analysis.measurements.measurements,
        EXPERIMENT,
        caption,
        &columns,
    ) else {
        return Vec::new();
    };
    let mut blocks = vec![
        Block::paragraph(
            "Open loop: runs begin at fixed instants whatever the engine does, so a stall counts for every run that it delays. A trial counts only if it achieved at least 0.99 of its offer. Percentiles are over the merged samples, with intervals by order statistics.",
        ),
        table,
    ];
    let behind = analysis
        .verdicts
        .warnings
        .iter()
        .filter(|warning| matches!(warning, Warning::BehindOffer { .. }));
    blocks.extend(behind.map(|warning| Block::Warning(warning.to_string())));
    blocks
}
