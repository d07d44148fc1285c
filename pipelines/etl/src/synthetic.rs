//! Steps that only take time and fail as planned: a pipeline's twin, without its work.

use std::time::Duration;

use orchbench_journal::{ErrorType, RetrySpec};
use serde::{Deserialize, Serialize};

use crate::error::StepError;

/// What the steps of a run pretend to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Synthetic {
    /// How long each attempt takes, milliseconds.
    pub step_ms: u64,
    /// By step, from the first one on, how many of its attempts fail before one does not; the steps
    /// behind the last one do not fail.
    #[serde(default)]
    pub failures: Vec<u32>,
    /// The policy of every step.
    pub retry: RetrySpec,
}

impl Synthetic {
    /// One attempt at a step, counted from 0; attempts are counted from 1.
    ///
    /// # Errors
    /// `Injected` where the attempt is to fail, after its time.
    pub fn attempt(&self, step: u32, attempt: u32) -> Result<(), StepError> {
        std::thread::sleep(Duration::from_millis(self.step_ms));
        let failures = self.failures.get(step as usize).copied();
        if attempt > failures.unwrap_or(0) {
            return Ok(());
        }
        let message = format!("planned failure of step {step} attempt {attempt}");
        Err(StepError::new(ErrorType::Injected, message))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_step_fails_as_often_as_planned_and_takes_its_time() {
        let work = Synthetic {
            step_ms: 5,
            failures: vec![0, 2],
            ..Synthetic::default()
        };
        let begun = Instant::now();
        assert_eq!(work.attempt(0, 1), Ok(()));
        assert!(begun.elapsed() >= Duration::from_millis(5));
        let failed = work.attempt(1, 2).expect_err("its second attempt fails");
        assert_eq!(failed.error_type, ErrorType::Injected);
        assert_eq!(work.attempt(1, 3), Ok(()));
        assert_eq!(work.attempt(7, 1), Ok(()));
    }
}
