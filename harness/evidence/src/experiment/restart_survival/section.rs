//! Its section of the report.

use std::collections::BTreeSet;

use super::super::first_of_each;
use super::EXPERIMENT;
use super::pool::{Pooled, pooled};
use super::sweep;
use crate::document::chart::{self, Lane, Name, Parts, Unit};
use crate::document::{Block, Column, Span, Table, Text, estimates, figure, path, text};
use crate::measure::Timeline;
use crate::record::Measurement;
use crate::results::Analysis;

/// The parts of a recovery, in order of time.
const PARTS: [(&str, &str); 4] = [
    ("detect_ms", "detect"),
    ("reschedule_ms", "reschedule"),
    ("reexecute_ms", "re-execute"),
    ("catch_up_ms", "catch up"),
];

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("Restart survival")];
    let Some(counts) = counts(measurements).block() else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "A worker dies by SIGKILL at a named point of a named step, or the engine's server dies with runs in flight. Kill domains: unsupervised, one of two workers dies and stays dead; supervised, the only worker dies and is started again after a fixed delay, the same on every engine whose workers we start; where the engine starts the process of a run itself, nothing of ours starts it again in either. A server lives on in both. An engine without a server has none to kill: its worker is its engine. How each learns of a lost attempt, and what it does then:",
    ));
    let recoveries = analysis.plan.engines.iter();
    blocks.push(Block::list(recoveries.map(|engine| {
        Text::from(format!("{}: {}", engine.label, engine.recovery))
    })));
    blocks.extend(governors(analysis).map(Block::paragraph));
    blocks.push(counts);
    blocks.push(Block::paragraph(
        "The interval of a rate is Clopper and Pearson's, exact, also where none of the runs went wrong; it holds for kills drawn like these.",
    ));
    blocks.extend(done_again(measurements).block());
    // A sweep's trials ran side by side, and are too many for a row each.
    let swept = |each: &&Measurement| each.factors.contains_key("attempt");
    let columns = [
        Column::estimate("recovery_ms", "kill to run's good end, ms"),
        Column::estimate("detect_ms", "detect, ms"),
        Column::estimate("reschedule_ms", "reschedule, ms"),
        Column::estimate("detect_and_reschedule_ms", "both, ms"),
        Column::estimate("reexecute_ms", "re-execute, ms"),
        Column::estimate("catch_up_ms", "catch up, ms"),
        Column::estimate("executions_repeated", "executions repeated"),
    ];
    blocks.extend(estimates(
        measurements.iter().filter(|each| !swept(each)),
        EXPERIMENT.name,
        "Recovery, by crash point",
        &columns,
    ));
    blocks.push(Block::paragraph(
        "Detect: from the kill until the engine noted that the attempt was lost, by its own account. Reschedule: from there until a worker began the step again, with the policy's delay in it where the engine waits. Where nobody saw it noted, only both together are known.",
    ));
    let of_sweep: Vec<&Measurement> = measurements.iter().filter(swept).collect();
    blocks.extend(sweep::blocks(&analysis.plan, &of_sweep));
    blocks.extend(chart::parts(
        Name {
            file: "restart-recovery",
            title: "Recovery from the kill of a worker by its parts, averaged over crash points within a block",
        },
        "ms",
        &PARTS.map(|(_, name)| name),
        &parts(measurements),
        Unit::Blocks,
    )?);
    blocks.extend(timelines(analysis)?);
    Ok(blocks)
}

/// What an execution came to, in the order of [`crate::measure::Fate`].
const FATES: [&str; 3] = ["ended well", "struck, or failed", "made again"];

/// One killed run of each engine under each settings, engine under engine.
fn timelines(analysis: &Analysis) -> anyhow::Result<Option<Block>> {
    let of_kill = |each: &&Timeline| {
        let is = |factor: &str, value: &str| each.factors.get(factor).is_some_and(|it| it == value);
        is("scenario", EXPERIMENT.name) && is("fault", "kill-worker") && is("arm", "supervised")
    };
    let kills = analysis.timelines.iter().filter(of_kill);
    let shown = first_of_each(kills, |each| (&each.engine, &each.settings));
    let caption = "A killed run of each engine, execution by execution of its steps, on the time since the kill: of each the first trial that counts. Beside each lane when its run ended well. A step that takes less than two pixels is drawn as long as that; what began longer before the kill than the longest lane lasts after it stands at the edge.";
    chart::timelines(
        Name {
            file: "restart-timelines",
            title: "A killed run of each engine, step by step",
        },
        ("seconds since the kill", "kill"),
        &FATES,
        &shown
            .into_iter()
            .map(|each| lane(each, analysis))
            .collect::<Vec<_>>(),
        Text::from(caption),
    )
}

fn lane(timeline: &Timeline, analysis: &Analysis) -> Lane {
    let label = analysis.plan.label(&timeline.engine);
    let point = timeline.factors.get("point").map_or("", String::as_str);
    Lane {
        label: format!("{label} ({}), killed at {point}", timeline.settings),
        bars: timeline
            .bars
            .iter()
            .map(|bar| (bar.from_s, bar.to_s, bar.fate as usize))
            .collect(),
        ended: timeline.ended_s,
    }
}

/// What an engine executes again is its way to an effect that happened at least once; that it
/// changes no more than once is the sink's.
fn done_again(measurements: &[Measurement]) -> Table {
    let head = [
        "condition",
        "trials",
        "executions repeated",
        "overlapping",
        "commits without change",
        "changes doubled",
        "wasted work, share of the time in steps",
    ];
    let caption =
        "What was done again, summed over the trials; wasted work averaged within a block";
    let mut table = Table::new(caption, &head);
    let summed = [
        "executions_overlapping",
        "commits_redundant",
        "changes_doubled",
    ]
    .map(|metric| pooled(measurements, metric));
    let wasted = pooled(measurements, "wasted_work_ratio");
    for (pool, repeated) in pooled(measurements, "executions_repeated") {
        let mut row = vec![pool.label(), text![repeated.count()], text![repeated.sum()]];
        row.extend(
            summed
                .iter()
                .map(|all| recorded(all.get(&pool).map(Pooled::sum))),
        );
        row.push(recorded(wasted.get(&pool).map(|each| each.estimate())));
        table.rows.push(row);
    }
    table
}

/// A figure, or that it is not known.
fn recorded(figure: Option<Span>) -> Text {
    figure.map_or_else(|| Text::from("not recorded"), Text::from)
}

fn counts(measurements: &[Measurement]) -> Table {
    let head = [
        "condition",
        "runs ended right",
        "of",
        "rate of wrong runs",
        "rows lost",
        "changes doubled",
    ];
    let mut table = Table::new("Outcome of every kill, pooled over crash points", &head);
    let lost = pooled(measurements, "rows_lost");
    let doubled = pooled(measurements, "changes_doubled");
    for (pool, wrong) in pooled(measurements, "kills_wrong") {
        table.row([
            pool.label(),
            text![wrong.zeros()],
            text![wrong.count()],
            text![wrong.share()],
            recorded(lost.get(&pool).map(Pooled::sum)),
            recorded(doubled.get(&pool).map(Pooled::sum)),
        ]);
    }
    table
}

/// Pools in which the engine's note of the loss is known: the others have no parts to show.
fn parts(measurements: &[Measurement]) -> Vec<Parts> {
    let parts = PARTS.map(|(metric, _)| pooled(measurements, metric));
    parts[0]
        .keys()
        .map(|pool| Parts {
            label: pool.words(),
            points: parts
                .iter()
                .map(|part| part.get(pool).map(|each| each.point()))
                .collect(),
        })
        .collect()
}

/// The settings that govern recovery, from the trials' own parameters and runs: without them
/// the figures would look like properties of the engines alone.
fn governors(analysis: &Analysis) -> Option<Text> {
    let trials = || {
        let trials = analysis.plan.trials.iter();
        trials.filter(|trial| trial.experiment == EXPERIMENT.name)
    };
    // `None` where no trial's parameters have it: results of an earlier version.
    let values = |field: &str| {
        let pointer = format!("/{field}");
        let found = trials().filter_map(|trial| trial.parameters.pointer(&pointer)?.as_u64());
        let all: BTreeSet<u64> = found.collect();
        let all: Vec<String> = all.iter().map(u64::to_string).collect();
        let place = path::plan(&format!("parameters/{}/{field}", EXPERIMENT.name));
        (!all.is_empty()).then(|| figure::quoted(all.join(", "), place))
    };
    let retry = match (values("retry/max_attempts"), values("retry/delay_ms")) {
        (Some(attempts), Some(delay_ms)) => text![
            " Retry policy of every step, on every engine: at most ",
            attempts,
            " attempts, ",
            delay_ms,
            " ms apart."
        ],
        _ => Text::default(),
    };
    Some(text![
        "What governs recovery here: a supervisor starts a dead worker again after ",
        values("restart_delay_ms")?,
        " ms, on every engine whose workers we start. An engine with heartbeats has a heartbeat timeout of ",
        values("heartbeat_timeout_ms")?,
        " ms in these trials: a shorter one detects sooner and costs more traffic.",
        retry
    ])
}
