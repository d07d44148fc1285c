//! Its section of the report.

use std::collections::{BTreeMap, BTreeSet};

use super::sweep;
use crate::document::chart::{self, Stack};
use crate::document::estimates;
use crate::document::number;
use crate::document::{Block, Table};
use crate::record::Measurement;
use crate::results::Analysis;
use crate::stats::{LEVEL, clopper_pearson, median, rule_of_three};

const EXPERIMENT: &str = "restart-survival";
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
        "A worker dies by SIGKILL at a named point of a named step, or the server dies with runs in flight. Kill domains: unsupervised, one of two workers dies and stays dead (the asset engine's second process stands by for the catalog's lock, Temporal's second worker polls the same queue); supervised, the only worker dies and is started again after the same fixed delay on every engine; Temporal's server lives on in both. An embedded engine has no server to kill: its worker is its engine.",
    ));
    blocks.extend(governors(analysis).map(Block::paragraph));
    blocks.push(counts);
    blocks.push(Block::paragraph(
        "Where none of n runs went wrong, 3/n bounds the rate at 95 % (rule of three, Hanley and Lippman-Hand 1983), for kills drawn like these; otherwise the interval is Clopper and Pearson's.",
    ));
    blocks.extend(done_again(measurements).block());
    // A sweep's trials ran side by side, and are too many for a row each.
    let (swept, alone): (Vec<Measurement>, Vec<Measurement>) = measurements
        .iter()
        .cloned()
        .partition(|each| each.factors.contains_key("execution"));
    let columns = [
        ("recovery_ms", "kill to run's end, ms"),
        ("detect_ms", "detect, ms"),
        ("reschedule_ms", "reschedule, ms"),
        ("detect_and_reschedule_ms", "both, ms"),
        ("reexecute_ms", "re-execute, ms"),
        ("catch_up_ms", "catch up, ms"),
        ("executions_repeated", "executions repeated"),
    ];
    blocks.extend(estimates(
        &alone,
        EXPERIMENT,
        "Recovery, by crash point",
        &columns,
    ));
    blocks.push(Block::paragraph(
        "Detect: from the kill until the engine noted that the attempt was lost, by its own account: the asset engine's catalog, or, as Temporal's history does not tell, its server, asked beside the run for when the next attempt was due, less the retry policy's delay. Reschedule: from there until a worker began the step again, with the policy's delay in it where the engine waits. Where nobody saw it noted, only both together are known.",
    ));
    blocks.extend(sweep::blocks(&swept));
    let title = "Recovery from the kill of a worker, median over crash points, by its parts";
    blocks.extend(chart::stacks(
        "restart-recovery",
        title,
        "ms",
        &PARTS.map(|(_, name)| name),
        &stacks(measurements),
    )?);
    Ok(blocks)
}

/// Group of conditions over which counts and parts are pooled: all but the crash point.
fn group(each: &Measurement) -> [String; 5] {
    let factor = |name: &str| each.factors.get(name).cloned().unwrap_or_default();
    [
        factor("scenario"),
        // A fault plan goes by its name.
        each.factors
            .get("plan")
            .cloned()
            .unwrap_or_else(|| factor("fault")),
        factor("arm"),
        engine(each),
        each.settings.clone(),
    ]
}

/// The engine, and where it executes its steps if that is not the usual place.
fn engine(each: &Measurement) -> String {
    match each.factors.get("execution").map(String::as_str) {
        Some("subprocess") => format!("{}, steps in subprocesses", each.engine),
        _ => each.engine.clone(),
    }
}

pub(super) fn pooled<'a>(
    measurements: &'a [Measurement],
    metric: &'a str,
) -> BTreeMap<[String; 5], Vec<f64>> {
    let mut groups: BTreeMap<[String; 5], Vec<f64>> = BTreeMap::new();
    for each in measurements
        .iter()
        .filter(|each| each.experiment == EXPERIMENT && each.metric == metric)
    {
        let values = each.trials.iter().flat_map(|trial| trial.values.iter());
        groups.entry(group(each)).or_default().extend(values);
    }
    groups
}

/// What an engine executes again is its way to an effect that happened at least once; that it
/// changes no more than once is the sink's.
fn done_again(measurements: &[Measurement]) -> Table {
    let head = [
        "scenario",
        "fault",
        "arm",
        "engine",
        "settings",
        "trials",
        "executions repeated",
        "overlapping",
        "commits without change",
        "changes doubled",
        "wasted work, share of the time in steps (median)",
    ];
    let mut table = Table::new("What was done again, summed over the trials", &head);
    let summed = [
        "executions_overlapping",
        "commits_redundant",
        "changes_doubled",
    ]
    .map(|metric| pooled(measurements, metric));
    let wasted = pooled(measurements, "wasted_work_ratio");
    let absent = || "not recorded".to_owned();
    for (key, repeated) in pooled(measurements, "executions_repeated") {
        let mut row: Vec<String> = key.to_vec();
        row.push(repeated.len().to_string());
        row.push(number(repeated.iter().sum()));
        row.extend(summed.iter().map(|counts| {
            counts
                .get(&key)
                .map_or_else(absent, |values| number(values.iter().sum()))
        }));
        let share = wasted.get(&key).and_then(|values| median(values));
        row.push(share.map_or_else(absent, number));
        table.rows.push(row);
    }
    table
}

fn counts(measurements: &[Measurement]) -> Table {
    let head = [
        "scenario",
        "fault",
        "arm",
        "engine",
        "settings",
        "runs ended right",
        "rate of wrong runs",
        "rows lost",
        "changes doubled",
    ];
    let mut table = Table::new("Outcome of every kill, pooled over crash points", &head);
    let lost = pooled(measurements, "rows_lost");
    let doubled = pooled(measurements, "changes_doubled");
    for (key, wrong) in pooled(measurements, "runs_wrong") {
        let n = wrong.len();
        let k = wrong.iter().filter(|value| **value > 0.0).count();
        let total = |counts: &BTreeMap<[String; 5], Vec<f64>>| {
            counts.get(&key).map_or_else(
                || "not recorded".to_owned(),
                |values| number(values.iter().sum()),
            )
        };
        let mut row: Vec<String> = key.to_vec();
        row.extend([
            format!("{} of {n}", n - k),
            rate(k, n),
            total(&lost),
            total(&doubled),
        ]);
        table.rows.push(row);
    }
    table
}

fn rate(k: usize, n: usize) -> String {
    let percent = |share: f64| number(share * 100.0);
    match rule_of_three(n).filter(|_| k == 0) {
        Some(bound) => format!("0 %, at most {} % (3/n)", percent(bound)),
        None => clopper_pearson(k, n, LEVEL).map_or_else(String::new, |(low, high)| {
            format!(
                "{} % [{}, {}]",
                percent(k as f64 / n as f64),
                percent(low),
                percent(high)
            )
        }),
    }
}

/// Groups in which the engine's note of the loss is known: the others have no parts to show.
fn stacks(measurements: &[Measurement]) -> Vec<Stack> {
    let parts = PARTS.map(|(metric, _)| pooled(measurements, metric));
    parts[0]
        .keys()
        .map(|key| {
            let [scenario, fault, arm, engine, settings] = key;
            let medians = parts.iter().map(|part| {
                let values = part.get(key);
                values.and_then(|values| median(values)).unwrap_or(0.0)
            });
            Stack {
                label: format!("{engine} ({settings}), {arm}, {fault}, {scenario}"),
                parts: medians.collect(),
            }
        })
        .collect()
}

/// The settings that govern recovery, from the trials' own parameters and runs: without them
/// the figures would look like properties of the engines alone.
fn governors(analysis: &Analysis) -> Option<String> {
    let trials = || {
        let trials = analysis.plan.trials.iter();
        trials.filter(|trial| trial.experiment == EXPERIMENT)
    };
    // `None` where no trial's parameters have it: results of an earlier version.
    let values = |pointer: &str| {
        let found = trials().filter_map(|trial| trial.parameters.pointer(pointer)?.as_u64());
        let all: BTreeSet<u64> = found.collect();
        let all: Vec<String> = all.iter().map(u64::to_string).collect();
        (!all.is_empty()).then(|| all.join(", "))
    };
    let retry = match (values("/retry/max_attempts"), values("/retry/delay_ms")) {
        (Some(attempts), Some(delay_ms)) => format!(
            " Retry policy of every step, on every engine: at most {attempts} attempts, {delay_ms} ms apart. Temporal counts a lost attempt among them and waits before the next; the asset engine makes an attempt that died with its worker good, within a bound of its own, and does not wait; one whose subprocess alone died it retries as the policy says."
        ),
        _ => String::new(),
    };
    Some(format!(
        "What governs recovery here: a supervisor starts a dead worker again after {} ms, on every engine. Temporal's server learns of a dead worker by silence, a heartbeat timeout of {} ms in these trials and the sticky timeout of the settings: shorter ones detect sooner and cost more traffic. The asset engine's stand-by learns of it at once, as the kernel releases the dead owner's lock, on one machine only: that lock is its lease, and it ends with the owner's life only: from a worker that is frozen nobody takes over.{retry}",
        values("/restart_delay_ms")?,
        values("/heartbeat_timeout_ms")?
    ))
}
