//! A fault plan is data: which faults a trial has, when each strikes and for how long.

use orchbench_etl::{CrashPoint, StepName};
use serde::{Deserialize, Serialize};

use super::{KILL_STEP, KILL_WORKER, named, names};
use crate::engine::{Target, Trial, TrialError};
use crate::scenario::{ConfigError, known_name};

/// One fault of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// Registered name of the fault.
    pub fault: String,
    /// When it strikes.
    pub at: At,
    /// How long it lasts until it is healed, milliseconds; 0 for faults that need no healing.
    #[serde(default)]
    pub hold_ms: u64,
}

/// When a fault strikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum At {
    /// When a step gets to a crash point; it waits there until the fault has struck.
    Point(Point),
    /// At an instant drawn from the seed, as soon as a step is in flight then.
    Instant(Within),
}

/// A crash point of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The step.
    pub step: StepName,
    /// The point in it.
    pub point: CrashPoint,
    /// The attempt, from 1.
    #[serde(default = "first")]
    pub attempt: u32,
}

/// A random instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// It lies between the start of the first run and this many milliseconds later.
    pub within_ms: u64,
}

fn first() -> u32 {
    1
}

impl Point {
    /// The point that a factor of a trial names, such as `load/after_effect`, on the first attempt.
    ///
    /// # Errors
    /// [`TrialError::Plan`] where it names none.
    pub fn of(trial: &Trial<'_>, factor: &str) -> Result<Self, TrialError> {
        let text: String = trial.factor(factor)?;
        let point = text.split_once('/').and_then(|(step, name)| {
            let mut points = CrashPoint::ALL.into_iter();
            Some(Self {
                step: step.parse().ok()?,
                point: points.find(|point| point.as_str() == name)?,
                attempt: first(),
            })
        });
        point.ok_or_else(|| {
            let expected = "expected a step and a point, such as load/after_effect";
            let id = &trial.plan.id;
            TrialError::Plan(format!("trial {id}: {factor}: {expected}, found {text:?}"))
        })
    }
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.step, self.point)
    }
}

impl Planned {
    /// Refuses a fault that is not known. `place` names the plan in the message.
    ///
    /// # Errors
    /// [`ConfigError::Unknown`], with the known names.
    pub fn validate(&self, place: &str) -> Result<(), ConfigError> {
        known_name(place, "fault", &self.fault, &names())
    }

    /// Where it strikes: `load/after_effect`, or `in flight`.
    pub fn target(&self) -> String {
        match &self.at {
            At::Point(point) => point.to_string(),
            At::Instant(_) => "in flight".to_owned(),
        }
    }

    /// Whether this is what it strikes.
    pub fn strikes(&self, target: Target) -> bool {
        named(&self.fault).is_some_and(|fault| fault.strikes == target)
    }

    /// Whether the process that gets to the point, which is no worker's where steps are apart, ends
    /// itself there: no messenger is faster.
    pub(super) fn is_own_kill(&self, steps_apart: bool) -> bool {
        let own = if steps_apart { KILL_STEP } else { KILL_WORKER };
        self.fault == own && matches!(self.at, At::Point(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Plan {
        faults: Vec<Planned>,
    }

    #[test]
    fn a_plan_is_read_from_toml_and_an_unknown_fault_is_refused() -> anyhow::Result<()> {
        let plan: Plan = toml::from_str(
            r#"
            [[faults]]
            fault = "kill-worker"
            at = { step = "load", point = "after_effect" }

            [[faults]]
            fault = "pause-wroker"
            at = { within_ms = 2000 }
            hold_ms = 4000
            "#,
        )?;
        let [kill, pause] = plan.faults.as_slice() else {
            anyhow::bail!("expected two faults, found {}", plan.faults.len());
        };
        assert_eq!(kill.target(), "load/after_effect");
        assert!(kill.is_own_kill(false) && !kill.is_own_kill(true));
        assert!(kill.validate("plan").is_ok());
        assert_eq!(pause.at, At::Instant(Within { within_ms: 2000 }));
        let error = pause.validate("plan").expect_err("unknown").to_string();
        assert!(error.contains("nearest: pause-worker"), "{error}");
        Ok(())
    }
}
