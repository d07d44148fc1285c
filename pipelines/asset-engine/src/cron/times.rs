//! The times of jiff, as croner looks for them. (Its own feature for that is of an older jiff.)

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, ZonedDateTime};

/// What a clock on the wall shows, wherever it hangs: each time comes once.
#[derive(Debug, Clone)]
pub(super) struct Shown(pub DateTime);

/// A moment, and what the clocks of its place show.
#[derive(Debug, Clone)]
pub(super) struct Moment(pub ZonedDateTime);

impl CronDateTime for Shown {
    fn to_civil(&self) -> CivilDateTime {
        to_civil(self.0)
    }

    fn civil_weekday(&self) -> Weekday {
        weekday(self.0)
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        Ok(Resolution::Single(Self(of_civil(civil)?)))
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let later = self.0.checked_add(SignedDuration::from_secs(seconds));
        later.ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl CronDateTime for Moment {
    fn to_civil(&self) -> CivilDateTime {
        to_civil(self.0.datetime())
    }

    fn civil_weekday(&self) -> Weekday {
        weekday(self.0.datetime())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let zone = self.0.time_zone();
        let found = zone.to_ambiguous_zoned_datetime(of_civil(civil)?);
        let moment = |found: Result<ZonedDateTime, jiff::Error>| {
            found.map(Self).map_err(|_| CronError::InvalidTime)
        };
        Ok(match found.offset() {
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(moment(found.compatible())?),
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
            AmbiguousOffset::Fold { .. } => {
                let earlier = moment(found.clone().earlier())?;
                Resolution::Ambiguous(earlier, moment(found.later())?)
            }
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let later = self.0.checked_add(SignedDuration::from_secs(seconds));
        later.ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

fn to_civil(time: DateTime) -> CivilDateTime {
    // jiff keeps every part in its range.
    let part = |part: i8| u32::from(part.unsigned_abs());
    CivilDateTime::new(
        CivilDate::from_parts_unchecked(time.year().into(), part(time.month()), part(time.day())),
        CivilTime::from_parts_unchecked(
            part(time.hour()),
            part(time.minute()),
            part(time.second()),
        ),
    )
}

fn of_civil(civil: CivilDateTime) -> Result<DateTime, CronError> {
    let wrong = |_| CronError::InvalidDate;
    let part = |part: u32| i8::try_from(part).map_err(wrong);
    DateTime::new(
        i16::try_from(civil.year()).map_err(wrong)?,
        part(civil.month())?,
        part(civil.day())?,
        part(civil.hour())?,
        part(civil.minute())?,
        part(civil.second())?,
        0,
    )
    .map_err(|_| CronError::InvalidDate)
}

fn weekday(time: DateTime) -> Weekday {
    let days = time.weekday().to_sunday_zero_offset();
    Weekday::from_days_from_sunday(u32::from(days.unsigned_abs()))
}
