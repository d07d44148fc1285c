//! Throughput: a closed-loop ladder up to the knee, then latency in open loops, at a share of that
//! trial's own capacity and at rates that are the same for every engine; and the real ETL in
//! partitions a second.

use std::time::{Duration, Instant};

use orchbench_etl::{RetrySpec, Shape};
use orchbench_evidence::record::{TrialPlan, TrialStatus};
use orchbench_evidence::stats::{self, Knee};
use serde::{Deserialize, Serialize};

use super::open_loop::{Arrivals, Offer};
use super::{Condition, Experiment, closed_loop, open_loop, warm_up};
use crate::engine::{Job, Pace, Pipeline, Session, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "throughput",
    question: "how much does the engine do at a time, and how long does a run wait below that",
    plan,
    run,
    seconds,
};

/// Open loops offer at most this many runs a second: the load stays bounded.
const MAX_RATE_PER_S: f64 = 400.0;
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
    /// Rungs of the ladder, in ascending order.
    in_flight: Vec<u32>,
    /// Where the knee is not among those rungs, the ladder goes on by doublings up to here.
    #[serde(default)]
    max_in_flight: u32,
    /// Shortest duration of a rung; it goes on until every lane has ended five runs.
    step_seconds: f64,
    /// Duration of each open loop.
    open_loop_seconds: f64,
    /// Open loops at these shares of the trial's own capacity.
    #[serde(default)]
    shares: Vec<f64>,
    /// Open loops at these rates, runs a second, the same for every engine.
    #[serde(default)]
    rates_per_s: Vec<f64>,
    #[serde(default)]
    arrivals: Vec<Arrivals>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
        .map(|workload| match workload {
            Workload::Etl => {
                Condition::new(&[("workload", "etl")], &trial).of([&parameters.source])
            }
            Workload::ThreeStep => Condition::new(&[("workload", "three-step")], &trial),
        })
        .collect())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let Ok(parameters) = serde_json::from_value::<Parameters>(trial.parameters.clone()) else {
        return 0.0;
    };
    let rungs = parameters.in_flight.len() as f64;
    if !trial.sources.is_empty() {
        let source = orchbench_etl::Source::embedded(&parameters.source);
        let days = source.map_or(1.0, |source| source.days.len() as f64);
        // Its days, of which some are in work at a time, and what comes before and after them.
        let run_s = (days + 2.0) * pace.partition_s + (4.0 * days + 2.0) * pace.step_s;
        return rungs * (pace.start_s + run_s + 1.0);
    }
    let rung_s = parameters
        .step_seconds
        .max(closed_loop::RUNS_A_LANE as f64 * 4.0 * pace.step_s);
    let loops =
        (parameters.shares.len() + parameters.rates_per_s.len()) * parameters.arrivals.len().max(1);
    rungs * rung_s + loops as f64 * parameters.open_loop_seconds + 30.0 * pace.step_s
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
    let session = trial.open(Setup {
        jobs: vec![job.clone()],
        ..Setup::default()
    })?;
    warm_up::until_flat(trial, |number| {
        let work = Work {
            run: format!("warm-up-{number}"),
            job: job.clone(),
        };
        let begun = Instant::now();
        trial.complete_unrecorded(&*session, &work, Duration::from_secs(60))?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    })?;
    let meter = trial.meter(&*session);
    let (capacity, runs) = ladder(trial, &*session, &job, parameters)?;
    meter.record(trial, &*session, runs, runs * u64::from(STEPS))?;
    let arrivals = match parameters.arrivals.as_slice() {
        [] => &[Arrivals::Poisson],
        some => some,
    };
    for (number, (name, rate)) in loads(parameters, capacity).into_iter().enumerate() {
        for (kind, arrivals) in arrivals.iter().enumerate() {
            let offer = Offer {
                arrivals: *arrivals,
                rate_per_s: rate,
                duration: Duration::from_secs_f64(parameters.open_loop_seconds),
                drain: Duration::from_secs(10),
                seed: trial.block_seed() + (number * 2 + kind) as u64,
            };
            one_open_loop(trial, &*session, &job, &name, &offer)?;
        }
    }
    trial.close(session)
}

/// What is offered in open loops, by name: shares of the capacity and rates, no two the same. What is
/// above the generator's most is that.
fn loads(parameters: &Parameters, capacity: f64) -> Vec<(String, f64)> {
    let shares = parameters.shares.iter().map(|share| {
        let name = format!("{share} of its capacity");
        (name, share * capacity)
    });
    let rates = parameters.rates_per_s.iter();
    let rates = rates.map(|rate| (format!("{rate} runs/s"), *rate));
    let mut loads: Vec<(String, f64)> = Vec::new();
    for (name, rate) in shares.chain(rates) {
        let load = match rate > MAX_RATE_PER_S {
            true => (
                format!("{MAX_RATE_PER_S} runs/s, the most offered"),
                MAX_RATE_PER_S,
            ),
            false => (name, rate),
        };
        if !loads.contains(&load) {
            loads.push(load);
        }
    }
    loads
}

/// Up the rungs, and on by doublings while the knee is not among them. Gives the highest rate and
/// the runs that were made.
fn ladder(
    trial: &Trial<'_>,
    session: &dyn Session,
    job: &Job,
    parameters: &Parameters,
) -> Result<(f64, u64), TrialError> {
    let duration = Duration::from_secs_f64(parameters.step_seconds);
    let mut rungs: Vec<(u32, f64)> = Vec::new();
    let mut runs = 0;
    let mut planned = parameters.in_flight.iter().copied();
    loop {
        let last = rungs.last().map_or(1, |(lanes, _)| *lanes);
        let beyond = Some(last * 2)
            .filter(|lanes| *lanes <= parameters.max_in_flight)
            .filter(|_| matches!(stats::knee(&rungs), Knee::NotReached));
        let Some(lanes) = planned.next().or(beyond) else {
            break;
        };
        let rung = closed_loop::rung(trial, session, job, lanes as usize, duration)?;
        let label = [("in_flight", &*lanes.to_string())];
        trial.sample("runs_per_s", rung.runs_per_s, &label)?;
        trial.sample("fewest_runs_a_lane", rung.fewest_a_lane as f64, &label)?;
        rungs.push((lanes, rung.runs_per_s));
        runs += rung.runs;
    }
    let capacity = rungs.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    Ok((capacity, runs))
}

fn one_open_loop(
    trial: &Trial<'_>,
    session: &dyn Session,
    job: &Job,
    name: &str,
    offer: &Offer,
) -> Result<(), TrialError> {
    let observed = open_loop::observe(offer, |number, last| {
        let work = Work {
            run: format!("open-{}-{}-{number}", offer.seed, offer.arrivals.as_str()),
            job: job.clone(),
        };
        let within = last.saturating_duration_since(Instant::now());
        trial.complete_unrecorded(session, &work, within).is_ok()
    })
    .map_err(|source| TrialError::Io {
        what: "a thread of the open loop".into(),
        source,
    })?;
    let labels = [("arrivals", offer.arrivals.as_str()), ("load", name)];
    trial.sample("offered_runs_per_s", offer.rate_per_s, &labels)?;
    trial.sample("offered_runs", observed.offered as f64, &labels)?;
    trial.sample("completed_runs", observed.completed as f64, &labels)?;
    trial.sample("window_ms", observed.window_ms, &labels)?;
    let (intended_ms, latency_ms) = observed.ended_ms.into_iter().unzip();
    trial.samples("generator_lateness_ms", observed.lateness_ms, &labels)?;
    trial.samples("intended_ms", intended_ms, &labels)?;
    trial.samples("latency_ms", latency_ms, &labels)?;
    Ok(())
}

/// Each rung has a session, and so a warehouse, of its own: a second run on the same one
/// would load nothing. More lanes than partitions are no more lanes.
fn etl(trial: &Trial<'_>, parameters: &Parameters) -> Result<(), TrialError> {
    let partitions = trial.partitions(&parameters.source)?;
    let mut rungs: Vec<usize> = parameters
        .in_flight
        .iter()
        .map(|lanes| (*lanes as usize).min(partitions))
        .collect();
    rungs.dedup();
    for in_flight in rungs {
        let work = Work {
            run: format!("etl-{in_flight}"),
            job: Job::Pipeline(Pipeline {
                concurrency: in_flight,
                ..Pipeline::new(&parameters.source, RetrySpec::default())
            }),
        };
        let session = trial.open(Setup {
            concurrency: in_flight,
            jobs: vec![work.job.clone()],
            ..Setup::default()
        })?;
        let begun = Instant::now();
        let summary = trial.complete(&*session, &work, ETL_DEADLINE)?;
        let elapsed_s = begun.elapsed().as_secs_f64();
        let partitions = summary.map_or(0, |summary| summary.partitions);
        let in_flight = in_flight.to_string();
        let label = ("in_flight", in_flight.as_str());
        trial.sample("partitions_per_s", partitions as f64 / elapsed_s, &[label])?;
        trial.record_footprint(&*session, &work, label)?;
        trial.close_and_keep(session, &[work])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_above_the_most_is_offered_once_and_called_what_it_is() -> Result<(), ConfigError> {
        let text = "source = \"s\"\nworkloads = [\"three-step\"]\nin_flight = [1]\n\
                    max_in_flight = 2\nstep_seconds = 1.0\nopen_loop_seconds = 1.0\n\
                    shares = [0.25, 0.5]\nrates_per_s = [4.0]";
        let parameters: Parameters = crate::scenario::parse("loads.toml", text)?;
        let names = |capacity| {
            let loads = loads(&parameters, capacity).into_iter();
            loads.map(|(name, _)| name).collect::<Vec<_>>()
        };
        let own = ["0.25 of its capacity", "0.5 of its capacity", "4 runs/s"];
        assert_eq!(names(100.0), own);
        let most = "400 runs/s, the most offered";
        assert_eq!(names(1_000.0), ["0.25 of its capacity", most, "4 runs/s"]);
        assert_eq!(names(9_000.0), [most, "4 runs/s"]);
        Ok(())
    }
}
