//! Cron lines: the times of a schedule, in the time of a place.
//!
//! The five fields and their meaning are those of Vixie cron, read by `croner`. Where clocks jump
//! forward, a line of fixed times is due right after the gap for what falls into it; where they go
//! back, it is due once, at the first of the two. A line whose minute or hour begins with `*` follows
//! the clock on the wall: what it leaves out is not due, what it shows twice is due twice. README.md
//! has a table of what that comes to.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use thiserror::Error;

/// No clock was ever put forward by more: Samoa left out a day.
const JUMP: TimeDelta = TimeDelta::hours(25);

/// A cron line in a time zone.
#[derive(Debug, Clone)]
pub struct Cron {
    line: String,
    zone: Tz,
    pattern: croner::Cron,
    /// Whether neither minute nor hour begins with `*`.
    fixed: bool,
}

/// Why there is no such schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CronError {
    /// The line is none.
    #[error(
        "cron line {found:?}: {reason}; expected minute, hour, day of month, month, day of week"
    )]
    Line {
        /// The line as given.
        found: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No such time zone.
    #[error("time zone {found:?}: expected a name of the IANA database, such as Europe/Berlin")]
    Zone {
        /// The name as given.
        found: String,
    },
}

impl Cron {
    /// Reads a line of five fields, for a place such as `Europe/Berlin` or `UTC`.
    ///
    /// # Errors
    /// What is wrong with the line, or that there is no such time zone.
    pub fn new(line: &str, zone: &str) -> Result<Self, CronError> {
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let pattern = parser.parse(line).map_err(|error| CronError::Line {
            found: line.to_owned(),
            reason: error.to_string(),
        })?;
        let zone = zone.parse().map_err(|_| CronError::Zone {
            found: zone.to_owned(),
        })?;
        let is_star = |field: &str| field.starts_with('*') || field.eq_ignore_ascii_case("@hourly");
        Ok(Self {
            line: line.to_owned(),
            zone,
            pattern,
            fixed: !line.split_whitespace().take(2).any(is_star),
        })
    }

    /// The times after one moment, up to and with another.
    pub fn ticks(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let mut last = after;
        let mut wall = self.wall(after).map(|wall| (wall - JUMP).and_utc());
        std::iter::from_fn(move || {
            if !self.fixed {
                last = self.following(last)?;
                return Some(last);
            }
            loop {
                // A line without any further time (the 30th of February) has no next one.
                let next = self.pattern.find_next_occurrence(&wall?, false).ok()?;
                wall = Some(next);
                let tick = self.first_at(next.naive_utc())?;
                if tick > last {
                    last = tick;
                    return Some(tick);
                }
            }
        })
        .take_while(move |tick| *tick <= until)
    }

    /// The newest time up to and with a moment.
    #[must_use]
    pub fn previous(&self, at: Timestamp) -> Option<Timestamp> {
        if !self.fixed {
            let at = self.local(at)?;
            return timestamp(self.pattern.find_previous_occurrence(&at, true).ok()?);
        }
        let mut wall = (self.wall(at)? + JUMP).and_utc();
        loop {
            wall = self.pattern.find_previous_occurrence(&wall, false).ok()?;
            let tick = self.first_at(wall.naive_utc())?;
            if tick <= at {
                return Some(tick);
            }
        }
    }

    /// The next time by the clock on the wall.
    fn following(&self, after: Timestamp) -> Option<Timestamp> {
        let after = self.local(after)?;
        timestamp(self.pattern.find_next_occurrence(&after, false).ok()?)
    }

    /// The first moment at which the clock of the place shows a time; where it shows it never, the
    /// first one after that.
    fn first_at(&self, wall: NaiveDateTime) -> Option<Timestamp> {
        let minutes = (0..=JUMP.num_minutes()).map(TimeDelta::minutes);
        let shown = |later| self.zone.from_local_datetime(&(wall + later)).earliest();
        timestamp(minutes.map(shown).find_map(|shown| shown)?)
    }

    /// What the clock of the place shows.
    fn wall(&self, at: Timestamp) -> Option<NaiveDateTime> {
        Some(self.local(at)?.naive_local())
    }

    /// The day on the calendar of the place.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Option<Date> {
        let local = self.local(at)?;
        let narrow = |part: u32| i8::try_from(part).ok();
        let year = i16::try_from(local.year()).ok()?;
        Date::new(year, narrow(local.month())?, narrow(local.day())?).ok()
    }

    /// Whether it has no more than one time on a day of the calendar of the place.
    pub(super) fn comes_once(&self, day: Date) -> bool {
        // No place is further from UTC than this.
        let from = day.to_zoned_datetime(TimeZone::UTC);
        let from = from.map(|day| day.timestamp() - 15.hours());
        let Ok(from) = from else { return true };
        let times = self.ticks(from, from + 54.hours());
        times
            .filter(|tick| self.day(*tick) == Some(day))
            .nth(1)
            .is_none()
    }

    fn local(&self, at: Timestamp) -> Option<DateTime<Tz>> {
        let second = at.as_millisecond().div_euclid(1000);
        DateTime::<Utc>::from_timestamp(second, 0).map(|utc| utc.with_timezone(&self.zone))
    }
}

/// The line and the zone make the schedule.
impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line && self.zone == other.zone
    }
}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.line, self.zone.name())
    }
}

fn timestamp(at: DateTime<Tz>) -> Option<Timestamp> {
    Timestamp::from_second(at.timestamp()).ok()
}
