//! What is used beside time: CPU, memory, writes, flushes, what an engine keeps of a run.

use super::sample;
use crate::document::{Block, Column, estimates};
use crate::record::{Measurement, Sample};

/// Metrics of cost, for every experiment that meters its trials.
pub const METRICS: &[&str] = &[
    "engine_cpu_ms_a_step",
    "engine_memory_mib",
    "engine_written_kib_a_step",
    "cpu_ms_a_run",
    "cpu_ms_a_step",
    "peak_memory_mib",
    "written_kib_a_step",
    "disk_flushes_a_step",
    "harness_cpu_share",
    "history_events",
    "billable_actions",
    "catalog_events",
    "dagster_runs",
    "dagster_events",
    "materializations",
];

const KIB: f64 = 1024.0;

/// Replaces what was metered by what all processes of the engine used (`engine_…`), by `cpu_ms_a_run`,
/// `cpu_ms_a_step`, `peak_memory_mib` and `written_kib_a_step` a kind of process, `disk_flushes_a_step` of the whole machine, and
/// `harness_cpu_share`, the harness's part of all metered CPU time. Other samples stay.
pub fn derive(observed: Vec<Sample>) -> Vec<Sample> {
    let total = |metric: &str| {
        let all = observed.iter().filter(|each| each.metric == metric);
        all.map(|each| each.value).sum::<f64>()
    };
    let (runs, steps) = (total("metered_runs"), total("metered_steps"));
    let cpu_s = total("cpu_s");
    let mut samples = of_engine(&observed, steps);
    for each in observed.iter() {
        let process = each.labels.get("process").map_or("", String::as_str);
        let label = [("process", process)];
        let mut add = |metric: &str, value: f64, labels: &[(&str, &str)]| {
            if value.is_finite() {
                samples.push(sample(metric, value, labels));
            }
        };
        match each.metric.as_str() {
            "metered_runs" | "metered_steps" => {}
            "cpu_s" => {
                add("cpu_ms_a_run", each.value * 1e3 / runs, &label);
                add("cpu_ms_a_step", each.value * 1e3 / steps, &label);
                if process == "harness" {
                    add("harness_cpu_share", each.value / cpu_s, &[]);
                }
            }
            "peak_memory_bytes" => add("peak_memory_mib", each.value / KIB / KIB, &label),
            "written_bytes" => add("written_kib_a_step", each.value / KIB / steps, &label),
            "disk_flushes" => add("disk_flushes_a_step", each.value / steps, &[]),
            _ => samples.push(each.clone()),
        }
    }
    samples
}

/// What all processes but the harness's own used together: CPU and writes a step, and the sum of their
/// peaks of memory.
fn of_engine(observed: &[Sample], steps: f64) -> Vec<Sample> {
    let metered = [
        ("cpu_s", "engine_cpu_ms_a_step", 1e3 / steps),
        ("peak_memory_bytes", "engine_memory_mib", 1.0 / KIB / KIB),
        (
            "written_bytes",
            "engine_written_kib_a_step",
            1.0 / KIB / steps,
        ),
    ];
    let total = |metric: &str| {
        let own = |each: &&Sample| {
            each.labels
                .get("process")
                .is_some_and(|name| name == "harness")
        };
        let metered = observed.iter().filter(|each| each.metric == metric);
        let of_engine = metered.filter(|each| !own(each)).map(|each| each.value);
        of_engine.reduce(|sum, value| sum + value)
    };
    let samples = metered.iter().filter_map(|(from, metric, unit)| {
        let value = total(from)? * unit;
        value.is_finite().then(|| sample(metric, value, &[]))
    });
    samples.collect()
}

/// Tables of what an experiment's trials used: by kind of process, and a run.
pub fn tables(measurements: &[Measurement], experiment: &str) -> Vec<Block> {
    let processes = [
        Column::estimate("cpu_ms_a_run", "CPU a run, ms"),
        Column::estimate("cpu_ms_a_step", "CPU a step, ms"),
        Column::estimate("peak_memory_mib", "peak memory, MiB"),
        Column::estimate("written_kib_a_step", "written a step, KiB"),
    ];
    let whole = [
        Column::estimate("disk_flushes_a_step", "flushes of the disk a step"),
        Column::estimate(
            "harness_cpu_share",
            "share of the CPU that the harness took",
        ),
        Column::estimate("history_events", "history events a run"),
        Column::estimate("billable_actions", "billable actions a run"),
        Column::estimate("catalog_events", "catalog events a run"),
        Column::estimate("dagster_runs", "runs of Dagster a run"),
        Column::estimate("dagster_events", "events of Dagster a run"),
        Column::estimate("materializations", "materializations a run"),
    ];
    let by_process = "What it cost beside time, by kind of process";
    let of_run = "What it cost beside time, the machine and what the engine keeps of a run";
    [
        estimates(measurements, experiment, by_process, &processes),
        estimates(measurements, experiment, of_run, &whole),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_metered_is_given_a_run_and_a_step() {
        let metered = vec![
            sample("metered_runs", 4.0, &[]),
            sample("metered_steps", 20.0, &[]),
            sample("cpu_s", 0.9, &[("process", "server")]),
            sample("cpu_s", 0.1, &[("process", "harness")]),
            sample("written_bytes", 40_960.0, &[("process", "server")]),
            sample("disk_flushes", 30.0, &[]),
            sample("run_ms", 3.0, &[]),
        ];
        let derived = derive(metered);
        let of = |metric: &str, process: &str| {
            derived
                .iter()
                .find(|each| {
                    let found = each.labels.get("process").map_or("", String::as_str);
                    each.metric == metric && found == process
                })
                .map(|each| (each.value * 1e6).round() / 1e6)
        };
        assert_eq!(of("cpu_ms_a_run", "server"), Some(225.0));
        assert_eq!(of("cpu_ms_a_step", "server"), Some(45.0));
        assert_eq!(of("engine_cpu_ms_a_step", ""), Some(45.0));
        assert_eq!(of("engine_written_kib_a_step", ""), Some(2.0));
        assert_eq!(of("engine_memory_mib", ""), None);
        assert_eq!(of("harness_cpu_share", ""), Some(0.1));
        assert_eq!(of("written_kib_a_step", "server"), Some(2.0));
        assert_eq!(of("disk_flushes_a_step", ""), Some(1.5));
        assert_eq!(of("run_ms", ""), Some(3.0));
        assert_eq!(of("metered_runs", ""), None);
    }
}
