//! Throughput: a closed-loop ladder up to the knee, then latency in an open loop at half
//! the peak; and the real ETL in partitions a second.

use std::time::{Duration, Instant};

use orchbench_etl::RetrySpec;
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment, closed_loop, open_loop};
use crate::engine::{Job, Pipeline, Setup, Shape, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::TrialStatus;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "throughput",
    question: "how much does the engine do at a time, and how long does a run wait at half of it",
    plan,
    run,
};

/// Open loops offer at most this many runs a second: the load stays bounded.
const MAX_RATE_PER_S: f64 = 200.0;
/// Longest that a whole ETL run may take.
const ETL_DEADLINE: Duration = Duration::from_secs(1800);
/// Steps of the small run.
const STEPS: u32 = 3;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    workloads: Vec<Workload>,
    /// Source of the ETL workload.
    source: String,
    /// Rungs of the ladder.
    in_flight: Vec<usize>,
    /// Duration of each rung.
    step_seconds: f64,
    /// Duration of the open loop.
    open_loop_seconds: f64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Workload {
    Etl,
    ThreeStep,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let trial = Parameters {
        workloads: Vec::new(),
        ..parameters.clone()
    };
    Ok(parameters
        .workloads
        .iter()
        .map(|workload| {
            let name = match workload {
                Workload::Etl => "etl",
                Workload::ThreeStep => "three-step",
            };
            Condition::new(&[("workload", name)], &trial)
        })
        .collect())
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    match trial.factor("workload")? {
        Workload::Etl => etl(trial, &parameters)?,
        Workload::ThreeStep => three_step(trial, &parameters)?,
    }
    Ok(TrialStatus::Completed)
}

fn three_step(trial: &Trial<'_>, parameters: &Parameters) -> Result<(), TrialError> {
    let job = Job::Noop {
        shape: Shape::Chain,
        steps: STEPS,
    };
    let session = trial.open(Setup::default())?;
    let duration = Duration::from_secs_f64(parameters.step_seconds);
    closed_loop::runs_per_s(trial, &*session, &job, 1, duration.mul_f64(0.2))?;
    let mut peak: f64 = 0.0;
    for in_flight in &parameters.in_flight {
        let rate = closed_loop::runs_per_s(trial, &*session, &job, *in_flight, duration)?;
        trial.sample("runs_per_s", rate, &[("in_flight", &in_flight.to_string())])?;
        peak = peak.max(rate);
    }
    let rate = (peak / 2.0).min(MAX_RATE_PER_S);
    let observed = open_loop::observe(
        trial,
        &*session,
        &job,
        rate,
        Duration::from_secs_f64(parameters.open_loop_seconds),
    )?;
    let label = format!("{rate:.1}");
    trial.sample("offered_runs_per_s", rate, &[])?;
    trial.sample(
        "achieved_ratio",
        observed.achieved_ratio,
        &[("rate_per_s", &label)],
    )?;
    for latency_ms in observed.latencies_ms {
        trial.sample("latency_ms", latency_ms, &[("rate_per_s", &label)])?;
    }
    trial.close(session)
}

/// Each rung has a session, and so a warehouse, of its own: a second run on the same one
/// would load nothing.
fn etl(trial: &Trial<'_>, parameters: &Parameters) -> Result<(), TrialError> {
    for in_flight in &parameters.in_flight {
        let session = trial.open(Setup {
            concurrency: *in_flight,
            ..Setup::default()
        })?;
        let work = Work {
            run: format!("etl-{in_flight}"),
            job: Job::Pipeline(Pipeline {
                concurrency: *in_flight,
                ..Pipeline::new(&parameters.source, RetrySpec::default())
            }),
        };
        let begun = Instant::now();
        let summary = trial.complete(&*session, &work, ETL_DEADLINE)?;
        let elapsed_s = begun.elapsed().as_secs_f64();
        let partitions = summary.map_or(0, |summary| summary.partitions);
        trial.sample(
            "partitions_per_s",
            partitions as f64 / elapsed_s,
            &[("in_flight", &in_flight.to_string())],
        )?;
        trial.close_and_keep(session, &[work])?;
    }
    Ok(())
}
