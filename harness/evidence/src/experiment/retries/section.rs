//! Whether the policy is kept, and what a retry costs.

use crate::document::chart::{self, Dot};
use crate::document::number;
use crate::document::{Block, Table};
use crate::document::{condition, estimates};
use crate::record::Measurement;
use crate::results::Analysis;
use crate::stats::{Pair, paired_ratio};

const EXPERIMENT: &str = "retries";
/// The case that the other rates are held against.
const NO_FAILURES: &str = "rate-0.00";

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
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
        "Cost: a whole run at a share of failing attempts",
        &[
            ("run_ms", "run, ms"),
            ("executions_repeated", "executions repeated"),
            ("commits_redundant", "commits without change"),
            ("changes_doubled", "changes doubled"),
        ],
    );
    let mut blocks = vec![Block::heading("Retries")];
    if gaps.is_none() && cost.is_none() {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    }
    blocks.push(Block::paragraph(
        "The policy is the same for every engine, with a constant delay. transient: a step fails three times and then succeeds; fatal: a named non-retryable error, one attempt expected and the run fails by that name; exhausted: the step fails always, all attempts expected and the run fails; rate-x: that share of all attempts fails, before the effect or after it; what failed after its effect has to be done again, and the second commit changes nothing. The gap is from the record of a failed attempt's end to that of the next one's invocation.",
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
    blocks.extend(ratios(measurements, analysis.plan.seed).block());
    blocks.extend(chart::dots(
        "retries-cost",
        "Time of a run at a share of failing attempts, with 95 % intervals",
        "ms",
        &dots(measurements, |each| {
            is_rate(each) && each.metric == "run_ms"
        }),
    )?);
    Ok(blocks)
}

/// Each rate against none, the engine against itself in the same block.
fn ratios(measurements: &[Measurement], seed: u64) -> Table {
    let head = [
        "scenario",
        "condition",
        "engine",
        "settings",
        "times the run without failures",
        "pairs",
    ];
    let mut table = Table::new(
        "Cost: a run's time over that of one without failures, in pairs",
        &head,
    );
    let is_run = |each: &&Measurement| is_rate(each) && each.metric == "run_ms";
    let is_base = |each: &Measurement| {
        each.factors
            .get("case")
            .is_some_and(|case| case == NO_FAILURES)
    };
    for each in measurements
        .iter()
        .filter(is_run)
        .filter(|each| !is_base(each))
    {
        let base = measurements.iter().filter(is_run).find(|base| {
            is_base(base)
                && base.engine == each.engine
                && base.settings == each.settings
                && base.factors.get("scenario") == each.factors.get("scenario")
        });
        let Some(ratio) = base.and_then(|base| paired_ratio(&pairs(each, base), seed)) else {
            continue;
        };
        let (scenario, condition) = condition(&each.factors);
        let interval = ratio.interval.map_or_else(
            || " (no interval)".to_owned(),
            |interval| format!(" [{}, {}]", number(interval.low), number(interval.high)),
        );
        table.rows.push(vec![
            scenario,
            condition,
            each.engine.clone(),
            each.settings.clone(),
            format!("{}{interval}", number(ratio.value)),
            ratio.pairs.to_string(),
        ]);
    }
    table
}

/// Trials of the same block.
fn pairs(a: &Measurement, b: &Measurement) -> Vec<Pair> {
    a.trials
        .iter()
        .filter_map(|trial| {
            let other = b.trials.iter().find(|other| other.block == trial.block)?;
            Some(Pair {
                a: trial.values.clone(),
                b: other.values.clone(),
            })
        })
        .collect()
}

fn is_rate(each: &Measurement) -> bool {
    each.experiment == EXPERIMENT
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
            let what = if each.metric != "run_ms" {
                factor("scenario").to_owned()
            } else {
                format!("{} {}", factor("case"), factor("point"))
            };
            Dot::of(each, what.trim_end())
        })
        .collect()
}
