//! Partitions by time, in UTC: hours, days, weeks, months, and what lies between the times of a cron
//! line.

mod line;
mod windows;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::dynamic::Now;
use super::product::{self, Dimension};
use super::{PartitionError, PartitionKeys, Partitions, Shape};

pub(crate) use windows::Windows;
use windows::{DAY_S, HOUR_S, civil, day, hour};

impl Partitions {
    /// One partition an hour, from `first` to `last`, both included, both `YYYY-MM-DD-HH:MM`, as their
    /// keys are. Hours begin at the minute of `first`.
    ///
    /// # Errors
    /// A text that is no such time, or a last hour before the first.
    pub fn hourly(first: &str, last: &str) -> Result<Self, PartitionError> {
        let end = hour(last)? + HOUR_S;
        Self::until((first, last), Windows::hours(first)?, end, "hour")
    }

    /// One partition a day, from `first` to `last`, both included, both `YYYY-MM-DD`.
    ///
    /// # Errors
    /// A text that is no date, or a last day before the first.
    pub fn daily(first: &str, last: &str) -> Result<Self, PartitionError> {
        Self::until(
            (first, last),
            Windows::days(first)?,
            end(first, last)?,
            "day",
        )
    }

    /// One partition a week, from `first` on, as many as are over by the end of `last`; a key is
    /// the week's first day. Weeks begin on the weekday of `first`.
    ///
    /// # Errors
    /// A text that is no date, or a range without a whole week.
    pub fn weekly(first: &str, last: &str) -> Result<Self, PartitionError> {
        let (weeks, end) = (Windows::weeks(first)?, end(first, last)?);
        Self::until((first, last), weeks, end, "week of 7 days")
    }

    /// One partition a month of the calendar, those that begin at `first` or later and are over by the
    /// end of `last`; a key is the month's first day.
    ///
    /// # Errors
    /// A text that is no date, or a range without a whole month.
    pub fn monthly(first: &str, last: &str) -> Result<Self, PartitionError> {
        let (months, end) = (Windows::months(first)?, end(first, last)?);
        Self::until((first, last), months, end, "month")
    }

    /// One partition from each time of a cron line to the next, those that begin between `first` and
    /// `last`, both included, both `YYYY-MM-DD-HH:MM`, as their keys are (Dagster's
    /// `TimeWindowPartitionsDefinition` with a `cron_schedule`).
    ///
    /// # Errors
    /// Not a cron line, or one that is never due; a text that is no such time, or a range without any
    /// of the line's.
    pub fn by_cron(line: &str, first: &str, last: &str) -> Result<Self, PartitionError> {
        let last_s = hour(last)?;
        let windows = Windows::by_cron(line, first)?.through(last_s);
        let end = windows.start(windows.containing(last_s) + 1);
        Self::until((first, last), windows, end, "time of the cron line")
    }

    /// As [`Partitions::hourly`], without an end: an hour is a partition from when on it is over, in UTC.
    /// Those of now are there at once, later ones from the next look on ([`crate::AssetGraph::current`]):
    /// when a run is submitted, and at each tick of a daemon. (So with all that have no end.)
    ///
    /// # Errors
    /// A text that is no such time.
    pub fn hourly_since(first: &str) -> Result<Self, PartitionError> {
        Self::since(Windows::hours(first)?, Timestamp::now())
    }

    /// As [`Partitions::daily`], without an end: a day is a partition from when on it is over, in UTC.
    ///
    /// # Errors
    /// A text that is no date.
    pub fn daily_since(first: &str) -> Result<Self, PartitionError> {
        Self::since(Windows::days(first)?, Timestamp::now())
    }

    /// As [`Partitions::weekly`], without an end: a week is a partition from when on it is over, in UTC.
    ///
    /// # Errors
    /// A text that is no date.
    pub fn weekly_since(first: &str) -> Result<Self, PartitionError> {
        Self::since(Windows::weeks(first)?, Timestamp::now())
    }

    /// As [`Partitions::monthly`], without an end: a month is a partition from when on it is over, in
    /// UTC.
    ///
    /// # Errors
    /// A text that is no date.
    pub fn monthly_since(first: &str) -> Result<Self, PartitionError> {
        Self::since(Windows::months(first)?, Timestamp::now())
    }

    /// As [`Partitions::by_cron`], without an end: what lies between two times is a partition from the
    /// second one on.
    ///
    /// # Errors
    /// Not a cron line, or one that is never due; a text that is no such time.
    pub fn by_cron_since(line: &str, first: &str) -> Result<Self, PartitionError> {
        Self::since(Windows::by_cron(line, first)?, Timestamp::now())
    }

    /// The windows that are over at the end.
    fn until(
        (first, last): (&str, &str),
        windows: Windows,
        end: i64,
        of: &'static str,
    ) -> Result<Self, PartitionError> {
        let keys = windows.keys(windows.containing(end));
        if keys.is_empty() {
            return Err(PartitionError::NoWhole {
                first: first.to_owned(),
                last: last.to_owned(),
                of,
            });
        }
        Self::of_keys(keys, Shape::Windows(windows))
    }

    /// The windows that are over at a moment, and so on.
    pub(super) fn since(windows: Windows, now: Timestamp) -> Result<Self, PartitionError> {
        let grows = Windows {
            grows: true,
            ..windows.through(now.as_second())
        };
        Self::of_keys(grows.keys(grows.over(now)), Shape::Windows(grows))
    }
}

/// Whether a text is the key of a day or of an hour.
pub(super) fn is_time(key: &str) -> bool {
    day(key).is_ok() || hour(key).is_ok()
}

impl Partitions {
    /// The time that a piece stands for, by its key, in UTC: where it begins, and where the next one
    /// does. `None` of a key that there is not, or that stands for no time.
    #[must_use]
    pub fn window(&self, key: &str) -> Option<(DateTime, DateTime)> {
        let position = self.position(Some(key))?;
        let (windows, at, _) = self.times(position).next()?;
        Some((civil(windows.start(at))?, civil(windows.start(at + 1))?))
    }

    /// Whether the time that a piece stands for is over at a moment, in UTC. What stands for no time
    /// always is. (In Dagster, a partition is not there before.)
    pub(crate) fn has_come(&self, position: u32, now: Timestamp) -> bool {
        let mut times = self.times(position);
        times.all(|(windows, at, _)| at < windows.over(now))
    }

    /// The keys of the latest time that is over at a moment, in UTC: one, or of a product one for each
    /// combination of its other dimensions. What stands for no time always is.
    ///
    /// # Errors
    /// More keys than can be counted.
    pub fn latest(&self, now: Timestamp) -> Result<Vec<Arc<str>>, PartitionError> {
        let grown = self.with_keys(&Now {
            keys_of: &|_| None,
            at: now,
        })?;
        let own = grown.as_ref().unwrap_or(self);
        let latest = (0..own.count()).filter(|at| own.is_latest(*at, now));
        Ok(latest.filter_map(|at| own.key(at).cloned()).collect())
    }

    /// Whether a piece is of the latest time that is over at a moment. What stands for no time
    /// always is.
    pub(crate) fn is_latest(&self, position: u32, now: Timestamp) -> bool {
        let mut times = self.times(position);
        times.all(|(windows, at, count)| at + 1 == windows.over(now).min(count))
    }

    /// The times that a piece stands for: windows, the position among them, how many there are.
    fn times(&self, position: u32) -> impl Iterator<Item = (&Windows, i64, i64)> {
        let own = match self {
            Self::Unpartitioned => None,
            Self::Keys(keys) => Some(keys),
        };
        let dimensions: &[Dimension] = match own.map(PartitionKeys::shape) {
            Some(Shape::Product(dimensions)) => dimensions,
            _ => &[],
        };
        let split = product::split(dimensions, position);
        let keys = own.map(|keys| (keys, position)).into_iter();
        keys.chain(split.map(|(dimension, at)| (&dimension.keys, at)))
            .filter_map(|(keys, at)| match keys.shape() {
                Shape::Windows(windows) => {
                    let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
                    Some((windows, at.into(), count))
                }
                Shape::Static | Shape::Dynamic(_) | Shape::Product(_) => None,
            })
    }
}

/// The end of a last day that is not before the first, in seconds since 1970.
fn end(first: &str, last: &str) -> Result<i64, PartitionError> {
    let (start, end) = (day(first)?, day(last)?);
    if end < start {
        return Err(PartitionError::EmptyRange {
            first: first.to_owned(),
            last: last.to_owned(),
        });
    }
    Ok(end + DAY_S)
}

#[cfg(test)]
mod tests;
