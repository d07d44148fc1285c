//! Partitions by time, in UTC: hours, days, weeks and months.

use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

use super::dynamic::Now;
use super::product::{self, Dimension};
use super::{PartitionError, PartitionKeys, Partitions, Shape};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
/// Keys of hours, as Dagster's.
const HOUR: &str = "%Y-%m-%d-%H:%M";
const DAY: &str = "%Y-%m-%d";

/// Windows of time, one after the other without gaps and without an end in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Start of the first that is a partition; of months, their number since January of year 0.
    first: i64,
    pub length: Length,
    /// Whether each is a partition from when on it is over; else there are as many as were said.
    pub grows: bool,
}

/// How long each window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many seconds.
    Seconds(i64),
    /// A month of the calendar.
    Month,
}

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
            ..windows
        };
        Self::of_keys(grows.keys(grows.over(now)), Shape::Windows(grows))
    }
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
    fn seconds(first: i64, seconds: i64) -> Self {
        Self {
            first,
            length: Length::Seconds(seconds),
            grows: false,
        }
    }

    fn hours(first: &str) -> Result<Self, PartitionError> {
        Ok(Self::seconds(hour(first)?, HOUR_S))
    }

    fn days(first: &str) -> Result<Self, PartitionError> {
        Ok(Self::seconds(day(first)?, DAY_S))
    }

    fn weeks(first: &str) -> Result<Self, PartitionError> {
        Ok(Self::seconds(day(first)?, 7 * DAY_S))
    }

    /// Those that begin at a day or later: one that had begun before is not whole.
    fn months(first: &str) -> Result<Self, PartitionError> {
        let start = day(first)?;
        let begun = i64::from(of_month(month(start)) < start);
        Ok(Self {
            first: month(start) + begun,
            length: Length::Month,
            grows: false,
        })
    }

    /// The keys of the first so many.
    fn keys(self, count: i64) -> Vec<String> {
        let format = match self.length {
            Length::Seconds(HOUR_S) => HOUR,
            Length::Seconds(_) | Length::Month => DAY,
        };
        let starts = (0..count).map_while(|at| civil(self.start(at)));
        starts
            .map(|start| start.strftime(format).to_string())
            .collect()
    }

    /// How many windows are over at a moment, from the first on, however many there are.
    pub(super) fn over(self, now: Timestamp) -> i64 {
        self.containing(now.as_second()).max(0)
    }

    /// The window in which a second lies, since 1970.
    fn containing(self, second: i64) -> i64 {
        match self.length {
            Length::Seconds(length) => (second - self.first).div_euclid(length),
            Length::Month => month(second) - self.first,
        }
    }

    /// The first second of a window, since 1970.
    fn start(self, position: i64) -> i64 {
        match self.length {
            Length::Seconds(length) => self.first + position * length,
            Length::Month => of_month(self.first + position),
        }
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
        if end <= start {
            return (0, 0);
        }
        (upstream.containing(start), upstream.containing(end - 1) + 1)
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

/// The begin of a day, in seconds since 1970.
fn day(text: &str) -> Result<i64, PartitionError> {
    let date = text.parse::<Date>().map_err(|error| PartitionError::Date {
        found: text.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(seconds(date.to_datetime(jiff::civil::Time::midnight())))
}

/// The begin of an hour, in seconds since 1970.
fn hour(text: &str) -> Result<i64, PartitionError> {
    let time = DateTime::strptime(HOUR, text).map_err(|error| PartitionError::Hour {
        found: text.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(seconds(time))
}

const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// Seconds since 1970 in UTC.
fn seconds(time: DateTime) -> i64 {
    time.duration_since(EPOCH).as_secs()
}

/// The time of a second since 1970; `None` beyond the calendar.
fn civil(second: i64) -> Option<DateTime> {
    EPOCH.checked_add(SignedDuration::from_secs(second)).ok()
}

/// The number of the month of a second since 1970; beyond the calendar, of its last.
fn month(second: i64) -> i64 {
    let date = EPOCH
        .saturating_add(SignedDuration::from_secs(second))
        .date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// The first second of a month by its number; beyond the calendar, its ends.
fn of_month(number: i64) -> i64 {
    let year = i16::try_from(number.div_euclid(12)).ok();
    let month = i8::try_from(number.rem_euclid(12) + 1).unwrap_or(1);
    let first = year.and_then(|year| Date::new(year, month, 1).ok());
    let end = if number < 0 { Date::MIN } else { Date::MAX };
    seconds(
        first
            .unwrap_or(end)
            .to_datetime(jiff::civil::Time::midnight()),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use proptest::prelude::*;

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
        let expected = Some("2012-02-29T00:00:00 2012-03-01T00:00:00".to_owned());
        assert_eq!(window(&days, "2012-02-29"), expected);
        assert_eq!(window(&days, "2012-03-02"), None);
        let origins = Partitions::static_keys(["EWR"]).unwrap();
        assert_eq!(window(&origins, "EWR"), None);
        let weeks = Partitions::weekly("1969-12-28", "1970-01-10").unwrap();
        let both = Partitions::product([("origin", origins), ("week", weeks)]).unwrap();
        let expected = Some("1969-12-28T00:00:00 1970-01-04T00:00:00".to_owned());
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
        let days = Windows::seconds(100 * DAY_S, DAY_S);
        let weeks = Windows::seconds(107 * DAY_S, 7 * DAY_S);
        assert_eq!(weeks.overlap(0, (0, 0), days, 30), (7, 14));
        assert_eq!(weeks.overlap(3, (0, 0), days, 30), (28, 30));
        assert_eq!(weeks.overlap(0, (-1, 0), days, 30), (0, 14));
        assert_eq!(days.overlap(8, (0, 0), weeks, 4), (0, 1));
        assert_eq!(days.overlap(3, (0, 0), weeks, 4), (0, 0));
        assert_eq!(days.overlap(0, (-2, 0), days, 30), (0, 1));
        assert_eq!(days.overlap(5, (-2, -1), days, 30), (3, 5));
        assert_eq!(days.overlap(5, (0, -1), days, 30), (0, 0));
    }

    /// Windows of every length, from somewhere in the first days of 2012 on.
    fn any_windows() -> impl Strategy<Value = Windows> {
        let first = 1_325_376_000_i64..1_325_376_000 + 90 * DAY_S;
        let length = prop_oneof![
            Just(Some(HOUR_S)),
            Just(Some(DAY_S)),
            Just(Some(7 * DAY_S)),
            Just(None),
        ];
        (first, length).prop_map(|(first, length)| match length {
            Some(seconds) => Windows::seconds(first, seconds),
            None => Windows {
                first: month(first),
                length: Length::Month,
                grows: false,
            },
        })
    }

    proptest! {
        #[test]
        fn windows_overlap_exactly_where_their_seconds_do(
            own in any_windows(),
            upstream in any_windows(),
            position in 0_u32..4,
            start_offset in -2_i32..3,
            end_offset in -2_i32..3,
        ) {
            let at = i64::from(position);
            let start = own.start(at + i64::from(start_offset));
            let end = own.start(at + 1 + i64::from(end_offset));
            let meets = |at: &i64| upstream.start(*at) < end && upstream.start(at + 1) > start;
            let expected: Vec<i64> = (-8_000..8_000).filter(|at| start < end && meets(at)).collect();
            let (first, behind) = own.reach(position, (start_offset, end_offset), upstream);
            prop_assert_eq!((first..behind).collect::<Vec<_>>(), expected);
            // No gaps, and every second lies in the window that begins before it.
            let found = upstream.containing(start);
            prop_assert!(upstream.start(found) <= start && start < upstream.start(found + 1));
        }
    }

    #[test]
    fn without_an_end_there_is_what_is_over() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let windows = Windows::days("2024-02-28").unwrap();
        let days = Partitions::since(windows, at("2024-03-01T12:00:00Z")).unwrap();
        assert_eq!(keys(&days), ["2024-02-28", "2024-02-29"]);
        let on = |days: &Partitions, text: &str| {
            let now = Now {
                keys_of: &|_| None,
                at: at(text),
            };
            days.with_keys(&now).unwrap()
        };
        assert_eq!(on(&days, "2024-03-01T23:59:59Z"), None);
        let later = on(&days, "2024-03-02T00:00:00Z").unwrap();
        assert_eq!(keys(&later), ["2024-02-28", "2024-02-29", "2024-03-01"]);
        let latest = days.latest(at("2024-03-03T00:00:00Z")).unwrap();
        assert_eq!(latest, [Arc::from("2024-03-02")]);
        // None is over yet.
        let none = Partitions::since(windows, at("2024-02-28T12:00:00Z")).unwrap();
        assert_eq!(none.count(), 0);
        let both = [
            ("day", none),
            ("origin", Partitions::static_keys(["EWR"]).unwrap()),
        ];
        let both = Partitions::product(both).unwrap();
        assert_eq!(both.count(), 0);
        assert_eq!(
            keys(&on(&both, "2024-02-29T00:00:00Z").unwrap()),
            ["2024-02-28|EWR"]
        );
        // What has an end has it.
        let ended = Partitions::daily("2024-02-28", "2024-02-28").unwrap();
        assert_eq!(on(&ended, "2024-03-02T00:00:00Z"), None);
    }

    fn keys(partitions: &Partitions) -> Vec<String> {
        let keys = (0..partitions.count()).filter_map(|at| partitions.key(at));
        keys.map(ToString::to_string).collect()
    }

    #[test]
    fn hours_begin_at_a_minute_and_cross_midnight() {
        let hours = Partitions::hourly("2012-02-29-22:30", "2012-03-01-00:30").unwrap();
        assert_eq!(
            keys(&hours),
            ["2012-02-29-22:30", "2012-02-29-23:30", "2012-03-01-00:30"]
        );
        let window = hours
            .window("2012-02-29-23:30")
            .map(|(from, to)| format!("{from} {to}"));
        assert_eq!(window.unwrap(), "2012-02-29T23:30:00 2012-03-01T00:30:00");
        let over = |now: &str| {
            let now = now.parse().unwrap();
            (0..hours.count())
                .filter(|at| hours.has_come(*at, now))
                .count()
        };
        assert_eq!(over("2012-02-29T23:29:59Z"), 0);
        assert_eq!(over("2012-02-29T23:30:00Z"), 1);
        assert_eq!(over("2013-01-01T00:00:00Z"), 3);
        for (first, last, said) in [
            (
                "2012-02-30-00:00",
                "2012-03-01-00:00",
                "expected YYYY-MM-DD-HH:MM",
            ),
            (
                "2012-02-28",
                "2012-03-01-00:00",
                "expected YYYY-MM-DD-HH:MM",
            ),
            (
                "2012-03-01-01:00",
                "2012-03-01-00:00",
                "at least one whole hour",
            ),
        ] {
            let refused = Partitions::hourly(first, last).unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let months = Partitions::monthly("2011-12-02", "2012-04-29").unwrap();
        assert_eq!(keys(&months), ["2012-01-01", "2012-02-01", "2012-03-01"]);
        let whole = Partitions::monthly("2012-01-01", "2012-01-31").unwrap();
        assert_eq!(keys(&whole), ["2012-01-01"]);
        let window = months
            .window("2012-02-01")
            .map(|(from, to)| to.since(from).unwrap());
        assert_eq!(window.unwrap().get_days(), 29);
        assert!(months.is_latest(1, "2012-03-31T23:59:59Z".parse().unwrap()));
        assert!(months.is_latest(2, "2012-04-01T00:00:00Z".parse().unwrap()));
        let refused = Partitions::monthly("2012-01-02", "2012-02-28").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "partition range 2012-01-02 to 2012-02-28: expected at least one whole month"
        );
    }

    #[test]
    fn what_differs_in_length_overlaps_in_time() {
        let of = |partitions: Partitions| match partitions {
            Partitions::Keys(keys) => match keys.shape() {
                Shape::Windows(windows) => (*windows, u32::try_from(keys.len()).unwrap()),
                _ => unreachable!("windows of time"),
            },
            Partitions::Unpartitioned => unreachable!("windows of time"),
        };
        let (months, _) = of(Partitions::monthly("2012-01-01", "2012-12-31").unwrap());
        let (days, count) = of(Partitions::daily("2012-01-01", "2012-12-31").unwrap());
        let (hours, hour_count) =
            of(Partitions::hourly("2012-01-01-00:00", "2012-12-31-23:00").unwrap());
        assert_eq!(months.overlap(1, (0, 0), days, count), (31, 60));
        assert_eq!(months.overlap(0, (-1, 0), days, count), (0, 31));
        assert_eq!(months.reach(0, (-1, 0), days), (-31, 31));
        assert_eq!(days.overlap(59, (0, 0), months, 12), (1, 2));
        assert_eq!(days.reach(0, (-1, -1), months), (-1, 0));
        assert_eq!(days.overlap(1, (0, 0), hours, hour_count), (24, 48));
        assert_eq!(hours.overlap(25, (-24, 0), days, count), (0, 2));
    }
}
