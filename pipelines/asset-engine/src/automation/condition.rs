//! Conditions on a piece of an asset, under which a [`super::Rule`] asks for it.
//!
//! They are made of the parts that Dagster's `AutomationCondition` has, and combine by `&`, `|`
//! and `!`. What has Dagster's name has its meaning: [`Condition::eager`], [`Condition::on_missing`]
//! and [`Condition::on_cron`] ask for nothing when a rule first finds an asset, and of partitions by
//! time for the latest only; the past is for a [`super::Backfill`]. [`Condition::keep_fresh`] and
//! [`Condition::fill_missing`] ask for all that is missing, at once.

use std::ops::{BitAnd, BitOr, Not};

use super::view::View;
use crate::cron::Cron;

/// A condition on a piece.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// It was never materialized.
    Missing,
    /// It is missing, and came to be that, or to be there at all, after the rule first found the
    /// asset (Dagster's `newly_missing`).
    NewlyMissing,
    /// It is of the latest time that is over, or of no time (Dagster's `in_latest_time_window`).
    InLatestTimeWindow,
    /// It is missing, or older than what it is made from, by data and code versions.
    Stale,
    /// The rule has asked for it, and nothing was made of that so far: the run is under way, or has
    /// failed. What was made of it and wiped is not asked for any longer.
    Requested,
    /// A run that materializes it is under way or ordered, or is still to come of an open backfill.
    InProgress,
    /// Something that it reads is there in another data version than it was made from, which was
    /// made or seen after it was asked for; or is asked for in the same run.
    AnyDepChanged,
    /// The same, made or seen after the rule first found the asset as well. (Dagster goes by what was
    /// committed later, whatever its version.)
    AnyDepUpdated,
    /// The newest data of something that it reads failed a blocking check, or has not passed one
    /// that is an asset of its own, and is not asked for in the same run: a run would fail on it
    /// (Dagster's `all_deps_blocking_checks_passed`, which its `eager()` leaves out).
    AnyDepBlocked,
    /// Something that it reads was never materialized, and is not asked for in the same run.
    AnyDepMissing,
    /// The same of something that it reads.
    AnyDepInProgress,
    /// A time of the schedule has come since it was made or asked for, and since the rule has had the
    /// schedule.
    CronPassed(Cron),
    /// Everything that it reads was made, or seen, since the newest time of the schedule.
    AllDepsUpdatedSince(Cron),
    /// All of these.
    All(Vec<Condition>),
    /// Any of these.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
}

impl Condition {
    /// As soon as what it reads has changed, or when it comes to be missing; not while a dependency
    /// is missing, blocked or in progress (Dagster's `AutomationCondition.eager()`). Nothing of what
    /// was missing or outdated when the rule first found the asset, and of partitions by time only
    /// the latest.
    #[must_use]
    pub fn eager() -> Self {
        Self::InLatestTimeWindow
            & ((Self::NewlyMissing & !Self::Requested) | Self::AnyDepUpdated)
            & Self::can_be_made()
    }

    /// When it comes to be missing and all that it reads is there
    /// (`AutomationCondition.on_missing()`). Nothing of what was missing when the rule first found
    /// the asset, and of partitions by time only the latest.
    #[must_use]
    pub fn on_missing() -> Self {
        Self::InLatestTimeWindow
            & Self::NewlyMissing
            & !Self::Requested
            & !Self::AnyDepMissing
            & !Self::AnyDepBlocked
            & !Self::InProgress
    }

    /// Once after each time of a schedule, when all that it reads was made since, of partitions by
    /// time only the latest (`AutomationCondition.on_cron()`).
    #[must_use]
    pub fn on_cron(cron: Cron) -> Self {
        Self::InLatestTimeWindow
            & Self::CronPassed(cron.clone())
            & Self::AllDepsUpdatedSince(cron)
            & !Self::AnyDepBlocked
            & !Self::InProgress
    }

    /// When it is missing, or what it reads has changed since it was made, whenever that was and
    /// whichever partition it is; not while a dependency is missing, blocked or in progress. On a new
    /// catalog, it makes everything.
    #[must_use]
    pub fn keep_fresh() -> Self {
        ((Self::Missing & !Self::Requested) | Self::AnyDepChanged) & Self::can_be_made()
    }

    /// When it is missing, since whenever and whichever partition it is, and all that it reads is
    /// there.
    #[must_use]
    pub fn fill_missing() -> Self {
        Self::Missing & !Self::Requested & Self::can_be_made()
    }

    fn can_be_made() -> Self {
        !Self::AnyDepMissing & !Self::AnyDepBlocked & !Self::AnyDepInProgress & !Self::InProgress
    }

    /// Whether it holds for a piece.
    pub(super) fn holds(&self, view: &View<'_>, asset: u32, position: u32) -> bool {
        match self {
            Self::Missing => view.is_missing(asset, position),
            Self::NewlyMissing => view.is_newly_missing(asset, position),
            Self::InLatestTimeWindow => view.is_latest(asset, position),
            Self::Stale => view.is_stale(asset, position),
            Self::Requested => view.is_requested(asset, position),
            Self::InProgress => view.is_in_progress(asset, position),
            Self::AnyDepChanged => view.any_dep_changed(asset, position),
            Self::AnyDepUpdated => view.any_dep_updated(asset, position),
            Self::AnyDepBlocked => view.any_dep_blocked(asset, position),
            Self::AnyDepMissing => view.any_dep_missing(asset, position),
            Self::AnyDepInProgress => view
                .reads(asset, position)
                .any(|(dep, at)| view.is_in_progress(dep, at)),
            Self::CronPassed(cron) => view.cron_passed(cron, asset, position),
            Self::AllDepsUpdatedSince(cron) => view.all_deps_since(cron, asset, position),
            Self::All(all) => all.iter().all(|one| one.holds(view, asset, position)),
            Self::Any(any) => any.iter().any(|one| one.holds(view, asset, position)),
            Self::Not(not) => !not.holds(view, asset, position),
        }
    }

    /// The cron lines in it.
    pub(super) fn crons(&self) -> Vec<String> {
        match self {
            Self::CronPassed(cron) | Self::AllDepsUpdatedSince(cron) => vec![cron.to_string()],
            Self::All(several) | Self::Any(several) => {
                several.iter().flat_map(Self::crons).collect()
            }
            Self::Not(not) => not.crons(),
            _ => Vec::new(),
        }
    }

    /// Whether staleness has to be worked out for it.
    pub(super) fn asks_for_staleness(&self) -> bool {
        self.contains(&|one| matches!(one, Self::Stale))
    }

    /// Whether it matters how the rule first found an asset.
    pub(super) fn asks_for_first_looks(&self) -> bool {
        self.contains(&|one| matches!(one, Self::NewlyMissing | Self::AnyDepUpdated))
    }

    /// Whether any of its parts is one of these.
    fn contains(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        match self {
            Self::All(several) | Self::Any(several) => several.iter().any(|one| one.contains(is)),
            Self::Not(not) => not.contains(is),
            one => is(one),
        }
    }
}

impl BitAnd for Condition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        match self {
            Self::All(mut all) => {
                all.push(other);
                Self::All(all)
            }
            one => Self::All(vec![one, other]),
        }
    }
}

impl BitOr for Condition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        match self {
            Self::Any(mut any) => {
                any.push(other);
                Self::Any(any)
            }
            one => Self::Any(vec![one, other]),
        }
    }
}

impl Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}
