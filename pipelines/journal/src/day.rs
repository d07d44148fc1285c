//! Days, the partitions of the pipeline.
//!
//! A partition is a calendar day by the flight's own year, month and day columns (local time at
//! the airport), written `2013-01-31` everywhere: in files, databases, step keys and JSON.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// One calendar day, ordered by time and printed as `2013-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(Date);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a day such as 2013-01-31, found {found:?}")]
pub struct DayError {
    /// What stood in the day's place.
    pub found: String,
}

impl Day {
    /// The day of a year (for example 2013), a month from 1 and a day of the month from 1, or
    /// `None` when the calendar has no such day.
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let (year, month, day) = (
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        );
        Date::new(year, month, day).ok().map(Self)
    }

    /// The day after this one, or `None` at the end of the calendar.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1.day()).ok().map(Self)
    }

    /// Year, month from 1 and day of the month from 1.
    #[must_use]
    pub fn year_month_day(self) -> (i64, i64, i64) {
        (
            i64::from(self.0.year()),
            i64::from(self.0.month()),
            i64::from(self.0.day()),
        )
    }
}

/// The date type has no schema of its own.
impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date",
            "description": "A calendar day, such as 2013-01-31."
        })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DayError {
            found: text.to_owned(),
        };
        // Date's own parser takes a time or a zone behind the day as well, which no key may have.
        if text.len() != 10 {
            return Err(error());
        }
        text.parse().map(Self).map_err(|_| error())
    }
}

/// All days from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayRange {
    /// The first day.
    pub first: Day,
    /// The last day, not before `first` in a range that has days.
    pub last: Day,
}

impl fmt::Display for DayRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}

impl DayRange {
    /// The days in calendar order.
    pub fn days(&self) -> impl Iterator<Item = Day> + use<> {
        let last = self.last;
        std::iter::successors(Some(self.first), |day| day.next())
            .take_while(move |day| *day <= last)
    }

    /// How many days the range has; 0 when `last` is before `first`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.days().count()
    }

    /// Whether the range has no day.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last < self.first
    }

    /// Whether `day` is in the range.
    #[must_use]
    pub fn contains(&self, day: Day) -> bool {
        self.first <= day && day <= self.last
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn a_year_has_its_days() {
        let year = DayRange {
            first: "2013-01-01".parse().unwrap(),
            last: "2013-12-31".parse().unwrap(),
        };
        assert_eq!(year.len(), 365);
        let days: Vec<Day> = year.days().collect();
        assert_eq!(days[58].to_string(), "2013-02-28");
        assert_eq!(days[59].to_string(), "2013-03-01");
        let backwards = DayRange {
            first: year.last,
            last: year.first,
        };
        assert!(backwards.is_empty());
        assert_eq!(backwards.len(), 0);
    }

    #[test]
    fn only_plain_days_parse() {
        for text in [
            "2013-02-29",
            "2013-1-1",
            "2013-01-01T00:00:00",
            "",
            "tomorrow",
        ] {
            let error = text.parse::<Day>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
        let day: Day = serde_json::from_str("\"2013-01-31\"").unwrap();
        assert_eq!(serde_json::to_string(&day).unwrap(), "\"2013-01-31\"");
    }
}
