//! Whether the policy is kept, and what a retry costs.

use crate::analysis::Analysis;
use crate::record::Measurement;
use crate::report::Block;
use crate::report::chart::{self, Dot};
use crate::report::table::estimates;

const EXPERIMENT: &str = "retries";

pub(in crate::report) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let gaps = [
        ("attempts", "attempts a failing step"),
        ("retry_gap_ms", "gap before a retry, ms"),
        ("retry_gap_excess_ms", "beyond the policy's delay, ms"),
    ];
    let caption = "Attempts and gaps, from the effect journal";
    let gaps = estimates(measurements, EXPERIMENT, caption, &gaps);
    let runs: Vec<Measurement> = measurements
        .iter()
        .filter(|each| is_rate(each))
        .cloned()
        .collect();
    let cost = estimates(
        &runs,
        EXPERIMENT,
        "Cost: time of a whole run at a share of failing attempts",
        &[("run_ms", "run, ms")],
    );
    let mut blocks = vec![Block::heading("Retries")];
    if gaps.is_none() && cost.is_none() {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    }
    blocks.push(Block::paragraph(
        "The policy is the same for every engine, with a constant delay. transient: a step fails three times and then succeeds; fatal: a named non-retryable error, one attempt expected and the run fails by that name; exhausted: the step fails always, all attempts expected and the run fails; rate-x: that share of all attempts fails. The gap is from the record of a failed attempt's end to that of the next one's invocation.",
    ));
    blocks.extend(gaps);
    let excess = dots(measurements, |each| {
        each.metric == "retry_gap_excess_ms"
            && each
                .factors
                .get("case")
                .is_some_and(|case| case == "transient")
    });
    blocks.extend(chart::dots(
        "retries-gap",
        "Gap before a retry beyond the policy's delay, with 95 % intervals",
        "ms",
        &excess,
    )?);
    blocks.extend(cost);
    blocks.extend(chart::dots(
        "retries-cost",
        "Time of a run at a share of failing attempts, with 95 % intervals",
        "ms",
        &dots(measurements, is_rate),
    )?);
    Ok(blocks)
}

fn is_rate(each: &Measurement) -> bool {
    each.experiment == EXPERIMENT
        && each.metric == "run_ms"
        && each
            .factors
            .get("case")
            .is_some_and(|case| case.starts_with("rate-"))
}

fn dots(measurements: &[Measurement], keep: impl Fn(&Measurement) -> bool) -> Vec<Dot> {
    measurements
        .iter()
        .filter(|each| each.experiment == EXPERIMENT && keep(each))
        .map(|each| {
            let factor = |name: &str| each.factors.get(name).map_or("", String::as_str);
            let what = if each.metric == "run_ms" {
                factor("case")
            } else {
                factor("scenario")
            };
            Dot::of(each, what)
        })
        .collect()
}
