//! Cron lines: the times of a schedule, in the time of a place.

mod times;

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use thiserror::Error;

use times::{Moment, Shown};

/// No clock was ever put forward by more: Samoa left out a day.
const JUMP: SignedDuration = SignedDuration::from_hours(25);

/// A cron line in a time zone.
///
/// The five fields and their meaning are those of Vixie cron, read by `croner`. Where clocks jump
/// forward, a line of fixed times is due right after the gap for what falls into it; where they go
/// back, it is due once, at the first of the two. A line whose minute or hour begins with `*` follows
/// the clock on the wall: what it leaves out is not due, what it shows twice is due twice. README.md
/// has a table of what that comes to.
#[derive(Debug, Clone)]
pub struct Cron {
    line: String,
    zone: TimeZone,
    pattern: croner::Cron,
    /// Whether neither minute nor hour begins with `*`.
    fixed: bool,
}

/// Why there is no such schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
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
        let known = TimeZone::get(zone).ok();
        let named = known.filter(|zone| zone.iana_name().is_some());
        let zone = named.ok_or_else(|| CronError::Zone {
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
        let mut shown = self.shown(after).checked_sub(JUMP).ok();
        std::iter::from_fn(move || {
            if !self.fixed {
                let next = self.pattern.find_next_occurrence(&self.moment(last), false);
                last = next.ok()?.0.timestamp();
                return Some(last);
            }
            loop {
                // A line without any further time (the 30th of February) has no next one.
                let next = self.pattern.find_next_occurrence(&Shown(shown?), false);
                let next = next.ok()?.0;
                shown = Some(next);
                let tick = self.first_at(next)?;
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
            let found = self
                .pattern
                .find_previous_occurrence(&self.moment(at), true);
            return Some(found.ok()?.0.timestamp());
        }
        let mut shown = Shown(self.shown(at).checked_add(JUMP).ok()?);
        loop {
            shown = self.pattern.find_previous_occurrence(&shown, false).ok()?;
            let tick = self.first_at(shown.0)?;
            if tick <= at {
                return Some(tick);
            }
        }
    }

    /// The first moment at which the clock of the place shows a time; where it shows it never, the
    /// one at which it jumps over it.
    fn first_at(&self, shown: DateTime) -> Option<Timestamp> {
        let found = self.zone.to_ambiguous_timestamp(shown);
        let jumps = matches!(found.offset(), AmbiguousOffset::Gap { .. });
        let earlier = found.earlier().ok()?;
        if !jumps {
            return Some(earlier);
        }
        // Reckoned by the clock after the jump, the time lies before it.
        let jump = self.zone.following(earlier).next()?;
        Some(jump.timestamp())
    }

    /// What the clock of the place shows.
    fn shown(&self, at: Timestamp) -> DateTime {
        self.moment(at).0.datetime()
    }

    /// The day on the calendar of the place.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Date {
        self.shown(at).date()
    }

    /// Whether it has no more than one time on a day of the calendar of the place.
    pub(crate) fn comes_once(&self, day: Date) -> bool {
        // No place is further from UTC than this.
        let from = day.to_zoned_datetime(TimeZone::UTC);
        let from = from.map(|day| day.timestamp() - 15.hours());
        let Ok(from) = from else { return true };
        let times = self.ticks(from, from + 54.hours());
        times.filter(|tick| self.day(*tick) == day).nth(1).is_none()
    }

    /// The second of a moment, in the place.
    fn moment(&self, at: Timestamp) -> Moment {
        let second = Timestamp::from_second(at.as_millisecond().div_euclid(1000));
        Moment(second.unwrap_or(at).to_zoned_datetime(self.zone.clone()))
    }

    fn place(&self) -> &str {
        self.zone.iana_name().unwrap_or_default()
    }
}

/// The line and the zone make the schedule.
impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line && self.place() == other.place()
    }
}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.line, self.place())
    }
}

#[cfg(test)]
mod tests;
