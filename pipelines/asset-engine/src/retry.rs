//! Retry policies: how often a failed attempt is made again, and after what delay.
//!
//! The schedules are Dagster's (`dagster.RetryPolicy`, `Backoff`, seen in real runs of 1.13):
//! before retry k (from 1) a constant policy waits `delay`, a linear one `k · delay`, an
//! exponential one `(2^k − 1) · delay`. The delay counts from the moment the attempt failed.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::step::StepFailure;

/// How the delay grows from one retry to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Backoff {
    /// The same delay before every retry.
    #[default]
    Constant,
    /// `k · delay` before retry k.
    Linear,
    /// `(2^k − 1) · delay` before retry k, as Dagster does.
    Exponential,
}

/// When and how often a step is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Retries after the first attempt; 0 = none, `u32::MAX` = without limit.
    pub max_retries: u32,
    /// Base delay.
    pub delay_ms: u64,
    /// How the delay grows.
    pub backoff: Backoff,
    /// Upper bound of a delay, before jitter; `None` = no bound.
    pub max_delay_ms: Option<u64>,
    /// Share of the delay by which it may be off in either direction, 0 to 1; 0 = exact.
    pub jitter: f64,
    /// Error types that are never retried, besides failures that say so themselves.
    pub non_retryable: Vec<String>,
    /// Attempts that died with their executor (SIGKILL, power cut) are attempts and count against
    /// `max_retries`; up to this many of them are made good by extra attempts, so that a policy
    /// without retries still resumes after a crash while a step that kills its host every time
    /// comes to an end.
    pub max_crash_retries: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 0,
            delay_ms: 0,
            backoff: Backoff::Constant,
            max_delay_ms: None,
            jitter: 0.0,
            non_retryable: Vec::new(),
            max_crash_retries: 3,
        }
    }
}

impl RetryPolicy {
    /// A policy with a constant delay.
    #[must_use]
    pub fn constant(max_retries: u32, delay_ms: u64) -> Self {
        Self {
            max_retries,
            delay_ms,
            ..Self::default()
        }
    }

    /// A policy whose delays grow as Dagster's do.
    #[must_use]
    pub fn exponential(max_retries: u32, delay_ms: u64) -> Self {
        Self::constant(max_retries, delay_ms).backoff(Backoff::Exponential)
    }

    /// Sets how the delay grows.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Bounds the delays.
    #[must_use]
    pub fn max_delay_ms(mut self, bound: u64) -> Self {
        self.max_delay_ms = Some(bound);
        self
    }

    /// Sets by which share of it a delay may be off, 0 to 1.
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Sets the error types that are never retried.
    #[must_use]
    pub fn non_retryable<I>(mut self, error_types: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.non_retryable = error_types.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how many attempts that died with their executor are made good.
    #[must_use]
    pub fn max_crash_retries(mut self, attempts: u32) -> Self {
        self.max_crash_retries = attempts;
        self
    }

    /// The delay before retry `k` (from 1), in milliseconds, without jitter.
    #[must_use]
    pub fn delay_ms(&self, k: u32) -> u64 {
        let factor = match self.backoff {
            Backoff::Constant => 1,
            Backoff::Linear => u64::from(k),
            Backoff::Exponential => 1_u64
                .checked_shl(k)
                .map_or(u64::MAX, |power| power.saturating_sub(1)),
        };
        let delay = self.delay_ms.saturating_mul(factor);
        self.max_delay_ms.map_or(delay, |max| delay.min(max))
    }

    /// The delay before retry `k` (from 1), in nanoseconds, with jitter from `rng`.
    pub fn delay_ns(&self, k: u32, rng: &mut impl Rng) -> u64 {
        let exact = self.delay_ms(k).saturating_mul(1_000_000);
        let jitter = self.jitter.clamp(0.0, 1.0);
        if jitter == 0.0 || exact == 0 {
            return exact;
        }
        let share = rng.random_range(-jitter..=jitter);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a jittered delay needs no nanosecond exactness; the share is at least -1"
        )]
        let jittered = (exact as f64 * (1.0 + share)) as u64;
        jittered
    }

    /// Whether another attempt is allowed after `attempts`, of which `crashed` died with their
    /// executor.
    #[must_use]
    pub fn allows(&self, attempts: u32, crashed: u32) -> bool {
        let extra = crashed.min(self.max_crash_retries);
        attempts < 1_u32.saturating_add(self.max_retries).saturating_add(extra)
    }

    /// Whether this failure may be retried at all.
    #[must_use]
    pub fn retries(&self, failure: &StepFailure) -> bool {
        failure.retryable && !self.non_retryable.contains(&failure.error_type)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn schedules_are_those_of_dagster() {
        let policy = |backoff| RetryPolicy {
            max_retries: 4,
            delay_ms: 500,
            backoff,
            ..RetryPolicy::default()
        };
        let gaps = |policy: &RetryPolicy| (1..=4).map(|k| policy.delay_ms(k)).collect::<Vec<_>>();
        assert_eq!(gaps(&policy(Backoff::Constant)), [500, 500, 500, 500]);
        assert_eq!(gaps(&policy(Backoff::Linear)), [500, 1000, 1500, 2000]);
        assert_eq!(gaps(&policy(Backoff::Exponential)), [500, 1500, 3500, 7500]);
        let capped = RetryPolicy {
            max_delay_ms: Some(2000),
            ..policy(Backoff::Exponential)
        };
        assert_eq!(gaps(&capped), [500, 1500, 2000, 2000]);
        assert_eq!(policy(Backoff::Exponential).delay_ms(200), u64::MAX);
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let policy = RetryPolicy {
            jitter: 0.25,
            ..RetryPolicy::constant(3, 1000)
        };
        let mut rng = rand::rngs::StdRng::seed_from_u64(7);
        for _ in 0..1000 {
            let delay = policy.delay_ns(1, &mut rng);
            assert!((750_000_000..=1_250_000_000).contains(&delay), "{delay}");
        }
    }

    #[test]
    fn crashed_attempts_count_and_are_made_good_within_a_bound() {
        let none = RetryPolicy::default();
        assert!(none.allows(0, 0));
        assert!(!none.allows(1, 0));
        assert!(none.allows(1, 1));
        assert!(!none.allows(4, 4));
        let strict = RetryPolicy {
            max_crash_retries: 0,
            ..RetryPolicy::constant(1, 0)
        };
        assert!(strict.allows(1, 1));
        assert!(!strict.allows(2, 2));
        assert!(RetryPolicy::constant(u32::MAX, 0).allows(1_000_000, 3));
    }
}
