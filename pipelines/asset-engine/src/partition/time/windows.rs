//! Windows of time, in seconds since 1970, months of the calendar or by a cron line, in UTC.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

use super::line::Line;
use crate::partition::PartitionError;

pub(super) const HOUR_S: i64 = 3_600;
pub(super) const DAY_S: i64 = 24 * HOUR_S;
/// Keys of hours, as Dagster's.
const HOUR: &str = "%Y-%m-%d-%H:%M";
const DAY: &str = "%Y-%m-%d";

/// Windows of time, one after the other without gaps and without an end in either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Start of the first that is a partition; of months, their number since January of year 0.
    pub(super) first: i64,
    pub length: Length,
    /// Whether each is a partition from when on it is over; else there are as many as were said.
    pub grows: bool,
}

/// How long each window is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many seconds.
    Seconds(i64),
    /// A month of the calendar.
    Month,
    /// From one time of a cron line to the next.
    Cron(Line),
}

impl Windows {
    pub(super) fn seconds(first: i64, seconds: i64) -> Self {
        Self {
            first,
            length: Length::Seconds(seconds),
            grows: false,
        }
    }

    pub(super) fn hours(first: &str) -> Result<Self, PartitionError> {
        Ok(Self::seconds(hour(first)?, HOUR_S))
    }

    pub(super) fn days(first: &str) -> Result<Self, PartitionError> {
        Ok(Self::seconds(day(first)?, DAY_S))
    }

    pub(super) fn weeks(first: &str) -> Result<Self, PartitionError> {
        Ok(Self::seconds(day(first)?, 7 * DAY_S))
    }

    /// Those that begin at a day or later: one that had begun before is not whole.
    pub(super) fn months(first: &str) -> Result<Self, PartitionError> {
        let start = day(first)?;
        let begun = i64::from(of_month(month(start)) < start);
        Ok(Self {
            first: month(start) + begun,
            length: Length::Month,
            grows: false,
        })
    }

    /// Those between the times of a cron line that are a time or later.
    pub(super) fn by_cron(line: &str, first: &str) -> Result<Self, PartitionError> {
        let line = Line::new(line, hour(first)?)?;
        Ok(Self {
            first: line.start(0),
            length: Length::Cron(line),
            grows: false,
        })
    }

    /// The same, which knows the starts of those up to a second, where they have to be looked for.
    pub(super) fn through(self, second: i64) -> Self {
        let length = match self.length {
            Length::Cron(line) => Length::Cron(line.through(second)),
            length => length,
        };
        Self { length, ..self }
    }

    /// The keys of the first so many.
    pub(super) fn keys(&self, count: i64) -> Vec<String> {
        let format = match self.length {
            Length::Seconds(HOUR_S) | Length::Cron(_) => HOUR,
            Length::Seconds(_) | Length::Month => DAY,
        };
        let starts = (0..count).map_while(|at| civil(self.start(at)));
        starts
            .map(|start| start.strftime(format).to_string())
            .collect()
    }

    /// How many windows are over at a moment, from the first on, however many there are.
    pub fn over(&self, now: Timestamp) -> i64 {
        self.containing(now.as_second()).max(0)
    }

    /// The window in which a second lies, since 1970.
    pub(super) fn containing(&self, second: i64) -> i64 {
        match &self.length {
            Length::Seconds(length) => (second - self.first).div_euclid(*length),
            Length::Month => month(second) - self.first,
            Length::Cron(line) => line.containing(second),
        }
    }

    /// The first second of a window, since 1970.
    pub(super) fn start(&self, position: i64) -> i64 {
        match &self.length {
            Length::Seconds(length) => self.first + position * length,
            Length::Month => of_month(self.first + position),
            Length::Cron(line) => line.start(position),
        }
    }

    /// The positions of `upstream` (of `count` windows) whose time overlaps with that of the window
    /// at `position` here, its start moved by `start_offset` and its end by `end_offset` windows of
    /// this set; from first to before last, cut at the ends of `upstream`.
    pub fn overlap(
        &self,
        position: u32,
        offsets: (i32, i32),
        upstream: &Self,
        count: u32,
    ) -> (u32, u32) {
        let (first, end) = self.reach(position, offsets, upstream);
        let cut = |at: i64| u32::try_from(at.clamp(0, i64::from(count))).unwrap_or(count);
        (cut(first), cut(end))
    }

    /// The same, not cut: positions before the first of `upstream` are negative.
    pub fn reach(
        &self,
        position: u32,
        (start_offset, end_offset): (i32, i32),
        upstream: &Self,
    ) -> (i64, i64) {
        let start = self.start(i64::from(position) + i64::from(start_offset));
        let end = self.start(i64::from(position) + 1 + i64::from(end_offset));
        if end <= start {
            return (0, 0);
        }
        (upstream.containing(start), upstream.containing(end - 1) + 1)
    }
}

/// The begin of a day, in seconds since 1970.
pub(super) fn day(text: &str) -> Result<i64, PartitionError> {
    let date = text.parse::<Date>().map_err(|error| PartitionError::Date {
        found: text.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(seconds(date.to_datetime(jiff::civil::Time::midnight())))
}

/// The begin of an hour, in seconds since 1970.
pub(super) fn hour(text: &str) -> Result<i64, PartitionError> {
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
pub(super) fn civil(second: i64) -> Option<DateTime> {
    EPOCH.checked_add(SignedDuration::from_secs(second)).ok()
}

/// The number of the month of a second since 1970; beyond the calendar, of its last.
pub(super) fn month(second: i64) -> i64 {
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
