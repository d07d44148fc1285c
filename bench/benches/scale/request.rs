//! One request of many partitions: how long histories become, what planner and worker hold in memory, what a piece
//! uses, and what a million of them a day would.

use anyhow::{Result, ensure};
use orchbench_assets_on_temporal::MaterializeInput;
use orchbench_bench::{Worker, is_quick};
use orchbench_evidence::document::number;

use super::graph::Chain;
use super::lab::{History, Lab, Place, Side};
use super::{MIB, met, spread};

const RUNS: u32 = 3;
/// What the server suffers of one history before it warns.
const EVENTS_MOST: i64 = 10_240;
const MIB_MOST: f64 = 10.0;
const GIB: f64 = 1_073_741_824.0;
/// What the model is of.
const A_DAY: f64 = 1e6;
const DAY_S: f64 = 86_400.0;

/// What a piece of one run used.
struct Used {
    worker_ms: f64,
    temporal_ms: f64,
    postgres_ms: f64,
    catalog_bytes: f64,
    per_s: f64,
}

pub fn measure(lab: &Lab) -> Result<String> {
    let chain = match is_quick() {
        true => Chain::empty(20, 3),
        false => Chain::empty(1_000, 10),
    };
    let place = lab.place("request")?;
    let worker = place.worker(&chain, None, Side::Assets)?;
    let mut used = Vec::new();
    let mut executions = 0;
    for run in 0..RUNS {
        let (of_run, continuations) = one(lab, &place, &worker, &chain, run)?;
        used.push(of_run);
        executions += chain.partitions as usize + 1 + continuations;
    }
    let memory = worker.usage()?.peak_memory_bytes as f64 / MIB;
    worker.stop()?;
    let histories = place.histories(executions)?;
    Ok([
        bounds(&chain, &histories, memory)?,
        model(&chain, &histories, &used),
    ]
    .join("\n\n"))
}

/// One run of all, and how often its workflow continued as new.
fn one(
    lab: &Lab,
    place: &Place<'_>,
    worker: &Worker,
    chain: &Chain,
    run: u32,
) -> Result<(Used, usize)> {
    let now = || {
        anyhow::Ok([
            worker.usage()?.cpu_s,
            lab.server_usage()?.cpu_s,
            place.postgres_usage()?.cpu_s,
            place.catalog_bytes()?,
        ])
    };
    let before = now()?;
    let (took, outcome) = place.run(&MaterializeInput::new(format!("run-{run}")))?;
    let after = now()?;
    let steps = f64::from(chain.steps());
    ensure!(
        outcome.counts.materialized == u64::from(chain.steps()),
        "{outcome:?}"
    );
    let [worker_s, temporal_s, postgres_s, bytes]: [f64; 4] =
        std::array::from_fn(|at| (after[at] - before[at]) / steps);
    let used = Used {
        worker_ms: worker_s * 1e3,
        temporal_ms: temporal_s * 1e3,
        postgres_ms: postgres_s * 1e3,
        catalog_bytes: bytes,
        per_s: steps / took.as_secs_f64(),
    };
    Ok((used, outcome.continuations as usize))
}

/// How long histories have become; an error where one is too long.
fn bounds(chain: &Chain, histories: &[History], memory: f64) -> Result<String> {
    let row = |name: &str, workflow: &str| {
        let of = histories.iter().filter(|each| each.workflow == workflow);
        let sizes = of.map(|each| (each.events, each.bytes));
        let (events, bytes) = sizes.fold((0, 0), |most, size| {
            (most.0.max(size.0), most.1.max(size.1))
        });
        let mib = bytes as f64 / MIB;
        ensure!(
            (1..=EVENTS_MOST).contains(&events) && mib <= MIB_MOST,
            "{workflow}: expected at most {EVENTS_MOST} events and {MIB_MOST} MiB, found {events} and {mib}"
        );
        let mib = number(mib);
        Ok(format!(
            "| longest history of {name} | {events} events, {mib} MiB | at most {EVENTS_MOST}, {MIB_MOST} MiB: {} |",
            met(true)
        ))
    };
    Ok([
        format!(
            "| one request of {} partitions × {} assets, empty steps | | bound |\n|---|---|---|",
            chain.partitions, chain.assets
        ),
        row("the run's workflow", "MaterializeWorkflow")?,
        row("a lane's", "PiecesWorkflow")?,
        format!(
            "| peak memory of the worker, which plans and executes | {} MiB | |",
            number(memory)
        ),
    ]
    .join("\n"))
}

/// What a piece took, and what a million a day would: the median of the runs, from the least to the most.
fn model(chain: &Chain, histories: &[History], used: &[Used]) -> String {
    let pieces = f64::from(chain.steps() * RUNS);
    let events = histories.iter().map(|each| each.events).sum::<i64>() as f64 / pieces;
    let bytes = histories.iter().map(|each| each.bytes).sum::<i64>() as f64 / pieces;
    let processors = A_DAY / DAY_S / 1e3;
    let rows = [
        ("history events", vec![events], (A_DAY / 1e6, "million")),
        ("bytes of history", vec![bytes], (A_DAY / GIB, "GiB")),
        (
            "bytes of the catalog",
            of(used, |each| each.catalog_bytes),
            (A_DAY / GIB, "GiB"),
        ),
        (
            "processor of workers, ms",
            of(used, |each| each.worker_ms),
            (processors, "processors"),
        ),
        (
            "processor of Temporal, ms",
            of(used, |each| each.temporal_ms),
            (processors, "processors"),
        ),
        (
            "processor of PostgreSQL, ms",
            of(used, |each| each.postgres_ms),
            (processors, "processors"),
        ),
    ];
    let rows = rows.map(|(name, values, (times, unit))| {
        let a_day: Vec<f64> = values.iter().map(|value| value * times).collect();
        format!(
            "| {name} | {} | {} {unit} |",
            spread(&values),
            spread(&a_day)
        )
    });
    let rate = of(used, |each| each.per_s);
    let mut table = vec![format!(
        "| a piece, in {RUNS} runs | median (least to most) | of 1,000,000 a day |\n|---|---|---|"
    )];
    table.extend(rows);
    table.push(format!(
        "| pieces a second, all on this machine | {} | {} needed |",
        spread(&rate),
        number(A_DAY / DAY_S)
    ));
    table.join("\n")
}

fn of(used: &[Used], value: fn(&Used) -> f64) -> Vec<f64> {
    used.iter().map(value).collect()
}
