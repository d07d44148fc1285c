//! How throughput grows with workers that have one slot each, of steps that wait; and who uses the processors.

use anyhow::Result;
use orchbench_assets_on_temporal::MaterializeInput;
use orchbench_bench::{Worker, is_quick};
use orchbench_evidence::document::number;
use orchbench_evidence::stats::median;
use orchbench_lab::process::{Machine, Usage};

use super::graph::Chain;
use super::lab::{Lab, Place, Side};
use super::{met, spread};

/// Least throughput a worker, as a share of one worker's.
const BOUND: f64 = 0.9;
/// Lanes for each worker, so that all are one page of lanes, and steps in each.
const LANES: u32 = 6;
const STEPS: u32 = 10;

/// What so many workers came to.
struct Measured {
    workers: u32,
    per_s: f64,
    /// Processors used by all workers, by Temporal, by PostgreSQL and by all that runs.
    cpus: [f64; 4],
}

pub fn measure(lab: &Lab) -> Result<String> {
    let (counts, rounds, wait_ms): (&[u32], _, _) = match is_quick() {
        true => (&[1, 2], 1, 20),
        false => (&[1, 2, 4, 8, 16], 3, 200),
    };
    let mut all = Vec::new();
    for round in 0..rounds {
        let mut order = counts.to_vec();
        if round % 2 == 1 {
            order.reverse();
        }
        for count in order {
            all.push(with(lab, round, count, wait_ms)?);
        }
    }
    let mut text = format!(
        "| workers of one slot, steps of {wait_ms} ms | steps a second, median of {rounds} (least to most) | of what the slots could | of one worker's rate, a worker | at least {BOUND} | processors: workers | Temporal | PostgreSQL | all |\n|---|---|---|---|---|---|---|---|---|"
    );
    for count in counts {
        text.push('\n');
        text.push_str(&row(&all, *count, wait_ms));
    }
    Ok(text)
}

fn row(all: &[Measured], count: u32, wait_ms: u64) -> String {
    let of = |count: u32, value: &dyn Fn(&Measured) -> f64| -> Vec<f64> {
        let of = all.iter().filter(|each| each.workers == count);
        of.map(value).collect()
    };
    // Each count was measured.
    let middle = |values: &[f64]| median(values).unwrap_or(f64::NAN);
    let rates = of(count, &|each| each.per_s);
    let a_worker = middle(&rates) / f64::from(count);
    let efficiency = a_worker / middle(&of(1, &|each| each.per_s));
    let cpus = [0, 1, 2, 3].map(|at| number(middle(&of(count, &|each| each.cpus[at]))));
    format!(
        "| {count} | {} | {} | {} | {} | {} |",
        spread(&rates),
        number(a_worker * wait_ms as f64 / 1e3),
        number(efficiency),
        met(efficiency >= BOUND),
        cpus.join(" | ")
    )
}

fn with(lab: &Lab, round: u32, count: u32, wait_ms: u64) -> Result<Measured> {
    let place = lab.place(&format!("workers-{round}-{count}"))?;
    let chain = Chain {
        wait_ms,
        ..Chain::empty(count * LANES, STEPS)
    };
    let workers: Result<Vec<Worker>> = (0..count)
        .map(|_| place.worker(&chain, Some(1), Side::Assets))
        .collect();
    let workers = workers?;
    let input = MaterializeInput {
        // So that no slot waits for the next step of a lane.
        at_once: (count * LANES / 2) as usize,
        ..MaterializeInput::new("run")
    };
    let before = used(lab, &place, &workers)?;
    let (took, _) = place.run(&input)?;
    let after = used(lab, &place, &workers)?;
    for worker in workers {
        worker.stop()?;
    }
    let seconds = took.as_secs_f64();
    Ok(Measured {
        workers: count,
        per_s: f64::from(chain.steps()) / seconds,
        cpus: std::array::from_fn(|at| (after[at] - before[at]) / seconds),
    })
}

/// CPU seconds so far.
fn used(lab: &Lab, place: &Place<'_>, workers: &[Worker]) -> Result<[f64; 4]> {
    let of_workers: Result<Vec<Usage>> = workers.iter().map(Worker::usage).collect();
    Ok([
        of_workers?.iter().map(|usage| usage.cpu_s).sum(),
        lab.server_usage()?.cpu_s,
        place.postgres_usage()?.cpu_s,
        Machine::now().busy_s,
    ])
}
