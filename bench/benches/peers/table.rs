//! The trials as a table: each side's median, and the ratio of the pairs with its interval.

use std::collections::BTreeMap;

use orchbench::environment;
use orchbench_evidence::document::number;
use orchbench_evidence::stats::{Pair, Side, median, paired_ratio};
use orchbench_temporal::SDK_VERSION;

use super::Trials;
use super::trial::{IN_FLIGHT, STEPS, Trial};
use super::worker::Sdk;

/// What is compared of a trial.
type Value = fn(&Trial) -> f64;

/// The table, under a line that says on what it was measured.
pub fn of(trials: &Trials) -> String {
    let rows: [(&str, Value); 3] = [
        ("workflows a second", |trial| trial.workflows_per_s),
        ("worker's CPU, ms an activity", |trial| {
            trial.cpu_ms_per_activity
        }),
        ("worker's peak memory, MiB", |trial| trial.peak_memory_mib),
    ];
    let mut lines = vec![
        measured_on(trials),
        String::new(),
        "| | Rust | Go | Rust / Go, 95 % interval | pairs | by more than 5 % |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(rows.map(|(name, value)| row(name, &trials.list, value)));
    lines.join("\n")
}

fn row(name: &str, trials: &[Trial], value: Value) -> String {
    let of = |sdk: Sdk, block: Option<u32>| -> Vec<f64> {
        trials
            .iter()
            .filter(|trial| trial.sdk == sdk && block.is_none_or(|block| block == trial.block))
            .map(value)
            .collect()
    };
    let side = |sdk: Sdk| median(&of(sdk, None)).map_or("–".to_owned(), number);
    let blocks = trials.iter().map(|trial| trial.block).max().unwrap_or(0);
    let pairs: Vec<Pair> = (0..=blocks)
        .map(|block| Pair {
            block,
            name: format!("block {block}"),
            a: of(Sdk::Rust, Some(block)),
            b: of(Sdk::Go, Some(block)),
        })
        .collect();
    let Some(ratio) = paired_ratio(&pairs) else {
        return format!(
            "| {name} | {} | {} | no pair | 0 | |",
            side(Sdk::Rust),
            side(Sdk::Go)
        );
    };
    let interval = ratio
        .interval
        .map_or("too few pairs".to_owned(), |interval| {
            format!("{} to {}", number(interval.low), number(interval.high))
        });
    let decided = match ratio.larger() {
        Side::A => "Rust more",
        Side::B => "Go more",
        Side::Neither => "neither",
        Side::Undecided => "undecided",
    };
    format!(
        "| {name} | {} | {} | {} ({interval}) | {} | {decided} |",
        side(Sdk::Rust),
        side(Sdk::Go),
        number(ratio.value),
        ratio.pairs
    )
}

fn measured_on(trials: &Trials) -> String {
    let machine = environment::capture(&[], None, BTreeMap::new(), BTreeMap::new());
    let day = machine.started_at.split('T').next().unwrap_or_default();
    let never_flat = trials.list.iter().filter(|trial| !trial.warm).count();
    format!(
        "{day}, {} × {}, {}, load {}; server {} on SQLite at its defaults; Rust SDK {SDK_VERSION} \
         ({} build), Go SDK {}; {STEPS} activities a workflow, {IN_FLIGHT} in flight; {} trials, of \
         which {never_flat} began before their rate was flat.",
        machine.cpus,
        machine.cpu,
        machine.os,
        machine.load_1m,
        trials.server_version,
        machine.build,
        go_sdk_version(),
        trials.list.len(),
    )
}

/// As `go.mod` pins it.
fn go_sdk_version() -> &'static str {
    include_str!("../../peers/go/go.mod")
        .lines()
        .find_map(|line| line.trim().strip_prefix("require go.temporal.io/sdk v"))
        .unwrap_or("unknown")
}
