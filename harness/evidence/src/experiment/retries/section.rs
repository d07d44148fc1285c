//! Whether the policy is kept, and what a retry costs.

use super::super::CAPABILITY_METRIC;
use super::{EXPERIMENT, NO_FAILURES};
use crate::document::chart::{self, Dot, Name, Palette};
use crate::document::{Block, Column, Table, Text, estimates, figure, path, text};
use crate::record::Measurement;
use crate::results::Analysis;
use crate::stats::{Pair, paired_ratio};

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let gaps = [
        Column::estimate("attempts", "attempts a failing step"),
        Column::estimate("retry_gap_ms", "gap before a retry, ms"),
        Column::estimate("retry_gap_excess_ms", "beyond the policy's delay, ms"),
    ];
    let caption = "Attempts and gaps, from the effect journal";
    let gaps = estimates(measurements, EXPERIMENT.name, caption, &gaps);
    let cost = estimates(
        measurements.iter().filter(|each| is_rate(each)),
        EXPERIMENT.name,
        "Cost: a whole run at a share of failing attempts",
        &[
            Column::estimate("run_ms", "run, ms"),
            Column::estimate("added_ms", "added by failures, ms"),
            Column::estimate("failed_share", "share of attempts that failed"),
            Column::estimate("executions_repeated", "executions repeated"),
            Column::estimate("commits_redundant", "commits without change"),
            Column::estimate("changes_doubled", "changes doubled"),
        ],
    );
    let mut blocks = vec![Block::heading("Retries")];
    if gaps.is_none() && cost.is_none() {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    }
    blocks.push(Block::paragraph(
        "The policy is the same for every engine, with a constant delay but where the case says otherwise. transient: a step fails three times and then succeeds; fatal: a named non-retryable error, one attempt expected and the run fails by that name; exhausted: the step fails always, all attempts expected and the run fails; rate-x: that share of all attempts fails, before the effect or after it; what failed after its effect has to be done again, and the second commit changes nothing. The gap is from the record of a failed attempt's end to that of the next one's invocation.",
    ));
    blocks.extend(gaps);
    let asked = [Column::value(CAPABILITY_METRIC, "level")];
    let caption = "How delays before retries can be asked for";
    if let Some(asked) = estimates(measurements, EXPERIMENT.name, caption, &asked) {
        blocks.push(Block::paragraph(
            "A step fails three times. Its delays are to be constant; or exponential, each longer than the one before; or capped, exponential up to a longest. Level: 2, native, where by the journal no retry came before its delay, and none that was not to grow was as late as one that does; 0, unsupported, where it was otherwise, as where a policy has no longest delay.",
        ));
        blocks.push(asked);
    }
    let excess = dots(analysis, |each| {
        each.metric == "retry_gap_excess_ms"
            && each
                .factors
                .get("case")
                .is_some_and(|case| case == "transient")
    });
    blocks.extend(chart::dots(
        Name {
            file: "retries-gap",
            title: "Gap before a retry beyond the policy's delay",
        },
        "ms",
        &excess,
    )?);
    blocks.extend(cost);
    blocks.extend(ratios(measurements).block());
    blocks.extend(chart::dots(
        Name {
            file: "retries-cost",
            title: "Time of a run at a share of failing attempts",
        },
        "ms",
        &dots(analysis, |each| is_rate(each) && each.metric == "run_ms"),
    )?);
    Ok(blocks)
}

/// Each rate against none, the engine against itself in the same block.
fn ratios(measurements: &[Measurement]) -> Table {
    let mut table = Table::new(
        "Cost: a run's time over that of one without failures, in pairs",
        &["condition", "times the run without failures", "pairs"],
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
        let Some(base) = base else { continue };
        let Some(ratio) = paired_ratio(&pairs(each, base)) else {
            continue;
        };
        let place = path::over(each, base);
        table.row([
            Text::from(path::label(&each.engine, &each.settings, &each.factors)),
            text![figure::estimate_of(
                ratio.value,
                ratio.interval,
                place.as_str()
            )],
            text![figure::count(ratio.pairs, format!("{place}:n"))],
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
                block: trial.block,
                name: format!("block {}", trial.block),
                a: trial.values.clone(),
                b: other.values.clone(),
            })
        })
        .collect()
}

fn is_rate(each: &Measurement) -> bool {
    each.experiment == EXPERIMENT.name
        && each
            .factors
            .get("case")
            .is_some_and(|case| case.starts_with("rate-"))
}

fn dots(analysis: &Analysis, keep: impl Fn(&Measurement) -> bool) -> Vec<Dot> {
    let measurements = &analysis.measurements.measurements;
    let palette = Palette::of(&analysis.plan.engines, measurements);
    measurements
        .iter()
        .filter(|each| each.experiment == EXPERIMENT.name && keep(each))
        .map(|each| {
            let factor = |name: &str| each.factors.get(name).map_or("", String::as_str);
            let what = if each.metric != "run_ms" {
                factor("scenario").to_owned()
            } else {
                format!("{} {}", factor("case"), factor("point"))
            };
            Dot::of(each, &palette, what.trim_end())
        })
        .collect()
}
