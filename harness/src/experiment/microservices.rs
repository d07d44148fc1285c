//! Microservices: an order at three services, of which one fails for a while, asks to come again later,
//! does what it is asked and never says so, or refuses for good.

use std::time::Duration;

use orchbench_etl::services::{Conduct, Services, Trouble};
use orchbench_etl::{RetrySpec, StepName};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Job, Order, Pace, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario, not_empty};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "microservices",
    question: "does an order at three services happen as a whole or not at all, whatever one of them does",
    plan,
    run,
    seconds,
};

/// The run of a trial: its services know no other.
const RUN: &str = "order";
/// The service of a trial in which all goes well.
const NO_SERVICE: &str = "none";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// What is wrong, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    troubles: Vec<Trouble>,
    /// With which service, each in trials of its own, by its act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    services: Vec<StepName>,
    /// To how many calls that applies, where it is not for good.
    times: u32,
    /// How long a service takes over a call.
    latency_ms: u64,
    /// How long the steps wait for an answer.
    timeout_ms: u64,
    /// When to come again, as a service says.
    retry_after_s: u32,
    /// The policy of every call.
    max_attempts: u32,
    delay_ms: u64,
    /// An order that has not ended by then is stuck.
    deadline_s: u64,
    /// Trials made at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side_by_side: Option<usize>,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters", scenario.name);
    not_empty(&format!("{place}: troubles"), &parameters.troubles)?;
    let acts: Vec<&str> = acts().map(StepName::as_str).collect();
    for service in &parameters.services {
        let place = format!("{place}: services");
        crate::scenario::known_name(&place, "act", service.as_str(), &acts)?;
    }
    let trial = Parameters {
        troubles: Vec::new(),
        services: Vec::new(),
        ..parameters.clone()
    };
    let mut conditions = Vec::new();
    for trouble in &parameters.troubles {
        let services: Vec<&str> = match trouble {
            Trouble::Nothing => vec![NO_SERVICE],
            _ => parameters.services.iter().map(|act| act.as_str()).collect(),
        };
        for service in services {
            let factors = [
                ("pattern", EXPERIMENT.name),
                ("service", service),
                ("trouble", trouble.as_str()),
            ];
            conditions.push(Condition {
                side_by_side: parameters.side_by_side.unwrap_or(1),
                ..Condition::new(&factors, &trial)
            });
        }
    }
    Ok(conditions)
}

/// The acts of an order, a service each.
fn acts() -> impl Iterator<Item = StepName> {
    let steps = StepName::ORDER.into_iter();
    steps.filter(|step| step.undoes().is_none())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let parameter = |name: &str| trial.parameters[name].as_f64().unwrap_or(0.0);
    let is = |trouble: Trouble| {
        trial.factors.get("trouble").map(String::as_str) == Some(trouble.as_str())
    };
    let waits_s = if is(Trouble::Mute) {
        parameter("max_attempts") * (parameter("timeout_ms") + parameter("delay_ms")) / 1e3
    } else if is(Trouble::Throttles) {
        parameter("times") * parameter("retry_after_s")
    } else if is(Trouble::Silent) || is(Trouble::Errors) {
        parameter("times") * (parameter("timeout_ms") + parameter("delay_ms")) / 1e3
    } else {
        0.0
    };
    // Six calls at most, there and back; an engine may look for failed runs once a second.
    waits_s + 0.5 + 6.0 * (pace.step_s + parameter("latency_ms") / 1e3)
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let trouble: Trouble = trial.factor("trouble")?;
    let service: String = trial.factor("service")?;
    // Up before the engine, and down after it: they see every call.
    let services = Services::start(|act| Conduct {
        trouble: match act.as_str() == service {
            true => trouble,
            false => Trouble::Nothing,
        },
        times: parameters.times,
        latency_ms: parameters.latency_ms,
        retry_after_s: parameters.retry_after_s,
    })
    .map_err(|source| TrialError::Io {
        what: "services of an order".to_owned(),
        source,
    })?;
    let work = Work {
        run: RUN.to_owned(),
        job: Job::Order(Order {
            retry: RetrySpec {
                max_attempts: parameters.max_attempts,
                delay_ms: parameters.delay_ms,
                ..RetrySpec::default()
            },
            heartbeat_timeout_ms: 10_000,
            start_to_close_ms: 60_000,
        }),
    };
    let session = trial.open(Setup {
        journal: true,
        order_services: Some(services.places(parameters.timeout_ms)),
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    trial.attempt(&*session, &work, deadline)?;
    trial.close_and_keep_calls(session, &[work], &services)?;
    Ok(TrialStatus::Completed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(parameters: &str) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!(
            "times = 1\nlatency_ms = 1\ntimeout_ms = 500\nretry_after_s = 1\nmax_attempts = 3\ndelay_ms = 200\ndeadline_s = 60\n{parameters}"
        );
        EXPERIMENT.planned("orders", &parameters)
    }

    #[test]
    fn each_trouble_is_one_of_each_service_and_none_of_none() -> Result<(), ConfigError> {
        let services = "services = [\"reserve\", \"book\"]";
        let planned = planned(&format!(
            "troubles = [\"nothing\", \"refuses\"]\n{services}"
        ))?;
        let of = |each: &Condition| {
            [&each.factors["trouble"], &each.factors["service"]].map(String::clone)
        };
        let found: Vec<[String; 2]> = planned.iter().map(of).collect();
        let expected = [
            ["nothing", "none"],
            ["refuses", "reserve"],
            ["refuses", "book"],
        ];
        assert_eq!(found, expected);
        Ok(())
    }

    #[test]
    fn what_would_plan_nothing_is_refused_with_its_place() {
        for (parameters, expected) in [
            ("services = [\"book\"]", "troubles: expected at least one"),
            (
                "troubles = [\"refuses\"]\nservices = [\"load\"]",
                "services: unknown act",
            ),
        ] {
            let refused = planned(parameters).map(|_| ()).expect_err(parameters);
            assert!(refused.to_string().contains(expected), "{refused}");
        }
    }
}
