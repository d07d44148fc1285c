//! Limits: one run of many steps, each on the one before it. Does it end, and does the end of it go as fast
//! as its beginning? And runs of which one thing is as large as an engine may refuse: does it take it, and how
//! does it say so where it does not?

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use orchbench_etl::{Shape, monotonic_ns};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Ended, Job, Limit, Pace, Probe, Session, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "limits",
    question: "how many steps may a run have, how large may what it hands on be, and how is a limit said",
    plan,
    run,
    seconds,
};

/// The fewest steps that have a first and a last hundred.
const FEWEST: u32 = 200;
/// As many attempts at the same thing, each later than the one before it, are taken for one without end: no
/// policy here has a bound.
const WITHOUT_END: u32 = 3;
/// How often an engine is asked what it tries again.
const LOOK: Duration = Duration::from_secs(1);
/// As much of what an engine says as is kept.
const SAID_CHARS: usize = 400;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Numbers of steps of a chain, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<u32>,
    /// What may have a limit, and how large it is made, each in trials of its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    probes: BTreeMap<Limit, Vec<u32>>,
    /// A run that has not ended by then is stuck.
    deadline_s: u64,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let invalid = |what: &str, message: String| ConfigError::Invalid {
        place: format!("scenario {}: parameters.{what}", scenario.name),
        message,
    };
    let fewest = parameters.steps.iter().min().copied();
    if let Some(found) = fewest.filter(|fewest| *fewest < FEWEST) {
        let message = format!("expected numbers of at least {FEWEST}, found {found}");
        return Err(invalid("steps", message));
    }
    let sizes = || parameters.probes.values().flatten();
    if sizes().any(|size| *size == 0) {
        let message = "expected sizes of at least 1, found 0".to_owned();
        return Err(invalid("probes", message));
    }
    if parameters.steps.is_empty() && sizes().next().is_none() {
        let message = "expected steps or probes, found neither".to_owned();
        return Err(invalid("steps", message));
    }
    let trial = Parameters {
        steps: Vec::new(),
        probes: BTreeMap::new(),
        ..parameters.clone()
    };
    let chains = parameters.steps.iter();
    let chains = chains.map(|steps| Condition::new(&[("steps", &steps.to_string())], &trial));
    let sized = |of: Limit, size: u32| {
        let size = size.to_string();
        Condition::new(&[("limit", of.as_str()), ("size", &size)], &trial)
    };
    let probes = parameters.probes.iter();
    let probes = probes.flat_map(|(of, sizes)| sizes.iter().map(|size| sized(*of, *size)));
    Ok(chains.chain(probes).collect())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let factor = |name: &str| trial.factors.get(name).cloned().unwrap_or_default();
    let number = |name: &str| factor(name).parse().unwrap_or(0.0);
    let steps: f64 = match serde_json::from_value(factor("limit").into()) {
        Ok(Limit::Steps) => number("size"),
        // As many at a time as a worker has slots.
        Ok(Limit::StepsAtOnce) => number("size") / Setup::default().concurrency as f64,
        Ok(Limit::Name | Limit::Payload) => 2.0,
        Err(_) => number("steps"),
    };
    pace.start_s + steps * pace.step_s
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    match trial.plan.factors.contains_key("limit") {
        true => probe(trial),
        false => chain(trial),
    }
}

/// A run that goes as far as a limit, if there is one: whether it was met, and how the engine said so.
fn probe(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let of: Limit = trial.factor("limit")?;
    let size = number(trial, "size")?;
    let name = match of {
        Limit::Name => "n".repeat(size as usize),
        _ => "probe".to_owned(),
    };
    let work = Work {
        run: name,
        job: Job::Probe(Probe { of, size }),
    };
    let session = trial.open(Setup {
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    let within = Duration::from_secs(parameters.deadline_s);
    let Met { how, said, is_met } = met(&*session, &work, within)?;
    // What an engine says is for the reader of the raw file: it has ids and times in it.
    let said: String = said.chars().take(SAID_CHARS).collect();
    let labels = [("how", how), ("said", said.as_str())];
    match is_met {
        Some(is_met) => trial.sample("limit_met", f64::from(u8::from(is_met)), &labels)?,
        None => trial.sample("limit_unknown", 1.0, &labels)?,
    }
    trial.close(session)?;
    Ok(TrialStatus::Completed)
}

/// What became of a probe.
struct Met {
    how: &'static str,
    /// In the engine's words.
    said: String,
    /// `None` where it has not ended in time, which a slow engine's has not either.
    is_met: Option<bool>,
}

/// How far a run of a probe came, and what the engine said.
fn met(session: &dyn Session, work: &Work, within: Duration) -> Result<Met, TrialError> {
    let met = |how, said| Met {
        how,
        said,
        is_met: Some(true),
    };
    match session.start(work) {
        Err(TrialError::Run(said)) => return Ok(met("refused at once", said)),
        started => started?,
    }
    let deadline = Instant::now() + within;
    loop {
        match session.wait(work, deadline.min(Instant::now() + LOOK))? {
            Ended::Succeeded { .. } => {
                return Ok(Met {
                    is_met: Some(false),
                    ..met("went through", String::new())
                });
            }
            Ended::Failed(failure) => {
                let said = format!("{}: {}", failure.error_type, failure.message);
                return Ok(met("failed, and said why", said));
            }
            Ended::Stuck => {}
        }
        if session.workers().is_empty() {
            return Ok(met("its worker died", String::new()));
        }
        if let Some(retried) = session.retried(work)?
            && retried.attempts >= WITHOUT_END
        {
            return Ok(met("tried again without end, and said why", retried.why));
        }
        if Instant::now() >= deadline {
            return Ok(Met {
                is_met: None,
                ..met("no end in time", String::new())
            });
        }
    }
}

fn number(trial: &Trial<'_>, factor: &str) -> Result<u32, TrialError> {
    let text: String = trial.factor(factor)?;
    text.parse().map_err(|error| {
        TrialError::Plan(format!("trial {}: factor {factor}: {error}", trial.plan.id))
    })
}

fn chain(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let steps = number(trial, "steps")?;
    let work = Work {
        run: "chain".to_owned(),
        job: Job::Noop {
            shape: Shape::Chain,
            steps,
        },
    };
    let session = trial.open(Setup {
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    let (begun, begun_ns) = (Instant::now(), monotonic_ns());
    trial.start(&*session, &work)?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    trial.end(&*session, &work, deadline)?;
    trial.sample("run_ms", begun.elapsed().as_secs_f64() * 1e3, &[])?;
    if let Some(ends) = session.step_ends(&work)? {
        let since = |t_ns: &u64| t_ns.saturating_sub(begun_ns) as f64 / 1e6;
        let ended = ends.ended_ns.iter().map(since).collect();
        trial.samples("step_end_ms", ended, &[])?;
        trial.sample("executions", ends.executions as f64, &[])?;
        trial.sample("longest_record", ends.longest_record as f64, &[])?;
    }
    trial.close(session)?;
    Ok(TrialStatus::Completed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(steps: &str) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!("deadline_s = 60\nsteps = {steps}");
        EXPERIMENT.planned("many", &parameters)
    }

    #[test]
    fn a_run_has_a_first_and_a_last_hundred_steps() -> Result<(), ConfigError> {
        let planned_steps = planned("[200, 1000]")?;
        let steps = planned_steps
            .iter()
            .map(|each| each.factors["steps"].as_str());
        assert_eq!(steps.collect::<Vec<_>>(), ["200", "1000"]);
        for (refused, found) in [
            ("[199, 1000]", "numbers of at least 200, found 199"),
            ("[]", "steps or probes, found neither"),
        ] {
            let refused = planned(refused).expect_err("too few");
            let expected = format!("scenario many: parameters.steps: expected {found}");
            assert_eq!(refused.to_string(), expected);
        }
        Ok(())
    }

    #[test]
    fn what_may_have_a_limit_is_tried_at_each_size() -> Result<(), ConfigError> {
        let probes = "[]\nprobes = { payload = [10, 20], steps-at-once = [5] }";
        let tried = planned(probes)?;
        let tried = tried.iter().map(|each| {
            [
                each.factors["limit"].as_str(),
                each.factors["size"].as_str(),
            ]
        });
        let expected = [["payload", "10"], ["payload", "20"], ["steps-at-once", "5"]];
        assert_eq!(tried.collect::<Vec<_>>(), expected);
        let refused = planned("[]\nprobes = { name = [0] }").expect_err("no size");
        let expected = "scenario many: parameters.probes: expected sizes of at least 1, found 0";
        assert_eq!(refused.to_string(), expected);
        let refused = planned("[]\nprobes = { paylod = [1] }").expect_err("no limit");
        assert!(
            refused.to_string().contains("unknown variant `paylod`"),
            "{refused}"
        );
        Ok(())
    }
}
