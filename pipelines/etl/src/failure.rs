//! Planned failures: which attempts fail is a pure function of the seed, so every engine meets
//! the same failures.

use std::path::PathBuf;

use orchbench_journal::{CrashPoint, Day, ErrorType, StepName};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::StepError;
use crate::step::StepCall;

/// Which attempts fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailurePlan {
    /// The seed of the draw.
    pub seed: u64,
    /// The share of attempts that fail, from 0 to 1, drawn by (seed, step, partition, attempt).
    /// The run's id is left out, so that runs on different engines meet the same failures.
    pub rate: f64,
    /// Attempts up to this one always fail.
    #[serde(default)]
    pub fail_first: u32,
    /// The steps that can fail; empty means all.
    #[serde(default)]
    pub steps: Vec<StepName>,
    /// The days of which steps can fail; empty means all, and steps without a day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<Day>,
    /// What the failures come from, where somebody mends it: while this file is there, attempts fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<PathBuf>,
    /// Before or after the effect.
    pub point: CrashPoint,
    /// Whether the failure is one that no retry cures (`InjectedFatal`).
    #[serde(default)]
    pub fatal: bool,
}

/// No attempt fails.
impl Default for FailurePlan {
    fn default() -> Self {
        Self {
            seed: 0,
            rate: 0.0,
            fail_first: 0,
            steps: Vec::new(),
            partitions: Vec::new(),
            cause: None,
            point: CrashPoint::BeforeEffect,
            fatal: false,
        }
    }
}

impl FailurePlan {
    pub(crate) fn validate(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.rate) {
            return Err(format!(
                "failure rate: expected 0 to 1, found {}",
                self.rate
            ));
        }
        if self.point == CrashPoint::BeforeReturn {
            return Err(
                "failure point: expected before_effect or after_effect, found before_return"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Whether this attempt fails, as long as what it comes from is there.
    #[must_use]
    pub fn fails(&self, call: &StepCall) -> bool {
        if !self.steps.is_empty() && !self.steps.contains(&call.step()) {
            return false;
        }
        let is_of = |day| self.partitions.contains(&day);
        if !self.partitions.is_empty() && !call.partition.is_some_and(is_of) {
            return false;
        }
        call.attempt <= self.fail_first || self.draw(call) < self.rate
    }

    /// Uniform over [0, 1).
    fn draw(&self, call: &StepCall) -> f64 {
        let partition = call
            .partition
            .map(|day| day.to_string())
            .unwrap_or_default();
        let text = format!("{}/{}/{partition}/{}", self.seed, call.step(), call.attempt);
        let hash = Sha256::digest(text.as_bytes());
        let mut head = [0; 8];
        head.copy_from_slice(&hash[..8]);
        // 53 bits are what an f64 holds exactly.
        (u64::from_be_bytes(head) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The failure of this attempt at this point, when it has one.
    pub(crate) fn at(&self, call: &StepCall, point: CrashPoint) -> Result<(), StepError> {
        let lasts = || self.cause.as_ref().is_none_or(|cause| cause.exists());
        if self.point != point || !self.fails(call) || !lasts() {
            return Ok(());
        }
        let error_type = if self.fatal {
            ErrorType::InjectedFatal
        } else {
            ErrorType::Injected
        };
        Err(StepError::new(
            error_type,
            format!(
                "planned failure {point} of {} attempt {}",
                call.idempotency_key(),
                call.attempt
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::StepInputs;

    fn call(attempt: u32) -> StepCall {
        StepCall {
            run: "r".into(),
            source: "all".into(),
            partition: None,
            attempt,
            token: 0,
            inputs: StepInputs::ExtractPlanes,
        }
    }

    fn plan(rate: f64) -> FailurePlan {
        FailurePlan {
            seed: 1,
            rate,
            point: CrashPoint::BeforeEffect,
            ..FailurePlan::default()
        }
    }

    #[test]
    fn the_rate_is_kept_and_the_draw_repeats() {
        let failures = |plan: &FailurePlan| (1..=10_000).filter(|n| plan.fails(&call(*n))).count();
        assert_eq!(failures(&plan(0.0)), 0);
        assert_eq!(failures(&plan(1.0)), 10_000);
        let found = failures(&plan(0.1));
        // Five standard deviations of a binomial with n = 10,000 and p = 0.1 are 150.
        assert!(found.abs_diff(1_000) < 150, "{found}");
        assert_eq!(found, failures(&plan(0.1)));
    }

    #[test]
    fn the_first_attempts_fail_and_only_at_their_point() {
        let plan = FailurePlan {
            fail_first: 2,
            fatal: true,
            ..plan(0.0)
        };
        assert!(plan.fails(&call(2)) && !plan.fails(&call(3)));
        let error = plan.at(&call(1), CrashPoint::BeforeEffect);
        assert_eq!(
            error.map_err(|error| error.error_type),
            Err(ErrorType::InjectedFatal)
        );
        assert_eq!(plan.at(&call(1), CrashPoint::AfterEffect), Ok(()));
        let other = FailurePlan {
            steps: vec![StepName::Load],
            ..plan
        };
        assert!(!other.fails(&call(1)));
    }

    #[test]
    fn one_day_fails_until_what_it_fails_of_is_gone() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cause = folder.path().join("unmended");
        let day: Day = "2013-01-03".parse().expect("a day");
        let plan = FailurePlan {
            fail_first: u32::MAX,
            partitions: vec![day],
            cause: Some(cause.clone()),
            ..FailurePlan::default()
        };
        let of = |partition| StepCall {
            partition,
            ..call(9)
        };
        let fails = |call| plan.at(&call, CrashPoint::BeforeEffect).is_err();
        std::fs::write(&cause, "")?;
        assert!(fails(of(Some(day))) && !fails(of(None)));
        assert!(!fails(of(Some("2013-01-04".parse().expect("a day")))));
        std::fs::remove_file(&cause)?;
        assert!(!fails(of(Some(day))));
        Ok(())
    }
}
