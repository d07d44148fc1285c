//! Freshness: how long ago an asset was last made, held against what its definition promises. (Whether
//! it is out of date by what it reads is another matter, [`crate::staleness`].)

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::catalog::{Catalog, CatalogError};
use crate::cron::Cron;
use crate::graph::AssetGraph;
use crate::key::AssetKey;

/// When an asset is to have been made (Dagster's `FreshnessPolicy`).
#[derive(Debug, Clone)]
pub struct FreshnessPolicy(Promise);

#[derive(Debug, Clone)]
enum Promise {
    /// So long ago at most; and from when on that is said.
    Within(Duration, Option<Duration>),
    /// By the times of a line, and not longer before them.
    By(Box<Cron>, Duration),
}

/// How an asset stands to its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Freshness {
    /// It was made in time.
    Pass,
    /// It will soon not have been.
    Warn,
    /// It was not.
    Fail,
    /// It was never made, or what was made of it was wiped.
    Unknown,
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        })
    }
}

impl FreshnessPolicy {
    /// The newest materialization is younger than this (Dagster's `time_window`).
    #[must_use]
    pub fn within(fail: Duration) -> Self {
        Self(Promise::Within(fail, None))
    }

    /// The same, with a warning from an earlier age on.
    #[must_use]
    pub fn within_warned(fail: Duration, warn: Duration) -> Self {
        Self(Promise::Within(fail, Some(warn)))
    }

    /// The newest materialization came at the last time of a line, so long before it at most, or later
    /// (Dagster's `cron`).
    #[must_use]
    pub fn by(deadline: Cron, before: Duration) -> Self {
        Self(Promise::By(Box::new(deadline), before))
    }

    fn of(&self, made_ms: u64, now: Timestamp) -> Freshness {
        let now_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let in_ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match &self.0 {
            Promise::Within(fail, warn) => {
                let age_ms = now_ms.saturating_sub(made_ms);
                let is_past = |limit: Duration| age_ms >= in_ms(limit);
                match warn {
                    _ if is_past(*fail) => Freshness::Fail,
                    Some(warn) if is_past(*warn) => Freshness::Warn,
                    _ => Freshness::Pass,
                }
            }
            Promise::By(deadline, before) => {
                let due = deadline.previous(now).map(Timestamp::as_millisecond);
                let due_ms = due.and_then(|due| u64::try_from(due).ok()).unwrap_or(0);
                match made_ms >= due_ms.saturating_sub(in_ms(*before)) {
                    true => Freshness::Pass,
                    false => Freshness::Fail,
                }
            }
        }
    }
}

/// How each asset that has a policy stands to it at a moment, by its newest piece. Of what something
/// else makes, when it was last seen to be another counts.
///
/// # Errors
/// The catalog cannot be read.
pub fn freshness(
    graph: &AssetGraph,
    catalog: &Catalog,
    now: Timestamp,
) -> Result<Vec<(AssetKey, Freshness)>, CatalogError> {
    let mut found = Vec::new();
    for asset in graph.assets() {
        if let Some(policy) = asset.freshness_policy() {
            let stamps = catalog.stamps_of(&asset.key)?;
            let own = stamps
                .iter()
                .filter(|stamp| stamp.observed == asset.is_external());
            let newest_ms = own.map(|stamp| stamp.at_ms).max();
            let stands = newest_ms.map_or(Freshness::Unknown, |ms| policy.of(ms, now));
            found.push((asset.key.clone(), stands));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn at(text: &str) -> (u64, Timestamp) {
        let at: Timestamp = text.parse().unwrap();
        (u64::try_from(at.as_millisecond()).unwrap(), at)
    }

    #[test]
    fn an_age_is_judged_from_its_bound_on() {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let (made_ms, _) = at("2024-01-01T00:00:00Z");
        let after = |policy: &FreshnessPolicy, text: &str| policy.of(made_ms, at(text).1);
        let policy = FreshnessPolicy::within_warned(hours(2), hours(1));
        for (now, expected) in [
            ("2024-01-01T00:59:59.999Z", Freshness::Pass),
            ("2024-01-01T01:00:00Z", Freshness::Warn),
            ("2024-01-01T01:59:59.999Z", Freshness::Warn),
            ("2024-01-01T02:00:00Z", Freshness::Fail),
            // A clock that was put back makes nothing old.
            ("2023-12-31T23:00:00Z", Freshness::Pass),
        ] {
            assert_eq!(after(&policy, now), expected, "{now}");
        }
        let unwarned = FreshnessPolicy::within(hours(2));
        assert_eq!(after(&unwarned, "2024-01-01T01:59:00Z"), Freshness::Pass);
        assert_eq!(after(&unwarned, "2024-01-01T02:00:00Z"), Freshness::Fail);
    }

    #[test]
    fn a_deadline_is_the_last_one_that_has_passed() {
        let nine = Cron::new("0 9 * * *", "UTC").unwrap();
        let policy = FreshnessPolicy::by(nine, Duration::from_secs(900));
        for (made, now, expected) in [
            // In time; and so until the next deadline, at which it is old.
            (
                "2024-01-02T08:50:00Z",
                "2024-01-02T09:00:00Z",
                Freshness::Pass,
            ),
            (
                "2024-01-02T08:50:00Z",
                "2024-01-03T08:59:00Z",
                Freshness::Pass,
            ),
            (
                "2024-01-02T08:50:00Z",
                "2024-01-03T09:00:00Z",
                Freshness::Fail,
            ),
            // Late, and fresh from then on; early, and stale until it is made again.
            (
                "2024-01-02T09:30:00Z",
                "2024-01-02T09:31:00Z",
                Freshness::Pass,
            ),
            (
                "2024-01-02T08:30:00Z",
                "2024-01-02T09:00:00Z",
                Freshness::Fail,
            ),
            (
                "2024-01-02T08:45:00Z",
                "2024-01-02T09:00:00Z",
                Freshness::Pass,
            ),
        ] {
            assert_eq!(policy.of(at(made).0, at(now).1), expected, "{made} {now}");
        }
    }
}
