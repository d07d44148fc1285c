//! Retries: does the engine do what the policy says, and what does a retry cost.
//!
//! The policy is the same for every engine: five attempts, and a constant delay; or one that grows, and one that
//! grows up to a longest. Failures are
//! injected into the steps themselves, so the effect journal is the witness of every
//! attempt and of the gap before it. At a share of failing attempts they fail before the
//! effect, where nothing has happened yet, or after it, where the engine has to do again what
//! is done already.

use std::time::{Duration, Instant};

use orchbench_etl::{CrashPoint, FailurePlan, RetrySpec, StepName};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Job, Pace, Pipeline, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "retries",
    question: "are attempts, gaps and non-retryable errors as the policy says, and what does a retry cost",
    plan,
    run,
    seconds,
};

/// Longest that a run may take.
const DEADLINE: Duration = Duration::from_secs(120);
/// Attempts of the policy, the first included.
const MAX_ATTEMPTS: u32 = 5;
/// Attempts that fail in the transient case.
const TRANSIENT_FAILURES: u32 = 3;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Source of the single cases.
    source: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cases: Vec<Case>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rates: Vec<f64>,
    /// Where the attempts fail, at each rate above 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rate_points: Vec<CrashPoint>,
    /// Source of the failure rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_source: Option<String>,
    /// The policy's constant delay.
    delay_ms: u64,
    /// Trials made at a time; their times are then of a loaded machine, and none are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side_by_side: Option<usize>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Case {
    Transient,
    Fatal,
    Exhausted,
    Constant,
    Exponential,
    Capped,
}

impl Case {
    fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Fatal => "fatal",
            Self::Exhausted => "exhausted",
            Self::Constant => "constant",
            Self::Exponential => "exponential",
            Self::Capped => "capped",
        }
    }

    /// What a program shows whose attempts fail so, of how delays can be asked for.
    fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Transient | Self::Fatal | Self::Exhausted => None,
            Self::Constant => Some("retry-constant"),
            Self::Exponential => Some("retry-exponential"),
            Self::Capped => Some("retry-capped"),
        }
    }
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let trial = Parameters {
        cases: Vec::new(),
        rates: Vec::new(),
        rate_points: Vec::new(),
        ..parameters.clone()
    };
    let single = |case: &Case| {
        let mut factors = vec![("case", case.as_str())];
        factors.extend(case.pattern().map(|pattern| ("pattern", pattern)));
        Condition::new(&factors, &trial).of([&parameters.source])
    };
    let mut conditions: Vec<Condition> = parameters.cases.iter().map(single).collect();
    let rated = parameters
        .rate_source
        .as_ref()
        .unwrap_or(&parameters.source);
    for rate in &parameters.rates {
        let case = format!("rate-{rate:.2}");
        // Where nothing fails, it fails nowhere in particular.
        if *rate == 0.0 {
            conditions.push(Condition::new(&[("case", &case)], &trial).of([rated]));
            continue;
        }
        for point in &parameters.rate_points {
            let factors = [("case", case.as_str()), ("point", point.as_str())];
            conditions.push(Condition::new(&factors, &trial).of([rated]));
        }
    }
    let side_by_side = parameters.side_by_side.unwrap_or(1);
    let finished = |condition| Condition {
        side_by_side,
        ..condition
    };
    Ok(conditions.into_iter().map(finished).collect())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let rated = trial
        .factors
        .get("case")
        .is_some_and(|case| case.starts_with("rate-"));
    let steps = if rated { 45.0 } else { 12.0 };
    let delay_s = trial.parameters["delay_ms"].as_f64().unwrap_or(0.0) / 1e3;
    let delays = match trial.factors.get("case").map(String::as_str) {
        Some("exponential") => 7.0,
        Some("constant" | "capped") => 3.0,
        _ => 0.0,
    };
    0.5 + steps * pace.step_s + delays * delay_s
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let case: String = trial.factor("case")?;
    let point = match trial.plan.factors.contains_key("point") {
        true => trial.factor("point")?,
        false => CrashPoint::BeforeEffect,
    };
    let failing = |fail_first: u32, fatal: bool| FailurePlan {
        // Of the block: the same failures for every engine, others in the next block.
        seed: trial.block_seed(),
        fail_first,
        steps: vec![StepName::Transform],
        point,
        fatal,
        ..FailurePlan::default()
    };
    let (source, failure) = match case.as_str() {
        "transient" | "constant" | "exponential" | "capped" => {
            (&parameters.source, failing(TRANSIENT_FAILURES, false))
        }
        "fatal" => (&parameters.source, failing(u32::MAX, true)),
        "exhausted" => (&parameters.source, failing(u32::MAX, false)),
        rate => {
            let rate = rate
                .strip_prefix("rate-")
                .and_then(|rate| rate.parse().ok())
                .ok_or_else(|| TrialError::Plan(format!("unknown case {case:?}")))?;
            let source = parameters
                .rate_source
                .as_ref()
                .unwrap_or(&parameters.source);
            (
                source,
                FailurePlan {
                    rate,
                    fail_first: 0,
                    steps: Vec::new(),
                    ..failing(0, false)
                },
            )
        }
    };
    let work = Work {
        run: format!("retries-{case}"),
        job: Job::Pipeline(Pipeline::new(source, policy(&case, parameters.delay_ms))),
    };
    let session = trial.open(Setup {
        journal: true,
        failure: Some(failure),
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    let begun = Instant::now();
    trial.attempt(&*session, &work, DEADLINE)?;
    trial.sample("run_ms", begun.elapsed().as_secs_f64() * 1e3, &[])?;
    trial.close_and_keep(session, &[work])?;
    Ok(TrialStatus::Completed)
}

fn policy(case: &str, delay_ms: u64) -> RetrySpec {
    let constant = RetrySpec {
        max_attempts: MAX_ATTEMPTS,
        delay_ms,
        ..RetrySpec::default()
    };
    let growing = |max_delay_ms| RetrySpec {
        backoff_coefficient: 2.0,
        max_delay_ms,
        ..constant.clone()
    };
    match case {
        // No delay of these attempts is as long.
        "exponential" => growing(60_000),
        "capped" => growing(delay_ms),
        _ => constant,
    }
}
