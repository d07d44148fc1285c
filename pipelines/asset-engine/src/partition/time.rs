//! Partitions by time: days and weeks.

use jiff::Timestamp;
use jiff::civil::Date;

use super::product::{self, Dimension};
use super::{PartitionError, PartitionKeys, Partitions, Shape};

const SECONDS_A_DAY: i64 = 86_400;

/// Windows of equal length, one after the other without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// First day of the first window, in days since 1970-01-01.
    pub first_day: i64,
    /// Length of each, in days.
    pub days: i64,
}

impl Partitions {
    /// One partition a day, from `first` to `last`, both included, both `YYYY-MM-DD`.
    ///
    /// # Errors
    /// A text that is no date, or a last day before the first.
    pub fn daily(first: &str, last: &str) -> Result<Self, PartitionError> {
        Self::windows(first, last, 1)
    }

    /// One partition a week, from `first` on, as many as are over by the end of `last`; a key is
    /// the week's first day. Weeks begin on the weekday of `first`.
    ///
    /// # Errors
    /// A text that is no date, or a range without a whole week.
    pub fn weekly(first: &str, last: &str) -> Result<Self, PartitionError> {
        Self::windows(first, last, 7)
    }

    fn windows(first: &str, last: &str, days: i64) -> Result<Self, PartitionError> {
        let (start, end) = (parse(first)?, parse(last)?);
        if end < start {
            return Err(PartitionError::EmptyRange {
                first: first.to_owned(),
                last: last.to_owned(),
            });
        }
        let (first_day, end_day) = (day_number(start), day_number(end) + 1);
        let mut keys = Vec::new();
        let mut day = start;
        let mut next_day = first_day + days;
        while next_day <= end_day {
            keys.push(day.to_string());
            match day.checked_add(jiff::Span::new().days(days)) {
                Ok(next) => day = next,
                Err(_end_of_calendar) => break,
            }
            next_day += days;
        }
        if keys.is_empty() {
            return Err(PartitionError::NoWeek {
                first: first.to_owned(),
                last: last.to_owned(),
            });
        }
        Self::of_keys(keys, Shape::Windows(Windows { first_day, days }))
    }
}

impl Partitions {
    /// The time that a piece stands for, by its key: its first day and the day after its last. `None`
    /// of a key that there is not, or that stands for no time.
    #[must_use]
    pub fn window(&self, key: &str) -> Option<(Date, Date)> {
        let position = self.position(Some(key))?;
        let (windows, at, _) = self.times(position).next()?;
        let day = |at| {
            let days = jiff::Span::new().try_days(windows.start(at)).ok()?;
            jiff::civil::date(1970, 1, 1).checked_add(days).ok()
        };
        Some((day(at)?, day(at + 1)?))
    }

    /// Whether the time that a piece stands for is over at a moment, in UTC. What stands for no time
    /// always is. (In Dagster, a partition is not there before.)
    pub(crate) fn has_come(&self, position: u32, now: Timestamp) -> bool {
        let mut times = self.times(position);
        times.all(|(windows, at, _)| at < windows.over(now))
    }

    /// Whether a piece is of the latest time that is over at a moment. What stands for no time
    /// always is.
    pub(crate) fn is_latest(&self, position: u32, now: Timestamp) -> bool {
        let mut times = self.times(position);
        times.all(|(windows, at, count)| at + 1 == windows.over(now).min(count))
    }

    /// The times that a piece stands for: windows, the position among them, how many there are.
    fn times(&self, position: u32) -> impl Iterator<Item = (Windows, i64, i64)> {
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
                    Some((*windows, at.into(), count))
                }
                Shape::Static | Shape::Dynamic(_) | Shape::Product(_) => None,
            })
    }
}

impl Windows {
    /// How many windows are over at a moment, in UTC, from the first on, however many there are.
    fn over(self, now: Timestamp) -> i64 {
        let day = now.as_second().div_euclid(SECONDS_A_DAY);
        (day - self.first_day).div_euclid(self.days).max(0)
    }

    /// The positions of `upstream` (of `count` windows) whose time overlaps with that of the window
    /// at `position` here, its start moved by `start_offset` and its end by `end_offset` windows of
    /// this set; from first to before last, cut at the ends of `upstream`.
    pub fn overlap(
        self,
        position: u32,
        offsets: (i32, i32),
        upstream: Self,
        count: u32,
    ) -> (u32, u32) {
        let (first, end) = self.reach(position, offsets, upstream);
        let cut = |at: i64| u32::try_from(at.clamp(0, i64::from(count))).unwrap_or(count);
        (cut(first), cut(end))
    }

    /// The same, not cut: positions before the first of `upstream` are negative.
    pub fn reach(
        self,
        position: u32,
        (start_offset, end_offset): (i32, i32),
        upstream: Self,
    ) -> (i64, i64) {
        let start = self.start(i64::from(position) + i64::from(start_offset));
        let end = self.start(i64::from(position) + 1 + i64::from(end_offset));
        let at = |day: i64| (day - upstream.first_day).div_euclid(upstream.days);
        if end <= start {
            return (0, 0);
        }
        (at(start), at(end - 1) + 1)
    }

    fn start(self, position: i64) -> i64 {
        self.first_day + position * self.days
    }
}

fn parse(text: &str) -> Result<Date, PartitionError> {
    text.parse::<Date>().map_err(|error| PartitionError::Date {
        found: text.to_owned(),
        reason: error.to_string(),
    })
}

/// Days since 1970-01-01.
fn day_number(date: Date) -> i64 {
    date.duration_since(jiff::civil::date(1970, 1, 1))
        .as_hours()
        / 24
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn daily_counts_both_ends_and_leap_days() {
        let days = Partitions::daily("2012-02-27", "2012-03-01").unwrap();
        assert_eq!(days.count(), 4);
        assert_eq!(days.key(2).unwrap().as_ref(), "2012-02-29");
        assert_eq!(days.position(Some("2012-03-01")), Some(3));
        assert_eq!(days.position(None), None);
    }

    #[test]
    fn weekly_counts_whole_weeks() {
        let weeks = Partitions::weekly("2013-01-06", "2013-01-26").unwrap();
        let keys: Vec<&str> = (0..weeks.count())
            .map(|at| weeks.key(at).unwrap().as_ref())
            .collect();
        assert_eq!(keys, ["2013-01-06", "2013-01-13", "2013-01-20"]);
        assert_eq!(
            Partitions::weekly("2013-01-01", "2013-01-06")
                .unwrap_err()
                .to_string(),
            "partition range 2013-01-01 to 2013-01-06: expected at least one whole week of 7 days"
        );
    }

    #[test]
    fn keys_have_windows() {
        let window = |partitions: &Partitions, key| {
            let window = partitions.window(key);
            window.map(|(first, end)| format!("{first} {end}"))
        };
        let days = Partitions::daily("2012-02-28", "2012-03-01").unwrap();
        let expected = Some("2012-02-29 2012-03-01".to_owned());
        assert_eq!(window(&days, "2012-02-29"), expected);
        assert_eq!(window(&days, "2012-03-02"), None);
        let origins = Partitions::static_keys(["EWR"]).unwrap();
        assert_eq!(window(&origins, "EWR"), None);
        let weeks = Partitions::weekly("1969-12-28", "1970-01-10").unwrap();
        let both = Partitions::product([("origin", origins), ("week", weeks)]).unwrap();
        let expected = Some("1969-12-28 1970-01-04".to_owned());
        assert_eq!(window(&both, "EWR|1969-12-28"), expected);
    }

    #[test]
    fn a_window_comes_when_it_is_over_and_the_last_of_those_is_the_latest() {
        let days = Partitions::daily("2013-01-01", "2013-01-03").unwrap();
        let of = |partitions: &Partitions, now: &str| {
            let now = now.parse().unwrap();
            let come = (0..partitions.count()).filter(|at| partitions.has_come(*at, now));
            let latest = (0..partitions.count()).filter(|at| partitions.is_latest(*at, now));
            (come.count(), latest.collect::<Vec<u32>>())
        };
        assert_eq!(of(&days, "2013-01-01T23:59:59Z"), (0, vec![]));
        assert_eq!(of(&days, "2013-01-02T00:00:00Z"), (1, vec![0]));
        assert_eq!(of(&days, "2013-01-03T12:00:00Z"), (2, vec![1]));
        assert_eq!(of(&days, "2026-01-01T00:00:00Z"), (3, vec![2]));
        assert_eq!(of(&days, "1969-12-31T23:59:59Z"), (0, vec![]));
        let weeks = Partitions::weekly("2013-01-06", "2013-01-26").unwrap();
        assert_eq!(of(&weeks, "2013-01-19T23:00:00Z"), (1, vec![0]));
        let origins = Partitions::static_keys(["EWR", "JFK"]).unwrap();
        assert_eq!(of(&origins, "1970-01-01T00:00:00Z"), (2, vec![0, 1]));
        let both = Partitions::product([("date", days), ("origin", origins)]).unwrap();
        assert_eq!(of(&both, "2013-01-03T12:00:00Z"), (4, vec![2, 3]));
        let whole = Partitions::Unpartitioned;
        assert_eq!(of(&whole, "1970-01-01T00:00:00Z"), (1, vec![0]));
    }

    #[test]
    fn windows_overlap_by_day() {
        let days = Windows {
            first_day: 100,
            days: 1,
        };
        let weeks = Windows {
            first_day: 107,
            days: 7,
        };
        assert_eq!(weeks.overlap(0, (0, 0), days, 30), (7, 14));
        assert_eq!(weeks.overlap(3, (0, 0), days, 30), (28, 30));
        assert_eq!(weeks.overlap(0, (-1, 0), days, 30), (0, 14));
        assert_eq!(days.overlap(8, (0, 0), weeks, 4), (0, 1));
        assert_eq!(days.overlap(3, (0, 0), weeks, 4), (0, 0));
        assert_eq!(days.overlap(0, (-2, 0), days, 30), (0, 1));
        assert_eq!(days.overlap(5, (-2, -1), days, 30), (3, 5));
        assert_eq!(days.overlap(5, (0, -1), days, 30), (0, 0));
    }
}
